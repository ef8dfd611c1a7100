/**
 * The training loop: a {@link org.noisylr.train.loop.Trainer} trains a model epoch by epoch as a
 * {@link org.noisylr.train.loop.TrainingConfig} says, and tells {@link
 * org.noisylr.train.loop.TrainingListener listeners}.
 */
package org.noisylr.train.loop;
