/**
 * Learning-rate noise as a pure function of (seed, epoch, step, group), after the paper on random
 * learning rates (IJCAI 2019). A {@link org.noisylr.noise.NoiseSpec} specifies when and how factors
 * are drawn and from which {@link org.noisylr.noise.Distribution}. Nothing in this package holds
 * state.
 *
 * <pre>{@code
 * NoiseSpec noise = NoiseSpec.uniform(8).lastFraction(0.6, 200).seed(42);
 * double factor = noise.factor(100, 0, 0); // in epoch 100, for the first parameter group
 * double rate = noise.realised(0.1, 100, 0, 0); // 0.1 * factor
 * }</pre>
 */
package org.noisylr.noise;
