package org.noisylr.launcher;

import static java.util.stream.Collectors.joining;

import java.util.Arrays;
import java.util.Collection;
import java.util.Locale;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.TypeConversionException;

/** Options with one of several words as their value, such as {@code crop-mirror}. */
final class Choice {
  private Choice() {}

  /** Registers converters for enum options. */
  static void register(CommandLine command) {
    for (OptionSpec option : command.getCommandSpec().options()) {
      if (option.type().isEnum()) {
        register(command, option.type());
      }
    }
    command.getSubcommands().values().forEach(Choice::register);
  }

  private static <E> void register(CommandLine command, Class<E> type) {
    command.registerConverter(type, text -> read(Arrays.asList(type.getEnumConstants()), text));
  }

  private static <E> E read(Collection<E> choices, String text) {
    return choices.stream()
        .filter(value -> word(value).equals(text))
        .findFirst()
        .orElseThrow(
            () ->
                new TypeConversionException(
                    "must be one of {%s}, but is %s".formatted(words(choices, ", "), text)));
  }

  static String word(Object choice) {
    return ((Enum<?>) choice).name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  static String words(Collection<?> choices, String separator) {
    return choices.stream().map(Choice::word).collect(joining(separator));
  }
}
