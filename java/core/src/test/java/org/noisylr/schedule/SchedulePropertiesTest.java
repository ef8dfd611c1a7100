package org.noisylr.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.noisylr.check.InputException;

/** What holds for any schedule of the named kinds. */
class SchedulePropertiesTest {
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
