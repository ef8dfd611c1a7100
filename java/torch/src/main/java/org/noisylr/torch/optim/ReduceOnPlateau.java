package org.noisylr.torch.optim;

import static org.noisylr.torch.internal.NativeLibrary.open;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.InputArchive;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.OptimizerOptions;
import org.bytedeco.pytorch.OptimizerParamGroupVector;
import org.bytedeco.pytorch.OutputArchive;
import org.noisylr.check.Check;

/**
 * Reduces the learning rates of all parameter groups when a metric has stopped improving, as
 * PyTorch's {@code ReduceLROnPlateau}. Its whole state can be saved; LibTorch's version cannot do
 * that.
 *
 * <p>A reduction is lr ← max(lr·factor, minLr), where lr is the rate of a group. On a {@link
 * Scheduler}, lr is the group's initial rate, and all rates that the schedule gives the group
 * shrink with it: the reduction does not depend on the current rate, which a warm-up may begin at
 * 0. So minLr bounds the initial rate, not the current one: give the optimizer the base rate of the
 * schedule. PyTorch and this class ignore a reduction by less than 10⁻⁸. A metric that is NaN is no
 * improvement. Noise multiplies the reduced rates within a step of the optimizer. A plateau holds
 * no native memory.
 */
public final class ReduceOnPlateau {
  private static final String KEY = "noisylr_plateau";
  private static final double LEAST_REDUCTION = 1e-8;

  private final Optimizer optimizer;
  private final Scheduler scheduler;
  private PlateauOptions options;
  private double best;
  private long badEpochs;
  private long cooldownLeft;

  /**
   * Reduces the rates in the groups of an optimizer. A {@link Scheduler} of the same optimizer
   * would set them anew: give the scheduler instead.
   */
  public ReduceOnPlateau(Optimizer optimizer, PlateauOptions options) {
    this(open(Check.required("optimizer", optimizer)), null, options);
  }

  /** Reduces the rates that a scheduler gives now and later; save and load the scheduler too. */
  public ReduceOnPlateau(Scheduler scheduler, PlateauOptions options) {
    this(null, Check.required("scheduler", scheduler), options);
  }

  private ReduceOnPlateau(Optimizer optimizer, Scheduler scheduler, PlateauOptions options) {
    this.optimizer = optimizer;
    this.scheduler = scheduler;
    this.options = Check.required("options", options);
    best = options.initialBest();
  }

  /** The current options. */
  public PlateauOptions options() {
    return options;
  }

  /** Ends an epoch with a metric, and reduces the rates if that is due. */
  public void step(double metric) {
    if (options.isBetter(metric, best)) {
      best = metric;
      badEpochs = 0;
    } else {
      badEpochs++;
    }
    if (cooldownLeft > 0) {
      cooldownLeft--;
      badEpochs = 0;
    }
    if (badEpochs > options.patience()) {
      reduce();
      cooldownLeft = options.cooldown();
      badEpochs = 0;
    }
  }

  private void reduce() {
    if (scheduler != null) {
      scheduler.reduce(options.factor(), options.minLr(), LEAST_REDUCTION);
      return;
    }
    try (PointerScope scope = new PointerScope()) {
      OptimizerParamGroupVector groups = open(optimizer).param_groups();
      for (int i = 0; i < groups.size(); i++) {
        OptimizerOptions group = groups.get(i).options();
        double reduced = Math.max(group.get_lr() * options.factor(), options.minLr());
        if (group.get_lr() - reduced > LEAST_REDUCTION) {
          group.set_lr(reduced);
        }
      }
    }
  }

  /**
   * Writes options and state, into the optimizer's archive or one of their own. An archive has room
   * for one plateau.
   */
  public void save(OutputArchive archive) {
    ArchivedNumbers.write(
        archive,
        KEY,
        options.rising() ? 1 : 0,
        options.factor(),
        options.patience(),
        options.threshold(),
        options.relative() ? 1 : 0,
        options.cooldown(),
        options.minLr(),
        best,
        badEpochs,
        cooldownLeft);
  }

  /**
   * Loads what {@link #save} wrote. The archive's options replace those of the constructor, as in
   * PyTorch. The rates are in the archives of the optimizer and the scheduler.
   *
   * @throws org.noisylr.check.InputException if the archive holds no state of a plateau
   */
  public void load(InputArchive archive) {
    double[] numbers = ArchivedNumbers.read(archive, KEY, "plateau", 10);
    options =
        new PlateauOptions(
            numbers[0] == 1,
            numbers[1],
            (long) numbers[2],
            numbers[3],
            numbers[4] == 1,
            (long) numbers[5],
            numbers[6]);
    best = numbers[7];
    badEpochs = (long) numbers[8];
    cooldownLeft = (long) numbers[9];
  }
}
