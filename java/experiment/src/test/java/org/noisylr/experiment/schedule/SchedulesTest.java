package org.noisylr.experiment.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.noisylr.schedule.Constant;
import org.noisylr.schedule.CosineRestarts;
import org.noisylr.schedule.Cyclic;
import org.noisylr.schedule.ExponentialDecay;
import org.noisylr.schedule.Milestone;
import org.noisylr.schedule.Schedule;
import org.noisylr.schedule.StepDecay;
import org.noisylr.train.run.RunFormat;

class SchedulesTest {
  private static final List<Milestone> MILESTONES =
      Milestone.parse("milestones", "80:0.1,120:0.1,160:0.1,180:0.5");

  @Test
  void everyNamedScheduleHasARule() {
    assertThat(Schedules.RULES.stream().<Class<?>>map(Schedules.Rule::type))
        .containsExactlyInAnyOrderElementsOf(RunFormat.schedules().values());
  }

  @Test
  void milestonesScaleWithTheLengthOfTheRun() {
    assertThat(Schedules.stretched(new StepDecay(0.1, MILESTONES), 0.05, 0.01))
        .isEqualTo(new StepDecay(0.1, Milestone.parse("milestones", "4:0.1,6:0.1,8:0.1,9:0.5")));
  }

  @Test
  void milestonesAtTheSameEpochBecomeOne() {
    StepDecay shortened = (StepDecay) Schedules.stretched(new StepDecay(0.1, MILESTONES), 0.01, 1);
    assertThat(shortened.milestones().stream().map(Milestone::epoch)).containsExactly(1L, 2L);
    assertThat(shortened.milestones().get(0).factor()).isCloseTo(0.01, within(1e-15));
    assertThat(shortened.milestones().get(1).factor()).isCloseTo(0.05, within(1e-15));
  }

  @Test
  void cyclesShrinkAndExponentialDecayFallsAsFar() {
    assertThat(Schedules.stretched(new Cyclic(0.1, 0.3, 16, List.of()), 0.05, 1))
        .isEqualTo(new Cyclic(0.1, 0.3, 0.8, List.of()));
    assertThat(Schedules.stretched(new CosineRestarts(0.1, 0, 10, 2), 0.05, 1))
        .isEqualTo(new CosineRestarts(0.1, 0, 0.5, 2));
    Schedule full = new ExponentialDecay(0.1, 0.96, 600);
    // 200 epochs of 391 steps, and 10 epochs of 79.
    Schedule tiny = Schedules.stretched(full, 0.05, 790.0 / 78_200);
    assertThat(tiny.lr(790, 79)).isCloseTo(full.lr(78_200, 391), within(1e-15));
    assertThat(Schedules.stretched(new Constant(0.01), 0.05, 1)).isEqualTo(new Constant(0.01));
  }

  @Test
  void schedulesAreDescribedInWords() {
    assertThat(Schedules.describe(new Constant(0.01))).isEqualTo("constant 0.01");
    assertThat(Schedules.describe(new StepDecay(0.1, MILESTONES)))
        .isEqualTo(
            "step decay from 0.1, times 0.1 after epoch 80, 120, 160; times 0.5 after epoch 180");
    assertThat(Schedules.describe(new ExponentialDecay(0.1, 0.96, 600)))
        .isEqualTo("exponential decay from 0.1, times 0.96 every 600 steps");
    assertThat(Schedules.describe(new Cyclic(0.1, 0.3, 16, List.of())))
        .isEqualTo("triangular cycles of 16 epochs between 0.1 and 0.3");
  }

  @Test
  void composedSchedulesAreStretchedAndDescribed() {
    Schedule schedule = Schedule.cosine(0.1, 0, 90).warmup(10).then(80, Schedule.constant(0.01));
    assertThat(Schedules.stretched(schedule, 0.5, 0.25))
        .isEqualTo(Schedule.cosine(0.1, 0, 45).warmup(5).then(40, Schedule.constant(0.01)));
    assertThat(Schedules.describe(schedule))
        .isEqualTo(
            "warm-up over 10 epochs, then cosine from 0.1 to 0 over 90 epochs; after epoch 80,"
                + " constant 0.01");
  }

  @Test
  void schedulesOfAWholeRunAreStretchedAndDescribed() {
    assertThat(Schedules.stretched(Schedule.polynomial(0.1, 0, 90, 0.9), 0.5, 1))
        .isEqualTo(Schedule.polynomial(0.1, 0, 45, 0.9));
    assertThat(Schedules.stretched(Schedule.oneCycle(0.1, 90), 0.5, 1))
        .isEqualTo(Schedule.oneCycle(0.1, 45));
    assertThat(Schedules.stretched(Schedule.inverseSquareRoot(0.1, 8), 0.5, 1))
        .isEqualTo(Schedule.inverseSquareRoot(0.1, 4));
    assertThat(Schedules.stretched(Schedule.warmupStableDecay(0.1, 0, 90, 8, 20), 0.5, 1))
        .isEqualTo(Schedule.warmupStableDecay(0.1, 0, 45, 4, 10));
    assertThat(Schedules.describe(Schedule.warmupStableDecay(0.1, 0, 90, 8, 20)))
        .isEqualTo(
            "rise to 0.1 over 8 epochs, constant, then fall to 0 over the last 20 of 90 epochs");
  }

  @Test
  void aLambdaIsRejected() {
    assertThatThrownBy(() -> Schedules.stretched((step, stepsPerEpoch) -> 0.1, 0.5, 0.5))
        .hasMessageStartingWith(
            "schedule must be a named one, such as a step decay, but is a SchedulesTest$$Lambda");
  }
}
