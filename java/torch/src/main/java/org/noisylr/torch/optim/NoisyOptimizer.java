package org.noisylr.torch.optim;

import org.bytedeco.javacpp.DoublePointer;
import org.noisylr.check.Check;
import org.noisylr.noise.NoiseSpec;

/**
 * What every optimizer with a random learning rate answers, beside what LibTorch's do.
 *
 * <p>In epoch e, each step uses η′ = clamp(η·f(e), η_min, η_max) instead of the group's learning
 * rate η, and the group's learning rate is η again when the step is over, whether it returned or
 * threw. The factor f is {@link NoiseSpec#factor}; native code computes it.
 *
 * <p>An optimizer shares ownership of its parameters: they live at least as long as it does. Every
 * method throws IllegalStateException once the optimizer is closed.
 *
 * <p>Source: "random learning rate", IJCAI 2019, section 3.
 */
public sealed interface NoisyOptimizer extends AutoCloseable
    permits NoisySGD, NoisyAdam, NoisyAdamW, NoisyAdagrad, NoisyRMSprop, StepHook {

  /** The noise, as given to the constructor or loaded from an archive. */
  default NoiseSpec noise() {
    try (Guard.Use use = LrNoise.use(this)) {
      return LrNoise.of(this).noise().toSpec();
    }
  }

  /**
   * Says that the steps from now on belong to this epoch.
   *
   * @param epoch zero-based, at least 0
   */
  default void epoch(long epoch) {
    Check.atLeast("epoch", epoch, 0);
    try (Guard.Use use = LrNoise.use(this)) {
      LrNoise.of(this).epoch(epoch);
    }
  }

  /** The epoch that the next step belongs to; 0 at first. */
  default long epoch() {
    try (Guard.Use use = LrNoise.use(this)) {
      return LrNoise.of(this).epoch();
    }
  }

  /** The number of steps done; the counter of the noise that is drawn per step. */
  default long steps() {
    try (Guard.Use use = LrNoise.use(this)) {
      return LrNoise.of(this).steps();
    }
  }

  /**
   * Sets the number of steps done, for a run that goes on from a checkpoint.
   *
   * @param steps at least 0
   */
  default void steps(long steps) {
    Check.atLeast("steps", steps, 0);
    try (Guard.Use use = LrNoise.use(this)) {
      LrNoise.of(this).steps(steps);
    }
  }

  /**
   * The learning rate η′ that the last step used for the first parameter group.
   *
   * @throws IllegalStateException before the first step
   */
  default double realisedLr() {
    return realisedLr(0);
  }

  /**
   * The learning rate η′ that the last step used for a parameter group.
   *
   * @param group zero-based
   * @throws IllegalStateException before the first step
   * @throws IndexOutOfBoundsException if the last step knew no such group
   */
  default double realisedLr(long group) {
    try (Guard.Use use = LrNoise.use(this);
        DoublePointer rates = LrNoise.of(this).realised_lrs()) {
      if (rates == null) {
        throw new IllegalStateException("there is no realised learning rate before the first step");
      }
      if (group < 0 || group >= rates.capacity()) {
        throw new IndexOutOfBoundsException(
            "group must be in [0, %d], but is %d".formatted(rates.capacity() - 1, group));
      }
      return rates.get(group);
    }
  }

  /** Frees the native optimizer; closing again does nothing. */
  @Override
  void close();
}
