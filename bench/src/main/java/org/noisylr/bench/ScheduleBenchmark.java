package org.noisylr.bench;

import java.util.List;
import java.util.concurrent.TimeUnit;
import org.noisylr.schedule.Constant;
import org.noisylr.schedule.CosineRestarts;
import org.noisylr.schedule.Cyclic;
import org.noisylr.schedule.ExponentialDecay;
import org.noisylr.schedule.Milestone;
import org.noisylr.schedule.Schedule;
import org.noisylr.schedule.StepDecay;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** A schedule's learning rate at successive steps of 200 epochs of 391 steps. */
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@State(Scope.Benchmark)
public class ScheduleBenchmark extends ShortRuns {
  private static final long STEPS_PER_EPOCH = 391;
  private static final long STEPS = 200 * STEPS_PER_EPOCH;
  private static final List<Milestone> MILESTONES =
      Milestone.parse("milestones", "80:0.1,120:0.1,160:0.1,180:0.5");

  /** The schedules of the paper. */
  public enum Kind {
    CONST(new Constant(0.1)),
    STEP(new StepDecay(0.1, MILESTONES)),
    EXP(new ExponentialDecay(0.1, 0.96, 600)),
    CLR(new Cyclic(1e-4, 0.1, 10, MILESTONES)),
    WR(new CosineRestarts(0.1, 0, 10, 2));

    private final Schedule schedule;

    Kind(Schedule schedule) {
      this.schedule = schedule;
    }
  }

  @Param public Kind kind;

  private long step;

  @Benchmark
  public double lr() {
    step = (step + 1) % STEPS;
    return kind.schedule.lr(step, STEPS_PER_EPOCH);
  }
}
