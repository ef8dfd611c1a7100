package org.noisylr.experiment.job;

import org.noisylr.train.run.RunConfig;

/**
 * A run to train.
 *
 * @param name its name on the console
 * @param key its key in the store
 * @param config what it trains, if it has not started yet
 */
public record Job(String name, String key, RunConfig config) {}
