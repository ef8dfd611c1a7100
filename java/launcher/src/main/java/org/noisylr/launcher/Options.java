package org.noisylr.launcher;

import java.util.Map;
import java.util.function.Supplier;
import org.noisylr.check.InputException;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;

/** Rules for options beyond what each alone may be. */
final class Options {
  private Options() {}

  static boolean isGiven(CommandSpec command, String option) {
    return command.commandLine().getParseResult().hasMatchedOption(option);
  }

  /** Refuses a command line that lacks an option which only some uses of the command need. */
  static void need(CommandSpec command, String option) {
    if (!isGiven(command, option)) {
      OptionSpec spec = command.findOption(option);
      throw new ParameterException(
          command.commandLine(),
          "Missing required option: '%s=%s'".formatted(option, spec.paramLabel()));
    }
  }

  /**
   * Refuses options that would have no effect.
   *
   * @param with the choice that gives them one, {@code --noise uniform}
   * @param chosen what is chosen, {@code none}
   * @param hasEffect whether this gives them one
   */
  static void goWith(
      CommandSpec command, String with, Enum<?> chosen, boolean hasEffect, String... options) {
    for (String option : options) {
      if (!hasEffect && isGiven(command, option)) {
        throw new InputException(
            "%s goes with %s, but %s is %s"
                .formatted(option, with, with.split(" ")[0], Choice.word(chosen)));
      }
    }
  }

  /** Makes a value; an error about one of its fields names the option of that field instead. */
  static <T> T named(Map<String, String> optionOfField, Supplier<T> value) {
    try {
      return value.get();
    } catch (InputException e) {
      for (Map.Entry<String, String> field : optionOfField.entrySet()) {
        if (e.getMessage().startsWith(field.getKey() + " must be ")) {
          throw new InputException(
              field.getValue() + e.getMessage().substring(field.getKey().length()), e);
        }
      }
      throw e;
    }
  }
}
