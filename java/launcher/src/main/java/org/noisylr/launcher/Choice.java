package org.noisylr.launcher;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import org.noisylr.experiment.plan.Scale;
import org.noisylr.torch.optim.Implementation;
import org.noisylr.train.loop.OptimizerSpec;
import org.noisylr.train.loop.Precision;
import org.noisylr.train.run.ModelName;
import picocli.CommandLine;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads an option that is one of a closed set of words, {@code crop-mirror} for instance. */
final class Choice<E extends Enum<E>> implements ITypeConverter<E> {
  private final Class<E> type;

  private Choice(Class<E> type) {
    this.type = type;
  }

  /** Teaches {@code commandLine} and its subcommands every closed set there is. */
  static void register(CommandLine commandLine) {
    register(commandLine, ScheduleOptions.Kind.class);
    register(commandLine, NoiseOptions.Kind.class);
    register(commandLine, NoiseOptions.Per.class);
    register(commandLine, NoiseOptions.Groups.class);
    register(commandLine, TrainCommand.Augment.class);
    register(commandLine, OptimizerSpec.Kind.class);
    register(commandLine, Implementation.class);
    register(commandLine, Precision.class);
    register(commandLine, ModelName.class);
    register(commandLine, Scale.class);
  }

  private static <E extends Enum<E>> void register(CommandLine commandLine, Class<E> type) {
    commandLine.registerConverter(type, new Choice<>(type));
  }

  static String word(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  @Override
  public E convert(String text) {
    return Arrays.stream(type.getEnumConstants())
        .filter(value -> word(value).equals(text))
        .findFirst()
        .orElseThrow(
            () ->
                new TypeConversionException(
                    Arrays.stream(type.getEnumConstants())
                        .map(Choice::word)
                        .collect(
                            Collectors.joining(", ", "must be one of {", "}, but is " + text))));
  }
}
