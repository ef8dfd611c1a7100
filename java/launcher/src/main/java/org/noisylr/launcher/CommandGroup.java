package org.noisylr.launcher;

import static java.util.stream.Collectors.joining;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** A command that only has subcommands. */
abstract class CommandGroup implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(),
        spec.subcommands().values().stream()
            .map(command -> command.getCommandSpec())
            .filter(command -> !command.usageMessage().hidden())
            .map(CommandSpec::name)
            .collect(joining(", ", "a subcommand is required: ", "")));
  }
}
