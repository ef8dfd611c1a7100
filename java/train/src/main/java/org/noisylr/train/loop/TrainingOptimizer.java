package org.noisylr.train.loop;

import org.bytedeco.pytorch.LossClosure;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.OptimizerParamGroupVector;
import org.bytedeco.pytorch.Tensor;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.torch.optim.NoisyOptimizer;
import org.noisylr.torch.optim.StepHook;
import org.noisylr.torch.optim.baseline.L4;

/** An optimizer and the noise on its learning rate, whichever object carries it. Owns both. */
public final class TrainingOptimizer implements AutoCloseable {
  private final Optimizer optimizer;
  private final NoisyOptimizer noisy;
  private final KnownLoss knownLoss;

  /** A closure for a loss whose gradients are there already. */
  private static final class KnownLoss extends LossClosure {
    private Tensor loss;

    @Override
    public Tensor call() {
      return loss;
    }
  }

  private TrainingOptimizer(Optimizer optimizer, NoisyOptimizer noisy, KnownLoss knownLoss) {
    this.optimizer = optimizer;
    this.noisy = noisy;
    this.knownLoss = knownLoss;
  }

  /** An optimizer that is also a {@link NoisyOptimizer}. */
  static TrainingOptimizer of(Optimizer optimizer) {
    return new TrainingOptimizer(optimizer, (NoisyOptimizer) optimizer, null);
  }

  /** L4, whose step needs the loss, with noise on its α. */
  static TrainingOptimizer of(L4 optimizer, NoiseSpec noise) {
    return new TrainingOptimizer(optimizer, new StepHook(optimizer, noise), new KnownLoss());
  }

  /** LibTorch's view of it: parameter groups, state. */
  public Optimizer optimizer() {
    return optimizer;
  }

  /** The noise and what it realised. */
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
   * One step with the gradients that the parameters have.
   *
   * @param loss the loss that they are of
   */
  public void step(Tensor loss) {
    if (noisy instanceof StepHook hook) {
      knownLoss.loss = loss;
      hook.step(knownLoss);
    } else {
      optimizer.step();
    }
  }

  @Override
  public void close() {
    noisy.close();
    optimizer.close();
    if (knownLoss != null) {
      knownLoss.close();
    }
  }
}
