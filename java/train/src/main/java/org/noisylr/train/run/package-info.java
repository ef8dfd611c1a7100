/**
 * Runs: their configuration, their folder and its files, and models that were trained.
 *
 * <pre>{@code
 * RunConfig config = RunDirectory.readConfigFile(Path.of("runs/rn/config.yaml"));
 * Dataset data = Datasets.open(config.data());
 * Run run = Run.execute(config, data, Path.of("runs/again"), true, List.of(), new StopSignal());
 * try (TrainedModel model = RunDirectory.openBest(Path.of("runs/again"), new Device("cpu"))) {
 *   System.out.println(run.result() + ", " + model.info());
 * }
 * }</pre>
 *
 * <p>The files of a run: see the README of {@code java/train}.
 */
package org.noisylr.train.run;
