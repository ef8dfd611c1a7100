/**
 * Losses and scores of epochs, and their CSV.
 *
 * <pre>{@code
 * List<EpochMetrics> epochs = MetricsCsv.parse(Files.readString(Path.of("runs/rn/metrics.csv")));
 * }</pre>
 */
package org.noisylr.train.metric;
