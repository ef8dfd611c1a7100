package org.noisylr.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.noisylr.check.Rejections.rejection;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.noisylr.check.InputException;

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

  // Properties

  @Provide
  Arbitrary<Schedule> schedules() {
    Arbitrary<Double> lr = Arbitraries.doubles().between(1e-6, 10).ofScale(6);
    Arbitrary<Double> epochs = Arbitraries.doubles().between(1e-3, 1e4).ofScale(3);
    Arbitrary<Double> fraction = Arbitraries.doubles().between(0, 1).ofScale(6);
    Arbitrary<List<Milestone>> milestones =
        Combinators.combine(
                Arbitraries.longs().between(1, 1000).set().ofMaxSize(4).map(List::copyOf),
                Arbitraries.doubles().between(0.01, 1).ofScale(2))
            .as(
                (starts, factor) ->
                    starts.stream().sorted().map(e -> new Milestone(e, factor)).toList());
    Arbitrary<Schedule> plain =
        Arbitraries.oneOf(
            lr.map(Constant::new),
            Combinators.combine(lr, milestones).as(StepDecay::new),
            Combinators.combine(lr, Arbitraries.doubles().between(0.01, 1), epochs)
                .as(ExponentialDecay::new),
            Combinators.combine(lr, fraction, epochs, milestones)
                .as(
                    (peak, f, length, decay) ->
                        new Cyclic(peak * (0.01 + 0.99 * f), peak, length, decay)),
            Combinators.combine(lr, fraction, epochs, Arbitraries.doubles().between(1, 4))
                .as((high, f, length, times) -> new CosineRestarts(high, high * f, length, times)),
            Combinators.combine(lr, fraction, epochs)
                .as((high, f, length) -> new Cosine(high, high * f, length)),
            Combinators.combine(lr, lr, epochs, Arbitraries.doubles().between(0.1, 4))
                .as(Polynomial::new),
            Combinators.combine(lr, fraction, fraction, epochs, fraction)
                .as((peak, f, g, length, h) -> new OneCycle(peak * f, peak, peak * g, length, h)),
            Combinators.combine(lr, epochs).as(InverseSquareRoot::new),
            Combinators.combine(lr, fraction, epochs, epochs)
                .as(
                    (high, f, rise, fall) ->
                        new WarmupStableDecay(high, high * f, 2 * (rise + fall), rise, fall)));
    return Arbitraries.oneOf(
        plain,
        Combinators.combine(plain, epochs).as(Schedule::warmup),
        Combinators.combine(plain, epochs, plain).as(Schedule::then));
  }

  @Property
  void isPureAndFinite(
      @ForAll("schedules") Schedule schedule,
      @ForAll @LongRange(min = 0) long step,
      @ForAll @IntRange(min = 1) int stepsPerEpoch) {
    double lr = schedule.lr(step, stepsPerEpoch);
    schedule.lr(step / 2, stepsPerEpoch);
    assertThat(schedule.lr(step, stepsPerEpoch)).isEqualTo(lr);
    assertThat(lr).isFinite().isBetween(0.0, 10 * (1 + 1e-12));
  }

  @Property
  void cyclicStaysBetweenItsEnds(
      @ForAll @LongRange(min = 0, max = 1_000_000_000) long step,
      @ForAll @IntRange(min = 1, max = 10_000) int stepsPerEpoch,
      @ForAll @IntRange(min = 1, max = 100) int cycleEpochs) {
    double lr = Schedule.cyclic(0.1, 0.3, cycleEpochs).lr(step, stepsPerEpoch);
    assertThat(lr).isBetween(0.1, 0.3);
    long cycle = (long) stepsPerEpoch * cycleEpochs;
    double passed = (double) (step % cycle) / cycle;
    assertThat(lr).isCloseTo(0.1 + 0.2 * (1 - Math.abs(1 - 2 * passed)), within(1e-6));
  }

  @Property
  void cosineAgreesWithExactCycleArithmetic(
      @ForAll @LongRange(min = 0, max = 1_000_000_000) long step,
      @ForAll @IntRange(min = 1, max = 1000) int stepsPerEpoch,
      @ForAll @IntRange(min = 1, max = 100) int firstCycleEpochs,
      @ForAll @IntRange(min = 2, max = 5) int multiplier) {
    long position = step;
    long length = (long) stepsPerEpoch * firstCycleEpochs;
    while (position >= length) {
      position -= length;
      length *= multiplier;
    }
    double expected = 0.01 + 0.09 * (1 + Math.cos(Math.PI * position / length)) / 2;
    assertThat(
            Schedule.cosineRestarts(0.1, 0.01, firstCycleEpochs, multiplier)
                .lr(step, stepsPerEpoch))
        .isCloseTo(expected, within(1e-13));
  }

  @Property
  void everyRestartOfEqualCyclesIsAtItsStep(@ForAll @IntRange(max = 1_000_000) int cycle) {
    assertThat(0.07 * 100).isGreaterThan(7);
    double lr = Schedule.cosineRestarts(0.1, 0, 0.07, 1).lr(7L * cycle, 100);
    assertThat(lr).isCloseTo(0.1, within(1e-10));
  }

  // Long runs and extreme values

  @Test
  void aBillionStepsKeepThePhase() {
    long cycle = 16 * 391;
    long start = 1_000_000_000 / cycle * cycle;
    Schedule cyclic = Schedule.cyclic(0.1, 0.3, 16);
    Schedule cosine = Schedule.cosineRestarts(0.1, 0, 16, 1);
    assertThat(cyclic.lr(start + cycle / 2, 391)).isCloseTo(0.3, within(1e-11));
    for (long k = 0; k < cycle; k++) {
      assertThat(cyclic.lr(start + k, 391)).isCloseTo(cyclic.lr(k, 391), within(1e-11));
      assertThat(cosine.lr(start + k, 391)).isCloseTo(cosine.lr(k, 391), within(1e-11));
    }
  }

  @Test
  void multipliersCloseToOneApproachEqualCycles() {
    Schedule equal = Schedule.cosineRestarts(0.1, 0, 10, 1);
    Schedule nearlyEqual = Schedule.cosineRestarts(0.1, 0, 10, Math.nextUp(1.0));
    for (long k = 0; k < 100_000; k += 7) {
      assertThat(nearlyEqual.lr(k, 13)).isCloseTo(equal.lr(k, 13), within(1e-9));
    }
  }

  @ParameterizedTest
  @MethodSource("extremeSchedules")
  void extremeConfigurationsReturnFiniteRates(Schedule schedule) {
    for (long step : new long[] {0, 1, 1_000_000_000, 1L << 53, Long.MAX_VALUE}) {
      for (long stepsPerEpoch : new long[] {1, 391, Long.MAX_VALUE}) {
        assertThat(schedule.lr(step, stepsPerEpoch)).isBetween(0.0, 1.0);
      }
    }
  }

  static List<Schedule> extremeSchedules() {
    List<Schedule> schedules = new ArrayList<>();
    for (double epochs : new double[] {Double.MIN_VALUE, 1e-300, 1e-9, 1e300, Double.MAX_VALUE}) {
      schedules.add(Schedule.cyclic(0.5, 1, epochs));
      schedules.add(Schedule.exponentialDecay(1, 0.5, epochs));
      schedules.add(Schedule.cosine(1, 0.5, epochs));
      schedules.add(Schedule.linear(0.5, 1, epochs));
      schedules.add(Schedule.oneCycle(1, epochs));
      schedules.add(Schedule.inverseSquareRoot(1, epochs));
      schedules.add(Schedule.warmupStableDecay(1, 0, epochs, 0, epochs));
      schedules.add(Schedule.constant(1).warmup(epochs).then(epochs, Schedule.constant(0.5)));
      for (double times :
          new double[] {1, Math.nextUp(1.0), 1 + 1e-9, 1.5, 1e300, Double.MAX_VALUE}) {
        schedules.add(Schedule.cosineRestarts(1, 0, epochs, times));
      }
    }
    return schedules;
  }

  // Values

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

  @Property
  void rejectsNegativeStepsAndEmptyEpochs(@ForAll("schedules") Schedule schedule) {
    assertThatThrownBy(() -> schedule.lr(-1, 10))
        .isInstanceOf(InputException.class)
        .hasMessage("step must be at least 0, but is -1");
    assertThatThrownBy(() -> schedule.lr(0, 0))
        .isInstanceOf(InputException.class)
        .hasMessage("stepsPerEpoch must be at least 1, but is 0");
  }
}
