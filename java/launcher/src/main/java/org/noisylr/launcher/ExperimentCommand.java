package org.noisylr.launcher;

import picocli.CommandLine.Command;

/** The paper's experiments. */
@Command(
    name = "experiment",
    subcommands = {
      ExperimentListCommand.class,
      ExperimentShowCommand.class,
      ExperimentRunCommand.class,
      ExperimentReportCommand.class,
      ExperimentWorkerCommand.class
    })
final class ExperimentCommand extends CommandGroup {}
