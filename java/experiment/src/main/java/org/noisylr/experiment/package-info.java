/**
 * The paper's experiments: what its tables say ({@link org.noisylr.experiment.table.Table}), what
 * is run for them at a scale ({@link org.noisylr.experiment.plan.Planner}), and where the runs are
 * kept ({@link org.noisylr.experiment.store.RunStore}).
 */
package org.noisylr.experiment;
