package org.noisylr.launcher;

import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.noisylr.check.InputException;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;

/** Rules that concern more than one option, or only some uses of a command. */
final class Options {
  private Options() {}

  static boolean isGiven(CommandSpec command, String option) {
    return command.commandLine().getParseResult().hasMatchedOption(option);
  }

  /** Rejects a missing option that this use requires. */
  static void require(CommandSpec command, String option) {
    if (command.findOption(option).getValue() == null) {
      throw new ParameterException(
          command.commandLine(),
          "Missing required option: '%s=%s'"
              .formatted(option, command.findOption(option).paramLabel()));
    }
  }

  /**
   * Rejects options that have no effect.
   *
   * @param choice the option that they depend on, {@code --noise}
   * @param chosen its value
   * @param choices for each option, the values of {@code choice} that give it an effect
   */
  static <E extends Enum<E>> void requireChoice(
      CommandSpec command, String choice, E chosen, Map<String, ? extends Set<E>> choices) {
    for (OptionSpec option : command.commandLine().getParseResult().matchedOptions()) {
      Set<E> allowed = choices.get(option.longestName());
      if (allowed != null && !allowed.contains(chosen)) {
        throw new InputException(
            "%s requires %s %s, but %s is %s"
                .formatted(
                    option.longestName(),
                    choice,
                    Choice.words(allowed, " or "),
                    choice,
                    Choice.word(chosen)));
      }
    }
  }

  /** Returns the absolute path of a file; null for null. */
  static String absolute(Path file) {
    return file == null ? null : file.toAbsolutePath().normalize().toString();
  }

  /** Runs a check. Its errors name options instead of fields. */
  static void named(Map<String, String> optionOfField, Runnable check) {
    named(
        optionOfField,
        () -> {
          check.run();
          return null;
        });
  }

  /** Creates a value. Its errors name options instead of fields. */
  static <T> T named(Map<String, String> optionOfField, Supplier<T> value) {
    try {
      return value.get();
    } catch (InputException e) {
      throw e.named(optionOfField);
    }
  }
}
