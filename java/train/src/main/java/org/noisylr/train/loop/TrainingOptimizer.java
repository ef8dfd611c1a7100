package org.noisylr.train.loop;

import org.bytedeco.pytorch.LossClosure;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.OptimizerParamGroupVector;
import org.bytedeco.pytorch.Tensor;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.torch.optim.NoisyOptimizer;
import org.noisylr.torch.optim.StepHook;
import org.noisylr.torch.optim.baseline.L4;

/** An optimizer and the noise on its learning rate. Owns the native objects of both. */
public final class TrainingOptimizer implements AutoCloseable {
  private final Optimizer optimizer;
  private final NoisyOptimizer noisy;
  private final PrecomputedLoss precomputedLoss;

  /** Returns a loss whose gradients are already computed. */
  private static final class PrecomputedLoss extends LossClosure {
    private Tensor loss;

    @Override
    public Tensor call() {
      return loss;
    }
  }

  private TrainingOptimizer(
      Optimizer optimizer, NoisyOptimizer noisy, PrecomputedLoss precomputedLoss) {
    this.optimizer = optimizer;
    this.noisy = noisy;
    this.precomputedLoss = precomputedLoss;
  }

  /** Wraps an optimizer that is also a {@link NoisyOptimizer}. */
  static TrainingOptimizer of(Optimizer optimizer) {
    return new TrainingOptimizer(optimizer, (NoisyOptimizer) optimizer, null);
  }

  /** Wraps L4 and adds noise to its α. Its step requires the loss. */
  static TrainingOptimizer of(L4 optimizer, NoiseSpec noise) {
    return new TrainingOptimizer(optimizer, new StepHook(optimizer, noise), new PrecomputedLoss());
  }

  /** Returns LibTorch's optimizer with its parameter groups and state. */
  public Optimizer optimizer() {
    return optimizer;
  }

  /** Returns the noise and the realised learning rates. */
  public NoisyOptimizer noisy() {
    return noisy;
  }

  /** Sets the base learning rate of all groups; for L4, its α. */
  public void baseLr(double lr) {
    OptimizerParamGroupVector groups = optimizer.param_groups();
    for (long g = 0; g < groups.size(); g++) {
      groups.get(g).options().set_lr(lr);
    }
  }

  /**
   * Takes one step with the gradients of the parameters.
   *
   * @param loss the loss of these gradients
   */
  public void step(Tensor loss) {
    if (noisy instanceof StepHook hook) {
      precomputedLoss.loss = loss;
      hook.step(precomputedLoss);
    } else {
      optimizer.step();
    }
  }

  @Override
  public void close() {
    noisy.close();
    optimizer.close();
    if (precomputedLoss != null) {
      precomputedLoss.close();
    }
  }
}
