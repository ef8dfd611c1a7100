/**
 * Experiments: the paper's tables and figures, and the quickstart.
 *
 * <p>A {@link org.noisylr.experiment.table.Table} states cells and the paper's numbers. A {@link
 * org.noisylr.experiment.plan.Planner} turns cells into runs at a {@link
 * org.noisylr.experiment.plan.Scale}. A {@link org.noisylr.experiment.job.JobRunner} trains them
 * into a {@link org.noisylr.experiment.store.RunStore}. {@code report}, {@code chart}, {@code
 * figure} and {@code surface} turn results into pages and pictures.
 */
package org.noisylr.experiment;
