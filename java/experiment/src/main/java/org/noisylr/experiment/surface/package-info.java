/**
 * The paper's figure 3 and figure 1 of its supplement: paths of optimizers over functions of two
 * variables ({@link org.noisylr.experiment.surface.Surface}), without and with noise.
 */
package org.noisylr.experiment.surface;
