package org.noisylr.launcher;

import java.io.PrintWriter;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import org.noisylr.check.InputException;
import org.noisylr.schedule.Constant;
import org.noisylr.schedule.CosineRestarts;
import org.noisylr.schedule.Cyclic;
import org.noisylr.schedule.ExponentialDecay;
import org.noisylr.schedule.Milestone;
import org.noisylr.schedule.Schedule;
import org.noisylr.schedule.StepDecay;
import picocli.CommandLine.Option;

/** The options for a base schedule. */
final class ScheduleOptions extends OptionGroup {
  enum Kind {
    CONST,
    STEP,
    EXP,
    CLR,
    WR
  }

  private static final Map<String, EnumSet<Kind>> KINDS =
      Map.of(
          "--milestones", EnumSet.of(Kind.STEP, Kind.CLR),
          "--decay-rate", EnumSet.of(Kind.EXP),
          "--decay-steps", EnumSet.of(Kind.EXP),
          "--peak-lr", EnumSet.of(Kind.CLR),
          "--cycle-epochs", EnumSet.of(Kind.CLR),
          "--restart-epochs", EnumSet.of(Kind.WR),
          "--restart-mult", EnumSet.of(Kind.WR),
          "--final-lr", EnumSet.of(Kind.WR));

  private static final Map<String, String> OPTION_OF_FIELD =
      Map.of(
          "lr", "--lr",
          "lowLr", "--lr",
          "peakLr", "--peak-lr",
          "cycleEpochs", "--cycle-epochs",
          "rate", "--decay-rate",
          "steps", "--decay-steps",
          "finalLr", "--final-lr",
          "firstCycleEpochs", "--restart-epochs",
          "multiplier", "--restart-mult");

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

  /**
   * Returns the schedule. Warns about milestones after the last epoch.
   *
   * @throws InputException if a value is invalid, or an option has no effect
   */
  Schedule schedule(long epochs, PrintWriter err) {
    Options.require(command(), "--lr");
    Options.requireChoice(command(), "--schedule", kind, KINDS);
    List<Milestone> steps =
        milestones == null ? List.of() : Milestone.parse("--milestones", milestones);
    if (kind == Kind.STEP && steps.isEmpty()) {
      throw new InputException(
          "--schedule step requires --milestones, 80:0.1,120:0.1 for instance");
    }
    Schedule schedule = Options.named(OPTION_OF_FIELD, () -> schedule(steps));
    steps.stream()
        .filter(milestone -> milestone.epoch() >= epochs)
        .findFirst()
        .ifPresent(
            milestone ->
                err.printf(
                    "noisylr: warning: --milestones has epoch %d, but the last epoch is %d (from"
                        + " 0)%n",
                    milestone.epoch(), epochs - 1));
    return schedule;
  }

  private Schedule schedule(List<Milestone> steps) {
    return switch (kind) {
      case CONST -> new Constant(lr);
      case STEP -> new StepDecay(lr, steps);
      case EXP -> new ExponentialDecay(lr, decayRate, decaySteps);
      case CLR -> new Cyclic(lr, peakLr, cycleEpochs, steps);
      case WR -> new CosineRestarts(lr, finalLr, restartEpochs, restartMult);
    };
  }
}
