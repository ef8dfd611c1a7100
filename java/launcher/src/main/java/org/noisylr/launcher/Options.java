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
   * @param choice the option that gives them one, {@code --noise}
   * @param values with which it does, {@code uniform}
   * @param chosen its value
   * @param hasEffect whether this is one of them
   */
  static void goWith(
      CommandSpec command,
      String choice,
      String values,
      Enum<?> chosen,
      boolean hasEffect,
      String... options) {
    for (String option : options) {
      if (!hasEffect && isGiven(command, option)) {
        throw new InputException(
            "%s goes with %s %s, but %s is %s"
                .formatted(option, choice, values, choice, Choice.word(chosen)));
      }
    }
  }

  /** {@code there are 20 epochs}, for what never comes to act in them. */
  static String thereAre(long epochs) {
    return epochs == 1 ? "there is 1 epoch" : "there are %d epochs".formatted(epochs);
  }

  /** Runs a check; an error about a field names the option of that field instead. */
  static void named(Map<String, String> optionOfField, Runnable check) {
    named(
        optionOfField,
        () -> {
          check.run();
          return null;
        });
  }

  /** Makes a value; an error about one of its fields names the option of that field instead. */
  static <T> T named(Map<String, String> optionOfField, Supplier<T> value) {
    try {
      return value.get();
    } catch (InputException e) {
      throw e.named(optionOfField);
    }
  }
}
