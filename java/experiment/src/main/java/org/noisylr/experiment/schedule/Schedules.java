package org.noisylr.experiment.schedule;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.joining;
import static java.util.stream.Collectors.mapping;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.DoubleStream;
import org.noisylr.check.InputException;
import org.noisylr.experiment.text.PlainNumber;
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
import org.noisylr.schedule.Sequence;
import org.noisylr.schedule.StepDecay;
import org.noisylr.schedule.Warmup;
import org.noisylr.schedule.WarmupStableDecay;

/** Derives schedules of another length, and describes schedules. */
public final class Schedules {
  private interface Stretch<S> {
    Schedule apply(S schedule, double epochs, double steps);
  }

  /** How schedules of one type are stretched and described. */
  record Rule<S extends Schedule>(
      Class<S> type, Stretch<S> stretch, Function<S, String> description) {

    Schedule stretched(Schedule schedule, double epochs, double steps) {
      return stretch.apply(type.cast(schedule), epochs, steps);
    }

    String describe(Schedule schedule) {
      return description.apply(type.cast(schedule));
    }
  }

  static final List<Rule<?>> RULES =
      List.of(
          new Rule<>(Constant.class, (s, epochs, steps) -> s, s -> words("constant %s", s.lr())),
          new Rule<>(
              StepDecay.class,
              (s, epochs, steps) -> new StepDecay(s.lr(), stretched(s.milestones(), epochs)),
              s -> words("step decay from %s", s.lr()) + describe(s.milestones())),
          new Rule<>(
              ExponentialDecay.class,
              (s, epochs, steps) -> new ExponentialDecay(s.lr(), s.rate(), s.steps() * steps),
              s ->
                  words(
                      "exponential decay from %s, times %s every %s steps",
                      s.lr(), s.rate(), s.steps())),
          new Rule<>(
              Cyclic.class,
              (s, epochs, steps) ->
                  new Cyclic(
                      s.lowLr(),
                      s.peakLr(),
                      s.cycleEpochs() * epochs,
                      stretched(s.milestones(), epochs)),
              s ->
                  words(
                          "triangular cycles of %s epochs between %s and %s",
                          s.cycleEpochs(), s.lowLr(), s.peakLr())
                      + describe(s.milestones())),
          new Rule<>(
              Cosine.class,
              (s, epochs, steps) -> new Cosine(s.lr(), s.finalLr(), s.epochs() * epochs),
              s -> words("cosine from %s to %s over %s epochs", s.lr(), s.finalLr(), s.epochs())),
          new Rule<>(
              CosineRestarts.class,
              (s, epochs, steps) ->
                  new CosineRestarts(
                      s.lr(), s.finalLr(), s.firstCycleEpochs() * epochs, s.multiplier()),
              s ->
                  words(
                      "cosine from %s to %s with restarts: the first cycle has %s epochs, each"
                          + " later one %s times as many as the one before",
                      s.lr(), s.finalLr(), s.firstCycleEpochs(), s.multiplier())),
          new Rule<>(
              Polynomial.class,
              (s, epochs, steps) ->
                  new Polynomial(s.lr(), s.finalLr(), s.epochs() * epochs, s.power()),
              s ->
                  words(
                      "polynomial of power %s from %s to %s over %s epochs",
                      s.power(), s.lr(), s.finalLr(), s.epochs())),
          new Rule<>(
              OneCycle.class,
              (s, epochs, steps) ->
                  new OneCycle(
                      s.lr(), s.peakLr(), s.finalLr(), s.epochs() * epochs, s.riseFraction()),
              s ->
                  words(
                      "one cycle from %s to %s to %s over %s epochs",
                      s.lr(), s.peakLr(), s.finalLr(), s.epochs())),
          new Rule<>(
              InverseSquareRoot.class,
              (s, epochs, steps) -> new InverseSquareRoot(s.lr(), s.warmupEpochs() * epochs),
              s ->
                  words(
                      "rise to %s over %s epochs, then decay with the inverse square root",
                      s.lr(), s.warmupEpochs())),
          new Rule<>(
              WarmupStableDecay.class,
              (s, epochs, steps) ->
                  new WarmupStableDecay(
                      s.lr(),
                      s.finalLr(),
                      s.epochs() * epochs,
                      s.warmupEpochs() * epochs,
                      s.decayEpochs() * epochs),
              s ->
                  words(
                      "rise to %s over %s epochs, constant, then fall to %s over the last %s of %s"
                          + " epochs",
                      s.lr(), s.warmupEpochs(), s.finalLr(), s.decayEpochs(), s.epochs())),
          new Rule<>(
              Warmup.class,
              (s, epochs, steps) ->
                  new Warmup(stretched(s.schedule(), epochs, steps), s.epochs() * epochs),
              s ->
                  "warm-up over %s, then ".formatted(PlainNumber.of(s.epochs(), "epoch"))
                      + describe(s.schedule())),
          new Rule<>(
              Sequence.class,
              (s, epochs, steps) ->
                  new Sequence(
                      stretched(s.first(), epochs, steps),
                      s.epochs() * epochs,
                      stretched(s.next(), epochs, steps)),
              s ->
                  describe(s.first())
                      + words("; after epoch %s, ", s.epochs())
                      + describe(s.next())));

  private Schedules() {}

  private static Rule<?> rule(Schedule schedule) {
    return RULES.stream()
        .filter(rule -> rule.type.isInstance(schedule))
        .findFirst()
        .orElseThrow(
            () ->
                new InputException(
                    "schedule must be a named one, such as a step decay, but is a "
                        + schedule.getClass().getSimpleName()));
  }

  /**
   * Returns the same schedule for a run of another length.
   *
   * @param epochs epochs of the run divided by epochs of the original run. Milestones and lengths
   *     of cycles are multiplied by it. A milestone is rounded to an epoch, at least 1; milestones
   *     at the same epoch become one
   * @param steps the same ratio of steps. The T of an exponential decay is multiplied by it, so
   *     that the rate falls as far over the run
   * @throws InputException if the type of the schedule has no rule for this
   */
  public static Schedule stretched(Schedule schedule, double epochs, double steps) {
    return rule(schedule).stretched(schedule, epochs, steps);
  }

  private static List<Milestone> stretched(List<Milestone> milestones, double ratio) {
    Map<Long, Double> factors = new TreeMap<>();
    for (Milestone milestone : milestones) {
      long epoch = Math.max(1, Math.round(milestone.epoch() * ratio));
      factors.merge(epoch, milestone.factor(), (a, b) -> a * b);
    }
    return factors.entrySet().stream().map(e -> new Milestone(e.getKey(), e.getValue())).toList();
  }

  /**
   * Returns a schedule in words. Epochs are counted from 1.
   *
   * @throws InputException if the type of the schedule has no words
   */
  public static String describe(Schedule schedule) {
    return rule(schedule).describe(schedule);
  }

  /** Formats as {@code , times 0.1 after epoch 80, 120; times 0.5 after epoch 180}. */
  private static String describe(List<Milestone> milestones) {
    Map<Double, String> epochsByFactor =
        milestones.stream()
            .collect(
                groupingBy(
                    Milestone::factor,
                    LinkedHashMap::new,
                    mapping(milestone -> Long.toString(milestone.epoch()), joining(", "))));
    return epochsByFactor.isEmpty()
        ? ""
        : epochsByFactor.entrySet().stream()
            .map(e -> "times %s after epoch %s".formatted(PlainNumber.of(e.getKey()), e.getValue()))
            .collect(joining("; ", ", ", ""));
  }

  private static String words(String format, double... numbers) {
    return format.formatted(DoubleStream.of(numbers).mapToObj(PlainNumber::of).toArray());
  }
}
