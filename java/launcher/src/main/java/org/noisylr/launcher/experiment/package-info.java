/**
 * The paper's experiments: what its tables say ({@link org.noisylr.launcher.experiment.Table}),
 * what is run for them at a scale ({@link org.noisylr.launcher.experiment.Planner}), and where the
 * runs are kept ({@link org.noisylr.launcher.experiment.RunStore}).
 */
package org.noisylr.launcher.experiment;
