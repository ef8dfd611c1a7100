package org.noisylr.launcher;

import java.io.PrintWriter;
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
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The options that describe a base schedule. */
final class ScheduleOptions {
  enum Kind {
    CONST,
    STEP,
    EXP,
    CLR,
    WR
  }

  /** By the names of the schedules' fields. */
  private static final Map<String, String> OPTIONS =
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

  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

  @Option(
      names = "--schedule",
      paramLabel = "KIND",
      defaultValue = "const",
      description = "const, step, exp, clr or wr; default ${DEFAULT-VALUE}.")
  private Kind kind;

  @Option(
      names = "--lr",
      paramLabel = "X",
      description = "Initial learning rate, needed; the low end for clr.")
  private Double lr;

  @Option(
      names = "--milestones",
      paramLabel = "E:F,...",
      description = "For step and clr: from epoch E on, multiply by F. Example: 80:0.1,120:0.1.")
  private String milestones;

  @Option(
      names = "--decay-rate",
      paramLabel = "R",
      defaultValue = "0.96",
      description = "For exp: lr * R^(k/T) at step k; default ${DEFAULT-VALUE}.")
  private double decayRate;

  @Option(
      names = "--decay-steps",
      paramLabel = "T",
      defaultValue = "600",
      description = "For exp: steps T of one decay; default ${DEFAULT-VALUE}.")
  private double decaySteps;

  @Option(
      names = "--peak-lr",
      paramLabel = "X",
      defaultValue = "0.3",
      description = "For clr: the high end; default ${DEFAULT-VALUE}.")
  private double peakLr;

  @Option(
      names = "--cycle-epochs",
      paramLabel = "E",
      defaultValue = "16",
      description = "For clr: epochs of a cycle; default ${DEFAULT-VALUE}.")
  private double cycleEpochs;

  @Option(
      names = "--restart-epochs",
      paramLabel = "E",
      defaultValue = "10",
      description = "For wr: epochs until the first restart; default ${DEFAULT-VALUE}.")
  private double restartEpochs;

  @Option(
      names = "--restart-mult",
      paramLabel = "M",
      defaultValue = "2",
      description = "For wr: each cycle is M times as long as the last; default ${DEFAULT-VALUE}.")
  private double restartMult;

  @Option(
      names = "--final-lr",
      paramLabel = "X",
      defaultValue = "0",
      description = "For wr: the low end; default ${DEFAULT-VALUE}.")
  private double finalLr;

  /** The schedule; an option that it has no use for is refused. */
  Schedule schedule() {
    Options.need(command, "--lr");
    List<Milestone> steps =
        milestones == null ? List.of() : Milestone.parse("--milestones", milestones);
    if (kind == Kind.STEP && steps.isEmpty()) {
      throw new InputException("--schedule step needs --milestones, 80:0.1,120:0.1 for instance");
    }
    Options.goWith(
        command,
        "--schedule",
        "step or clr",
        kind,
        kind == Kind.STEP || kind == Kind.CLR,
        "--milestones");
    Options.goWith(
        command, "--schedule", "exp", kind, kind == Kind.EXP, "--decay-rate", "--decay-steps");
    Options.goWith(
        command, "--schedule", "clr", kind, kind == Kind.CLR, "--peak-lr", "--cycle-epochs");
    Options.goWith(
        command,
        "--schedule",
        "wr",
        kind,
        kind == Kind.WR,
        "--restart-epochs",
        "--restart-mult",
        "--final-lr");
    return Options.named(OPTIONS, () -> schedule(steps));
  }

  /** Says so where a milestone is behind the last epoch. */
  void warn(long epochs, PrintWriter err) {
    if (milestones != null) {
      Milestone.parse("--milestones", milestones).stream()
          .filter(milestone -> milestone.epoch() >= epochs)
          .findFirst()
          .ifPresent(
              milestone ->
                  err.printf(
                      "noisylr: warning: the milestone at epoch %d (from 0) is never reached: %s%n",
                      milestone.epoch(), Options.thereAre(epochs)));
    }
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
