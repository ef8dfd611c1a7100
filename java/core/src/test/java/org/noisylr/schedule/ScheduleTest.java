package org.noisylr.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.noisylr.check.Rejections.rejection;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class ScheduleTest {
  private static final Milestone[] PAPER = {
    new Milestone(80, 0.1),
    new Milestone(120, 0.1),
    new Milestone(160, 0.1),
    new Milestone(180, 0.5)
  };

  private static double[] rates(Schedule schedule, long stepsPerEpoch, int steps) {
    return LongStream.range(0, steps).mapToDouble(k -> schedule.lr(k, stepsPerEpoch)).toArray();
  }

  // Learning rates

  @Test
  void constant() {
    assertThat(rates(Schedule.constant(0.01), 2, 5)).containsOnly(0.01);
  }

  @Test
  void stepDecayChangesAtWholeEpochs() {
    Schedule schedule =
        Schedule.stepDecay(1, new Milestone(1, 0.5), new Milestone(3, 4), new Milestone(4, 0.25));
    assertThat(rates(schedule, 2, 12))
        .containsExactly(1, 1, 0.5, 0.5, 0.5, 0.5, 2, 2, 0.5, 0.5, 0.5, 0.5);
    assertThat(rates(Schedule.stepDecay(0.3), 2, 5)).containsOnly(0.3);
  }

  @Test
  void stepDecayOfThePaper() {
    Schedule schedule = Schedule.stepDecay(0.1, PAPER);
    long n = 391;
    assertThat(schedule.lr(80 * n - 1, n)).isEqualTo(0.1);
    assertThat(schedule.lr(80 * n, n)).isEqualTo(0.1 * 0.1);
    assertThat(schedule.lr(120 * n, n)).isEqualTo(0.1 * 0.1 * 0.1);
    assertThat(schedule.lr(160 * n, n)).isEqualTo(0.1 * 0.1 * 0.1 * 0.1);
    assertThat(schedule.lr(180 * n - 1, n)).isEqualTo(0.1 * 0.1 * 0.1 * 0.1);
    assertThat(schedule.lr(180 * n, n)).isEqualTo(0.1 * 0.1 * 0.1 * 0.1 * 0.5);
  }

  @Test
  void exponentialDecayChangesEveryStep() {
    assertThat(rates(Schedule.exponentialDecay(8, 0.25, 2), 7, 5)).containsExactly(8, 4, 2, 1, 0.5);
    assertThat(Schedule.exponentialDecay(0.1, 0.96, 600).lr(600, 391)).isEqualTo(0.1 * 0.96);
  }

  @Test
  void cyclicIsTriangularAndLowAtStepZero() {
    assertThat(rates(Schedule.cyclic(1, 3, 2), 4, 10))
        .containsExactly(1, 1.5, 2, 2.5, 3, 2.5, 2, 1.5, 1, 1.5);
    assertThat(rates(Schedule.cyclic(2, 2, 2), 4, 10)).containsOnly(2);
  }

  @Test
  void milestonesScaleBothEndsOfTheCycle() {
    Schedule schedule = Schedule.cyclic(1, 3, 2, new Milestone(1, 0.5), new Milestone(2, 0.5));
    assertThat(rates(schedule, 4, 13))
        .containsExactly(1, 1.5, 2, 2.5, 1.5, 1.25, 1, 0.75, 0.25, 0.375, 0.5, 0.625, 0.75);
  }

  @Test
  void cyclicOfThePaper() {
    Schedule schedule = Schedule.cyclic(0.1, 0.3, 16, PAPER);
    assertThat(schedule.lr(0, 391)).isEqualTo(0.1);
    assertThat(schedule.lr(8 * 391, 391)).isEqualTo(0.3);
    assertThat(schedule.lr(80 * 391, 391)).isEqualTo(0.1 * 0.1);
    assertThat(schedule.lr(88 * 391, 391)).isEqualTo(0.3 * 0.1);
  }

  @Test
  void cosineRestartsFallAndRestart() {
    double quarter = (1 + Math.sqrt(0.5)) / 2;
    assertThat(rates(Schedule.cosineRestarts(1, 0, 2, 1), 2, 6))
        .containsExactly(new double[] {1, quarter, 0.5, 1 - quarter, 1, quarter}, within(1e-15));
    assertThat(rates(Schedule.cosineRestarts(3, 1, 1, 2), 2, 8))
        .containsExactly(
            new double[] {3, 2, 3, 1 + 2 * quarter, 2, 3 - 2 * quarter, 3, 3 - 2 * eighth()},
            within(1e-15));
  }

  private static double eighth() {
    return (1 - Math.cos(Math.PI / 8)) / 2;
  }

  @Test
  void restartsOfThePaperAreAtTheirSteps() {
    Schedule schedule = Schedule.cosineRestarts(0.1, 0, 10, 2);
    for (long epoch : new long[] {0, 10, 30, 70, 150, 310}) {
      assertThat(schedule.lr(epoch * 391, 391)).as("epoch %d", epoch).isEqualTo(0.1);
      if (epoch > 0) {
        assertThat(schedule.lr(epoch * 391 - 1, 391)).isPositive().isLessThan(1e-6);
      }
    }
  }

  @Test
  void cosineFallsOnceAndStays() {
    double quarter = (1 + Math.sqrt(0.5)) / 2;
    assertThat(rates(Schedule.cosine(3, 1, 2), 2, 7))
        .containsExactly(
            new double[] {3, 1 + 2 * quarter, 2, 3 - 2 * quarter, 1, 1, 1}, within(1e-15));
    assertThat(rates(Schedule.cosine(0.1, 0, 0.5), 2, 3)).containsExactly(0.1, 0, 0);
  }

  @Test
  void linearMovesFromOneRateToAnotherAndStays() {
    assertThat(rates(Schedule.linear(1, 3, 2), 2, 7)).containsExactly(1, 1.5, 2, 2.5, 3, 3, 3);
    assertThat(rates(Schedule.linear(4, 0, 0.5), 4, 4)).containsExactly(4, 2, 0, 0);
    assertThat(Schedule.linear(0.1, 0.3, 5).lr(1_000_000_000, 1)).isEqualTo(0.3);
  }

  @Test
  void polynomialFallsWithAPower() {
    assertThat(rates(Schedule.polynomial(17, 1, 2, 2), 2, 6)).containsExactly(17, 10, 5, 2, 1, 1);
  }

  @Test
  void oneCycleRisesToItsPeakAndFalls() {
    // 10 steps: the peak at step 0.5 · 10 - 1, the final rate at step 9.
    assertThat(rates(new OneCycle(1, 5, 0, 2, 0.5), 5, 12))
        .containsExactly(
            new double[] {
              1,
              3 - 2 * Math.sqrt(0.5),
              3,
              3 + 2 * Math.sqrt(0.5),
              5,
              fall(0.2),
              fall(0.4),
              fall(0.6),
              fall(0.8),
              0,
              0,
              0
            },
            within(1e-15));
    assertThat(Schedule.oneCycle(0.5, 9)).isEqualTo(new OneCycle(0.02, 0.5, 2e-6, 9, 0.3));
  }

  private static double fall(double phase) {
    return 5 * (1 + Math.cos(Math.PI * phase)) / 2;
  }

  @Test
  void inverseSquareRootRisesThenDecays() {
    assertThat(rates(Schedule.inverseSquareRoot(8, 2), 2, 5)).containsExactly(0, 2, 4, 6, 8);
    assertThat(Schedule.inverseSquareRoot(8, 2).lr(16, 2)).isEqualTo(4);
    assertThat(Schedule.inverseSquareRoot(8, 2).lr(64, 2)).isEqualTo(2);
  }

  @Test
  void warmupStableDecayHasThreePhases() {
    assertThat(rates(Schedule.warmupStableDecay(4, 2, 5, 1, 1), 2, 12))
        .containsExactly(0, 2, 4, 4, 4, 4, 4, 4, 4, 3, 2, 2);
    assertThat(rates(Schedule.warmupStableDecay(4, 0, 1, 0, 1), 4, 5))
        .containsExactly(4, 3, 2, 1, 0);
  }

  @Test
  void warmupRisesToTheFirstRateOfASchedule() {
    Schedule schedule = Schedule.stepDecay(4, new Milestone(1, 0.5)).warmup(1);
    assertThat(rates(schedule, 2, 7)).containsExactly(0, 2, 4, 4, 2, 2, 2);
  }

  @Test
  void aSequenceStartsEachScheduleAtStepZero() {
    Schedule schedule =
        Schedule.linear(0, 4, 1)
            .then(1, Schedule.stepDecay(4, new Milestone(1, 0.5)))
            .then(3, Schedule.constant(7));
    assertThat(rates(schedule, 2, 8)).containsExactly(0, 2, 4, 4, 2, 2, 7, 7);
  }

  @Test
  void boundariesRoundToTheNearestStep() {
    Schedule schedule = Schedule.constant(1).then(0.7, Schedule.constant(2));
    assertThat(rates(schedule, 2, 3)).containsExactly(1, 2, 2);
    assertThat(rates(schedule, 10, 8)).containsExactly(1, 1, 1, 1, 1, 1, 1, 2);
  }

  @Test
  void aLambdaIsASchedule() {
    Schedule schedule = (step, stepsPerEpoch) -> 8.0 / (1 + step / stepsPerEpoch);
    assertThat(rates(schedule, 2, 4)).containsExactly(8, 8, 4, 4);
    assertThat(rates(schedule.warmup(1).then(2, schedule), 2, 6)).containsExactly(0, 4, 8, 8, 8, 8);
  }

  @Test
  void aRateOfZeroIsAllowed() {
    assertThat(rates(Schedule.constant(0), 2, 3)).containsOnly(0);
    assertThat(rates(Schedule.cyclic(0, 2, 2), 2, 4)).containsExactly(0, 1, 2, 1);
  }

  @Test
  void configurationIsCopiedAndComparedByValue() {
    List<Milestone> milestones = new ArrayList<>(List.of(new Milestone(1, 0.5)));
    StepDecay schedule = new StepDecay(1, milestones);
    milestones.clear();
    assertThat(schedule.lr(1, 1)).isEqualTo(0.5);
    assertThat(schedule).isEqualTo(Schedule.stepDecay(1, new Milestone(1, 0.5)));
  }

  // Errors

  @TestFactory
  Stream<DynamicTest> rejects() {
    double nan = Double.NaN;
    double inf = Double.POSITIVE_INFINITY;
    Schedule one = Schedule.constant(1);
    Milestone early = new Milestone(3, 0.1);
    Milestone late = new Milestone(5, 0.1);
    return Stream.of(
        rejection("lr must be at least 0, but is -0.1", () -> Schedule.constant(-0.1)),
        rejection("lr must be finite, but is NaN", () -> Schedule.constant(nan)),
        rejection("lr must be at least 0, but is -0.1", () -> Schedule.stepDecay(-0.1)),
        rejection("epoch must be at least 1, but is 0", () -> new Milestone(0, 0.1)),
        rejection("factor must be finite, but is NaN", () -> new Milestone(1, nan)),
        rejection(
            "milestones must have strictly increasing epochs, but 3 follows 5",
            () -> Schedule.stepDecay(0.1, late, early)),
        rejection(
            "lr must be finite, but is Infinity", () -> Schedule.exponentialDecay(inf, 0.9, 6)),
        rejection(
            "rate must be greater than 0, but is 0.0", () -> Schedule.exponentialDecay(0.1, 0, 6)),
        rejection(
            "steps must be greater than 0, but is 0.0",
            () -> Schedule.exponentialDecay(0.1, 0.9, 0)),
        rejection("lowLr must be at least 0, but is -0.1", () -> Schedule.cyclic(-0.1, 0.3, 16)),
        rejection("peakLr must be at least 0.1, but is 0.05", () -> Schedule.cyclic(0.1, 0.05, 16)),
        rejection("peakLr must be finite, but is NaN", () -> Schedule.cyclic(0.1, nan, 16)),
        rejection(
            "cycleEpochs must be greater than 0, but is 0.0", () -> Schedule.cyclic(0.1, 0.3, 0)),
        rejection(
            "milestones must have strictly increasing epochs, but 3 follows 3",
            () -> Schedule.cyclic(0.1, 0.3, 16, early, early)),
        rejection("lr must be finite, but is NaN", () -> Schedule.cosineRestarts(nan, 0, 10, 2)),
        rejection(
            "finalLr must be in [0.0, 0.1], but is 0.2",
            () -> Schedule.cosineRestarts(0.1, 0.2, 10, 2)),
        rejection(
            "firstCycleEpochs must be greater than 0, but is -1.0",
            () -> Schedule.cosineRestarts(0.1, 0, -1, 2)),
        rejection(
            "multiplier must be at least 1.0, but is 0.5",
            () -> Schedule.cosineRestarts(0.1, 0, 10, 0.5)),
        rejection(
            "multiplier must be finite, but is Infinity",
            () -> Schedule.cosineRestarts(0.1, 0, 10, inf)),
        rejection("finalLr must be in [0.0, 0.1], but is 0.2", () -> Schedule.cosine(0.1, 0.2, 10)),
        rejection("epochs must be finite, but is NaN", () -> Schedule.linear(0, 0.1, nan)),
        rejection("finalLr must be at least 0, but is -1.0", () -> Schedule.linear(0, -1, 5)),
        rejection(
            "power must be greater than 0, but is 0.0", () -> Schedule.polynomial(0.1, 0, 5, 0)),
        rejection("lr must be in [0.0, 0.1], but is 0.2", () -> new OneCycle(0.2, 0.1, 0, 10, 0.3)),
        rejection(
            "riseFraction must be in [0.0, 1.0], but is 1.5",
            () -> new OneCycle(0.01, 0.1, 0, 10, 1.5)),
        rejection(
            "warmupEpochs must be greater than 0, but is 0.0",
            () -> Schedule.inverseSquareRoot(0.1, 0)),
        rejection(
            "epochs must be at least 12.0, but is 10.0",
            () -> Schedule.warmupStableDecay(0.1, 0, 10, 2, 10)),
        rejection("epochs must be greater than 0, but is 0.0", () -> one.warmup(0)),
        rejection("epochs must be greater than 0, but is -1.0", () -> one.then(-1, one)),
        rejection("next is required", () -> one.then(1, null)));
  }
}
