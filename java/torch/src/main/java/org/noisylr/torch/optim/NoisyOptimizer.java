package org.noisylr.torch.optim;

import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.pytorch.LossClosure;
import org.bytedeco.pytorch.Tensor;
import org.noisylr.check.Check;
import org.noisylr.noise.NoiseSpec;

/**
 * Operations that every noisy optimizer adds to LibTorch's.
 *
 * <p>In epoch e, each step uses η′ = clamp(η·f(e), η_min, η_max) instead of the group's learning
 * rate η. The group's learning rate is η again after the step, whether it returns or throws. The
 * factor f is {@link NoiseSpec#factor}; native code computes it.
 *
 * <p>An optimizer shares ownership of its parameters, which live at least as long as it does.
 *
 * <p>Source: "random learning rate", IJCAI 2019, section 3.
 */
public sealed interface NoisyOptimizer extends AutoCloseable permits FusedOptimizer, StepHook {

  /**
   * One step.
   *
   * @return an undefined tensor, always the same object; closing it does nothing
   * @throws IllegalStateException if the optimizer is closed
   * @throws RuntimeException if the noise {@link NoiseSpec#dependsOnEpoch depends on the epoch},
   *     has no {@link NoiseSpec#stepsPerEpoch(long) steps per epoch}, and no epoch was set or
   *     loaded
   */
  Tensor step();

  /**
   * One step that evaluates the loss itself.
   *
   * @param closure computes the loss and its gradients with the base learning rates in place
   * @return the loss
   * @throws IllegalStateException if the optimizer is closed or the closure returns no loss; what
   *     the closure throws
   * @throws RuntimeException if the epoch is unknown, as for {@link #step()}
   */
  Tensor step(LossClosure closure);

  /** Sets the gradients of all parameters to none. */
  void zero_grad();

  /**
   * Replaces the noise. Steps do not change. The epoch is counted from the steps if the new noise
   * has {@link NoiseSpec#stepsPerEpoch() steps per epoch}; else it is the one that was counted or
   * set before.
   */
  default void noise(NoiseSpec noise) {
    try (NativeNoiseSpec spec = NativeNoiseSpec.of(noise)) {
      LrNoise.of(this).noise(spec);
    }
  }

  /**
   * Returns the current noise.
   *
   * <p>Loading an archive with noise restores epoch and steps. An optimizer without noise takes the
   * archive's noise too. If the optimizer has other noise, loading throws, names the difference and
   * changes nothing: load first, then set the noise. An archive without noise, of a LibTorch
   * optimizer or of a noisy one that had none, changes neither the noise nor epoch and steps: set
   * {@link #steps(long)} for noise that counts them.
   */
  default NoiseSpec noise() {
    try (NativeNoiseSpec noise = LrNoise.of(this).noise()) {
      return noise.toSpec();
    }
  }

  /**
   * Sets the epoch that the following steps belong to. If the noise has {@link
   * NoiseSpec#stepsPerEpoch() steps per epoch}, the next step becomes the first one of the epoch.
   *
   * @param epoch zero-based, at least 0
   */
  default void epoch(long epoch) {
    LrNoise.of(this).epoch(Check.atLeast("epoch", epoch, 0));
  }

  /** The epoch that the next step belongs to, set or counted; 0 while it is unknown. */
  default long epoch() {
    return LrNoise.of(this).epoch();
  }

  /** The number of completed steps, the counter of noise that is drawn per step. */
  default long steps() {
    return LrNoise.of(this).steps();
  }

  /**
   * Sets the number of completed steps, for a run that resumes from a checkpoint.
   *
   * @param steps at least 0
   */
  default void steps(long steps) {
    LrNoise.of(this).steps(Check.atLeast("steps", steps, 0));
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
   * @throws IndexOutOfBoundsException if the last step had no such group
   */
  default double realisedLr(long group) {
    try (DoublePointer rates = LrNoise.of(this).realised_lrs()) {
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

  /**
   * Closes the optimizer; closing again does nothing.
   *
   * @throws RuntimeException if a step is in progress
   */
  @Override
  void close();
}
