package org.noisylr.launcher;

import static java.util.stream.Collectors.joining;

import java.io.PrintWriter;
import java.lang.reflect.RecordComponent;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.noisylr.check.Check;
import org.noisylr.check.InputException;
import org.noisylr.schedule.Constant;
import org.noisylr.schedule.Cosine;
import org.noisylr.schedule.CosineRestarts;
import org.noisylr.schedule.Cyclic;
import org.noisylr.schedule.ExponentialDecay;
import org.noisylr.schedule.InverseSquareRoot;
import org.noisylr.schedule.Milestone;
import org.noisylr.schedule.OneCycle;
import org.noisylr.schedule.Polynomial;
import org.noisylr.schedule.Schedule;
import org.noisylr.schedule.StepDecay;
import org.noisylr.schedule.WarmupStableDecay;
import org.noisylr.train.run.RunFormat;
import picocli.CommandLine.Option;

/** The options for a base schedule. */
final class ScheduleOptions extends OptionGroup {
  enum Kind {
    CONST,
    STEP("--milestones"),
    EXP("--decay-rate", "--decay-steps"),
    CLR("--milestones", "--peak-lr", "--cycle-epochs"),
    WR("--restart-epochs", "--restart-mult", "--final-lr"),
    COSINE("--final-lr"),
    POLY("--final-lr", "--power"),
    ONE_CYCLE("--peak-lr", "--final-lr", "--rise-fraction"),
    INVERSE_SQRT,
    WSD("--final-lr", "--decay-epochs");

    private final List<String> options;

    Kind(String... options) {
      this.options = List.of(options);
    }

    /** Returns, for each option, the kinds that use it. */
    private static Map<String, EnumSet<Kind>> byOption() {
      Map<String, EnumSet<Kind>> kinds = new HashMap<>();
      for (Kind kind : values()) {
        for (String option : kind.options) {
          kinds.computeIfAbsent(option, each -> EnumSet.noneOf(Kind.class)).add(kind);
        }
      }
      return kinds;
    }
  }

  static final Map<String, String> OPTION_OF_FIELD =
      Map.ofEntries(
          Map.entry("lr", "--lr"),
          Map.entry("lowLr", "--lr"),
          Map.entry("peakLr", "--peak-lr"),
          Map.entry("milestones", "--milestones"),
          Map.entry("cycleEpochs", "--cycle-epochs"),
          Map.entry("rate", "--decay-rate"),
          Map.entry("steps", "--decay-steps"),
          Map.entry("finalLr", "--final-lr"),
          Map.entry("firstCycleEpochs", "--restart-epochs"),
          Map.entry("multiplier", "--restart-mult"),
          Map.entry("power", "--power"),
          Map.entry("riseFraction", "--rise-fraction"),
          Map.entry("epochs", "--epochs"),
          Map.entry("warmupEpochs", "--warmup-epochs"),
          Map.entry("decayEpochs", "--decay-epochs"));

  @Option(names = "--schedule", paramLabel = "KIND", defaultValue = "const")
  private Kind kind;

  @Option(names = "--lr", paramLabel = "X")
  private Double lr;

  @Option(names = "--milestones", paramLabel = "E:F,...")
  private String milestones;

  @Option(names = "--decay-rate", paramLabel = "R", defaultValue = "0.96")
  private double decayRate;

  @Option(names = "--decay-steps", paramLabel = "T", defaultValue = "600")
  private double decaySteps;

  @Option(names = "--peak-lr", paramLabel = "X", defaultValue = "0.3")
  private double peakLr;

  @Option(names = "--cycle-epochs", paramLabel = "E", defaultValue = "16")
  private double cycleEpochs;

  @Option(names = "--restart-epochs", paramLabel = "E", defaultValue = "10")
  private double restartEpochs;

  @Option(names = "--restart-mult", paramLabel = "M", defaultValue = "2")
  private double restartMult;

  @Option(names = "--final-lr", paramLabel = "X", defaultValue = "0")
  private double finalLr;

  @Option(names = "--power", paramLabel = "P", defaultValue = "1")
  private double power;

  @Option(names = "--rise-fraction", paramLabel = "F", defaultValue = "0.3")
  private double riseFraction;

  @Option(names = "--decay-epochs", paramLabel = "E")
  private Double decayEpochs;

  @Option(names = "--warmup-epochs", paramLabel = "E", defaultValue = "0")
  private double warmupEpochs;

  /** Returns the options that only some kinds of schedules use. */
  static Set<String> ofKinds() {
    return Kind.byOption().keySet();
  }

  /**
   * Returns the schedule. Warns about milestones after the last epoch.
   *
   * @throws InputException if a value is invalid, or an option has no effect
   */
  Schedule schedule(long epochs, PrintWriter err) {
    Options.require(command(), "--lr");
    Options.requireChoice(command(), "--schedule", kind, Kind.byOption());
    List<Milestone> steps =
        milestones == null ? List.of() : Milestone.parse("--milestones", milestones);
    if (kind == Kind.STEP && steps.isEmpty()) {
      throw new InputException(
          "--schedule step requires --milestones, 80:0.1,120:0.1 for instance");
    }
    if (kind == Kind.WSD && decayEpochs == null) {
      throw new InputException("--schedule wsd requires --decay-epochs");
    }
    Check.nonNegative("--warmup-epochs", warmupEpochs);
    if (warmupEpochs >= epochs) {
      throw Check.invalid("--warmup-epochs", warmupEpochs, "less than --epochs, " + epochs);
    }
    Schedule schedule = Options.named(OPTION_OF_FIELD, () -> schedule(epochs, steps));
    steps.stream()
        .filter(milestone -> milestone.epoch() + warmupEpochs >= epochs)
        .findFirst()
        .ifPresent(
            milestone ->
                err.printf(
                    "noisylr: warning: --milestones changes the rate after %d epochs, but the run has"
                        + " %d%n",
                    milestone.epoch(), epochs));
    return schedule;
  }

  private Schedule schedule(double epochs, List<Milestone> steps) {
    double length = epochs - warmupEpochs;
    Schedule schedule =
        switch (kind) {
          case CONST -> new Constant(lr);
          case STEP -> new StepDecay(lr, steps);
          case EXP -> new ExponentialDecay(lr, decayRate, decaySteps);
          case CLR -> new Cyclic(lr, peakLr, cycleEpochs, steps);
          case WR -> new CosineRestarts(lr, finalLr, restartEpochs, restartMult);
          case COSINE -> new Cosine(lr, finalLr, length);
          case POLY -> new Polynomial(lr, finalLr, length, power);
          case ONE_CYCLE -> new OneCycle(lr, peakLr, finalLr, length, riseFraction);
          case INVERSE_SQRT -> new InverseSquareRoot(lr, warmupEpochs);
          case WSD -> new WarmupStableDecay(lr, finalLr, epochs, warmupEpochs, decayEpochs);
        };
    boolean warmsUp = kind == Kind.INVERSE_SQRT || kind == Kind.WSD;
    return warmupEpochs > 0 && !warmsUp ? schedule.warmup(warmupEpochs) : schedule;
  }

  /**
   * Returns the options that make a schedule, by their names; empty if there are none.
   *
   * @param length the epochs that the schedule is for
   * @throws InputException if it lasts for another number of epochs
   */
  static Optional<Map<String, String>> describe(Schedule schedule, double length) {
    return RunFormat.schedules().entrySet().stream()
        .filter(type -> type.getValue() == schedule.getClass())
        .map(Map.Entry::getKey)
        .filter(type -> Stream.of(Kind.values()).map(Choice::word).anyMatch(type::equals))
        .findAny()
        .map(type -> describe(type, schedule, length));
  }

  private static Map<String, String> describe(String type, Schedule schedule, double length) {
    Map<String, String> options = new LinkedHashMap<>();
    options.put("--schedule", type);
    for (RecordComponent field : schedule.getClass().getRecordComponents()) {
      Object value = value(schedule, field);
      if (field.getName().equals("epochs")) {
        checkLength((double) value, length);
      } else if (!value.equals(List.of())) {
        options.put(Objects.requireNonNull(OPTION_OF_FIELD.get(field.getName())), text(value));
      }
    }
    return options;
  }

  private static Object value(Schedule schedule, RecordComponent field) {
    try {
      return field.getAccessor().invoke(schedule);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Returns a value as its option has it. */
  private static String text(Object value) {
    if (value instanceof List<?> milestones) {
      return milestones.stream().map(ScheduleOptions::text).collect(joining(","));
    }
    return value instanceof Milestone m ? m.epoch() + ":" + m.factor() : value.toString();
  }

  private static void checkLength(double epochs, double length) {
    if (epochs != length) {
      throw Check.invalid("schedule.epochs", epochs, "%s, to its end".formatted(length));
    }
  }
}
