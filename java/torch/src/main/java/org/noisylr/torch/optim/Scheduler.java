package org.noisylr.torch.optim;

import static org.noisylr.torch.internal.NativeLibrary.open;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.InputArchive;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.OptimizerOptions;
import org.bytedeco.pytorch.OptimizerParamGroupVector;
import org.bytedeco.pytorch.OutputArchive;
import org.noisylr.check.Check;
import org.noisylr.check.InputException;
import org.noisylr.schedule.Schedule;

/**
 * Applies a {@link Schedule} to the learning rates of any {@code torch::optim::Optimizer}, noisy or
 * not.
 *
 * <pre>{@code
 * Scheduler scheduler = new Scheduler(optimizer, Schedule.cosine(0.1, 0, 90).warmup(5), batches);
 * optimizer.step();
 * scheduler.step(); // after each step of the optimizer
 * }</pre>
 *
 * <p>At position k, the first parameter group has the rate of the schedule. Another group has that
 * rate times its own initial rate divided by the initial rate of the first one. The initial rate of
 * a group is the one that it has when the scheduler first sees it, so groups that are added later
 * are included in the next step. Noise multiplies these rates within a step of the optimizer.
 *
 * <p>LibTorch gives a group the optimizer's rate if the group's own rate equals the default of its
 * options class, 0.001 for Adam: set such a rate with {@code options().set_lr} after {@code
 * add_param_group}.
 *
 * <p>A scheduler holds no native memory. It must not be used after its optimizer is closed. Groups
 * must not be removed.
 */
public final class Scheduler {
  private static final String KEY = "noisylr_scheduler";

  /** The numbers in an archive before those of the groups. */
  private static final int HEADER = 3;

  private final Optimizer optimizer;
  private final Schedule schedule;
  private final long stepsPerEpoch;
  private final List<Double> initial = new ArrayList<>();
  private double first;
  private long position;

  /**
   * Sets the rates of position 0. Call {@link #step} after each step of the optimizer.
   *
   * @param optimizer any optimizer with a parameter group; for a {@link StepHook}, the optimizer
   *     that it wraps
   * @param stepsPerEpoch the number of steps in an epoch, at least 1
   * @throws InputException if stepsPerEpoch is out of range, if there is no group, or if the rate
   *     of the first one is not greater than 0
   */
  public Scheduler(Optimizer optimizer, Schedule schedule, long stepsPerEpoch) {
    this.optimizer = open(Check.required("optimizer", optimizer));
    this.schedule = Check.required("schedule", schedule);
    this.stepsPerEpoch = Check.atLeast("stepsPerEpoch", stepsPerEpoch, 1);
    try (PointerScope scope = new PointerScope()) {
      OptimizerParamGroupVector groups = optimizer.param_groups();
      if (groups.size() == 0) {
        throw new InputException("the optimizer has no parameter group");
      }
      first = groups.get(0).options().get_lr();
    }
    if (!(first > 0)) {
      throw new InputException(
          ("the learning rate of the first parameter group must be greater than 0, but is %s: create"
                  + " the scheduler before you load the optimizer's archive")
              .formatted(first));
    }
    apply();
  }

  /**
   * Sets the rates of epoch 0. Call {@link #step} after each epoch. A warm-up from 0 gives all of
   * epoch 0 a rate of 0.
   */
  public Scheduler(Optimizer optimizer, Schedule schedule) {
    this(optimizer, schedule, 1);
  }

  /**
   * Sets the rates of the next position.
   *
   * @throws InputException if the schedule gives a negative or infinite rate or NaN; nothing
   *     changes then
   */
  public void step() {
    position(position + 1);
  }

  /** The number of calls of {@link #step}, or what {@link #position(long)} set. */
  public long position() {
    return position;
  }

  /**
   * Sets the position, for a run that resumes, and the rates that belong to it.
   *
   * @param position at least 0
   */
  public void position(long position) {
    lr(Check.atLeast("position", position, 0)); // throws before anything changes
    this.position = position;
    apply();
  }

  /** The rate of the first parameter group. */
  public double lastLr() {
    return lastLr(0);
  }

  /**
   * The rate that the scheduler gave a parameter group last.
   *
   * @throws IndexOutOfBoundsException if the scheduler has not seen the group
   */
  public double lastLr(int group) {
    if (group < 0 || group >= initial.size()) {
      throw new IndexOutOfBoundsException(
          "group must be in [0, %d], but is %d".formatted(initial.size() - 1, group));
    }
    return lr(position) * (initial.get(group) / first);
  }

  /**
   * Writes position, steps per epoch and initial rates, into the optimizer's archive or one of
   * their own. An archive has room for one scheduler.
   */
  public void save(OutputArchive archive) {
    double[] numbers = new double[HEADER + initial.size()];
    numbers[0] = position;
    numbers[1] = stepsPerEpoch;
    numbers[2] = first;
    for (int i = 0; i < initial.size(); i++) {
      numbers[HEADER + i] = initial.get(i);
    }
    ArchivedNumbers.write(archive, KEY, numbers);
  }

  /**
   * Loads what {@link #save} wrote, and sets the rates of the groups that the saved scheduler had
   * seen. Create the scheduler, load the optimizer, then the scheduler: a rate in an archive may be
   * 0. The schedule itself is not in the archive.
   *
   * @throws InputException if the archive holds no state of a scheduler, one with other steps per
   *     epoch or of more groups, or if the schedule has no rate for its position; nothing changes
   *     then
   */
  public void load(InputArchive archive) {
    double[] numbers = ArchivedNumbers.read(archive, KEY, "scheduler", HEADER + 1);
    long saved = Check.atLeast("position", (long) numbers[0], 0);
    if ((long) numbers[1] != stepsPerEpoch) {
      throw new InputException(
          "the number of steps per epoch is %d in the archive, but %d in the scheduler"
              .formatted((long) numbers[1], stepsPerEpoch));
    }
    double savedFirst = Check.positive("initial learning rate", numbers[2]);
    int groups = numbers.length - HEADER;
    long present = open(optimizer).param_groups().size();
    if (groups > present) {
      throw new InputException(
          "the number of parameter groups is %d in the scheduler's archive, but %d in the optimizer"
              .formatted(groups, present));
    }
    lr(saved); // throws before anything changes
    position = saved;
    first = savedFirst;
    for (int i = 0; i < groups; i++) {
      if (i == initial.size()) {
        initial.add(0.0);
      }
      initial.set(i, numbers[HEADER + i]);
    }
    apply(groups);
  }

  /** Multiplies the initial rates by a factor, down to a minimum, unless that changes little. */
  void reduce(double factor, double minimum, double least) {
    apply(); // sees groups that were added
    for (int i = 0; i < initial.size(); i++) {
      double reduced = Math.max(initial.get(i) * factor, minimum);
      if (initial.get(i) - reduced > least) {
        initial.set(i, reduced);
      }
    }
    apply();
  }

  private void apply() {
    apply(Integer.MAX_VALUE);
  }

  /** Sets the rates of the first groups, at most {@code count}. */
  private void apply(int count) {
    try (PointerScope scope = new PointerScope()) {
      OptimizerParamGroupVector groups = open(optimizer).param_groups();
      double lr = lr(position);
      for (int i = 0; i < groups.size() && i < count; i++) {
        OptimizerOptions options = groups.get(i).options();
        if (i == initial.size()) {
          initial.add(options.get_lr());
        }
        options.set_lr(lr * (initial.get(i) / first));
      }
    }
  }

  private double lr(long at) {
    return Check.nonNegative("the schedule's learning rate", schedule.lr(at, stepsPerEpoch));
  }
}
