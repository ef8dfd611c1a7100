/**
 * The paper's figure 3 and its supplement's figure 1: paths of optimizers over functions of two
 * variables ({@link org.noisylr.launcher.surface.Surface}), without and with noise.
 */
package org.noisylr.experiment.surface;
