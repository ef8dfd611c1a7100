/**
 * Learning-rate noise as a pure function of (seed, epoch, step, group), after the paper on random
 * learning rates (IJCAI 2019). A {@link org.noisylr.noise.NoiseSpec} specifies when and how factors
 * are drawn and from which {@link org.noisylr.noise.Distribution}. Nothing in this package holds
 * state.
 */
package org.noisylr.noise;
