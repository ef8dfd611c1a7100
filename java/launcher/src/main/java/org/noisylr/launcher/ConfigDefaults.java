package org.noisylr.launcher;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.noisylr.check.Check;
import org.noisylr.check.InputException;
import org.noisylr.noise.Distribution;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.schedule.Schedule;
import org.noisylr.schedule.Warmup;
import org.noisylr.train.data.Augmentation;
import org.noisylr.train.data.NamedAugmentation;
import org.noisylr.train.loop.OptimizerSpec;
import org.noisylr.train.loop.TrainingConfig;
import org.noisylr.train.loop.UpdateOptions;
import org.noisylr.train.run.Cpu;
import org.noisylr.train.run.ModelSpec;
import org.noisylr.train.run.RunConfig;
import picocli.CommandLine;
import picocli.CommandLine.IDefaultValueProvider;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * The configuration of a run as defaults of the options of {@code train}: what the command line
 * does not say. An option that chooses a kind, such as {@code --schedule}, drops the defaults of
 * the options that belong to the configuration's kind.
 */
final class ConfigDefaults implements IDefaultValueProvider {
  private static final String EPOCHS = "--epochs";
  private static final String BETA = "--beta";

  /** The options whose defaults another option drops. */
  private static final Map<String, Collection<String>> DEPENDENT =
      Map.of(
          "--data", List.of("--subset", "--test-subset", "--resize", "--augment"),
          "--model", List.of("--backbone"),
          "--optimizer",
              List.of(
                  "--momentum",
                  "--nesterov",
                  "--momentum-form",
                  "--weight-decay",
                  "--optimizer-impl"),
          "--schedule", ScheduleOptions.ofKinds(),
          "--noise", NoiseOptions.ofKinds(),
          "--alpha", List.of("--low", "--high"));

  private final Map<String, String> values = new LinkedHashMap<>();
  private final ModelSpec model;

  /**
   * @param model the configuration's model; a file may be in another place
   * @throws InputException if the configuration has a setting that no option describes
   */
  ConfigDefaults(RunConfig config, ModelSpec model) {
    this.model = model;
    put("--data", config.data());
    put("--resize", config.resize());
    put("--subset", config.subset());
    put("--test-subset", config.testSubset());
    put("--backbone", config.backbone());
    put("--device", config.device());
    if (config.threads() <= Cpu.processors()) {
      put("--threads", config.threads());
    }
    put("--processes", config.processes());
    put("--capture", config.capture());
    put("--validation", config.selection().validation());
    put("--early-stop", config.selection().earlyStop());
    TrainingConfig training = config.training();
    put(EPOCHS, training.epochs());
    put("--batch-size", training.batchSize());
    put("--augment", Choice.word(augment(training.augmentation())));
    put("--precision", Choice.word(training.precision()));
    put("--seed", training.seed());
    put(training.optimizer());
    put(training.update());
    put(training.schedule(), training.epochs());
    put(training.noise(), training.epochs());
    if (training.noise().seed() != training.seed() && !isNone(training.noise())) {
      throw Check.invalid(
          "noise.seed", training.noise().seed(), "seed, %d".formatted(training.seed()));
    }
  }

  /** Returns the model in the defaults of a command; null if there is none. */
  static ModelSpec model(CommandSpec command) {
    return command.defaultValueProvider() instanceof ConfigDefaults defaults
        ? defaults.model
        : null;
  }

  private static boolean isNone(NoiseSpec noise) {
    return noise.distribution() instanceof Distribution.None;
  }

  /**
   * Executes the same command line again with these defaults.
   *
   * @param resumes whether all options must be those of the configuration
   */
  int execute(CommandLine command, boolean resumes) {
    for (OptionSpec given : command.getParseResult().matchedOptions()) {
      // A flag that is given over a default of true would be false.
      values.remove(given.longestName());
      if (!resumes) {
        DEPENDENT.getOrDefault(given.longestName(), List.of()).forEach(values::remove);
      }
    }
    CommandLine root = command.getParent();
    CommandLine again = Noisylr.commandLine().setOut(root.getOut()).setErr(root.getErr());
    again.getSubcommands().get(command.getCommandName()).setDefaultValueProvider(this);
    return again.execute(root.getParseResult().originalArgs().toArray(String[]::new));
  }

  /**
   * Checks that a run with more epochs has the options of the shorter run otherwise.
   *
   * @throws InputException if it has not
   */
  static void checkExtension(RunConfig shorter, RunConfig longer) {
    Map<String, String> before = new ConfigDefaults(shorter, shorter.model()).values;
    Map<String, String> after = new ConfigDefaults(longer, longer.model()).values;
    int epochs = shorter.training().epochs();
    if (NoiseSpec.firstNoisyEpoch(Double.parseDouble(after.getOrDefault(BETA, "0")), epochs)
        == NoiseSpec.firstNoisyEpoch(Double.parseDouble(before.getOrDefault(BETA, "0")), epochs)) {
      after.remove(BETA);
      before.remove(BETA);
    }
    Stream.concat(before.keySet().stream(), after.keySet().stream())
        .filter(option -> !List.of(EPOCHS, "--processes", "--data").contains(option))
        .filter(option -> !Objects.equals(before.get(option), after.get(option)))
        .findFirst()
        .ifPresent(
            option -> {
              throw new InputException(
                  "%s must be that of the run to extend, %s, but is %s"
                      .formatted(
                          option,
                          before.getOrDefault(option, "unset"),
                          after.getOrDefault(option, "unset")));
            });
  }

  @Override
  public String defaultValue(ArgSpec argument) {
    return argument instanceof OptionSpec option ? values.get(option.longestName()) : null;
  }

  private void put(String option, Object value) {
    if (value != null) {
      values.put(option, value.toString());
    }
  }

  private void put(OptimizerSpec optimizer) {
    put("--optimizer", Choice.word(optimizer.kind()));
    put("--momentum", optimizer.momentum());
    put("--nesterov", optimizer.nesterov());
    put("--momentum-form", Choice.word(optimizer.momentumForm()));
    put("--weight-decay", optimizer.weightDecay());
    put("--optimizer-impl", Choice.word(optimizer.implementation()));
  }

  private void put(UpdateOptions update) {
    put("--accumulate", update.accumulate());
    put("--clip-norm", update.clipNorm());
    put("--label-smoothing", update.labelSmoothing());
    put("--ema", update.ema());
  }

  /**
   * @param length the epochs that the schedule is for
   */
  private void put(Schedule schedule, double length) {
    if (schedule instanceof Warmup s) {
      put("--warmup-epochs", s.epochs());
      put(s.schedule(), length - s.epochs());
    } else {
      values.putAll(
          ScheduleOptions.describe(schedule, length)
              .orElseThrow(() -> unknown("schedule", schedule.toString())));
    }
  }

  private void put(NoiseSpec noise, int epochs) {
    if (noise.distribution() instanceof Distribution.Uniform uniform) {
      put("--noise", "uniform");
      if (uniform.low() == 0) {
        put("--alpha", uniform.high());
      } else {
        put("--low", uniform.low());
        put("--high", uniform.high());
      }
    } else if (noise.distribution() instanceof Distribution.LogUniform logUniform) {
      put("--noise", "log-uniform");
      put("--low", logUniform.low());
      put("--high", logUniform.high());
    } else if (noise.distribution() instanceof Distribution.Gaussian gaussian) {
      put("--noise", "gaussian");
      put("--mean", gaussian.mean());
      put("--std", gaussian.std());
    } else {
      return;
    }
    put(BETA, (double) Math.max(0, epochs - noise.firstEpoch()) / epochs);
    put("--noise-min-lr", noise.minLr());
    put("--noise-max-lr", noise.maxLr());
    put("--noise-per", Choice.word(noise.draw()));
    put("--noise-groups", Choice.word(noise.groups()));
  }

  private static NamedAugmentation augment(Augmentation augmentation) {
    return NamedAugmentation.named(augmentation)
        .orElseThrow(() -> unknown("augmentation", augmentation.toString()));
  }

  private static InputException unknown(String field, String value) {
    return new InputException(
        "the configuration has a %s that no option describes: %s".formatted(field, value));
  }
}
