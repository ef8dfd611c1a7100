package org.noisylr.launcher;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;

/** Options that are needed in some uses of a command, and not in others. */
final class Needed {
  private Needed() {}

  /** Refuses a command line that lacks the option. */
  static void check(CommandSpec command, String option) {
    if (!command.commandLine().getParseResult().hasMatchedOption(option)) {
      OptionSpec spec = command.findOption(option);
      throw new ParameterException(
          command.commandLine(),
          "Missing required option: '%s=%s'".formatted(option, spec.paramLabel()));
    }
  }
}
