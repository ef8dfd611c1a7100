/**
 * Samples of scores, paired differences and shares, with confidence intervals.
 *
 * <pre>{@code
 * PairedDifference gain = PairedDifference.of(0.012, 0.004, 0.009); // noisy minus plain, by seed
 * System.out.println(gain.points() + ": " + gain.verdict());
 * }</pre>
 */
package org.noisylr.experiment.statistics;
