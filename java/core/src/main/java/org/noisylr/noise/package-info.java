/**
 * Learning-rate noise as a pure function of (seed, epoch, step, group), after the paper on random
 * learning rates (IJCAI 2019). A {@link org.noisylr.noise.NoiseSpec} says when, how and from which
 * {@link org.noisylr.noise.Distribution} a factor is drawn; nothing here holds state.
 */
package org.noisylr.noise;
