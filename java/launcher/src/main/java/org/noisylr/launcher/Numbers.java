package org.noisylr.launcher;

import java.util.function.Function;
import picocli.CommandLine;
import picocli.CommandLine.TypeConversionException;

/** Reads options that are numbers, and says what is allowed where one is not. */
final class Numbers {
  private Numbers() {}

  /** Teaches {@code commandLine} and its subcommands. */
  static void register(CommandLine commandLine) {
    String ints = "an integer in [%d, %d]".formatted(Integer.MIN_VALUE, Integer.MAX_VALUE);
    register(commandLine, Integer.class, Integer::valueOf, ints);
    register(commandLine, int.class, Integer::valueOf, ints);
    String longs = "an integer in [%d, %d]".formatted(Long.MIN_VALUE, Long.MAX_VALUE);
    register(commandLine, long.class, Long::valueOf, longs);
    register(commandLine, Double.class, Double::valueOf, "a number");
    register(commandLine, double.class, Double::valueOf, "a number");
  }

  private static <N> void register(
      CommandLine commandLine, Class<N> type, Function<String, N> parser, String allowed) {
    commandLine.registerConverter(
        type,
        text -> {
          try {
            return parser.apply(text);
          } catch (NumberFormatException e) {
            throw new TypeConversionException("must be %s, but is %s".formatted(allowed, text));
          }
        });
  }
}
