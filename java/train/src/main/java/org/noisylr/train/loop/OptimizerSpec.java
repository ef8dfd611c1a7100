package org.noisylr.train.loop;

import java.util.Objects;
import org.bytedeco.pytorch.AdagradOptions;
import org.bytedeco.pytorch.AdamOptions;
import org.bytedeco.pytorch.AdamWOptions;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.OptimizerParamGroup;
import org.bytedeco.pytorch.OptimizerParamGroupVector;
import org.bytedeco.pytorch.RMSpropOptions;
import org.bytedeco.pytorch.SGDOptions;
import org.bytedeco.pytorch.TensorVector;
import org.noisylr.check.Check;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.torch.optim.FusedOptimizer;
import org.noisylr.torch.optim.Implementation;
import org.noisylr.torch.optim.MomentumForm;
import org.noisylr.torch.optim.NoisyAdagrad;
import org.noisylr.torch.optim.NoisyAdam;
import org.noisylr.torch.optim.NoisyAdamW;
import org.noisylr.torch.optim.NoisyRMSprop;
import org.noisylr.torch.optim.NoisySGD;
import org.noisylr.torch.optim.baseline.L4Adam;
import org.noisylr.torch.optim.baseline.L4Mom;
import org.noisylr.torch.optim.baseline.L4Options;

/**
 * An optimizer and its settings. Other settings have LibTorch's defaults.
 *
 * @param kind the algorithm
 * @param momentum in [0, 1), for {@link Kind#MOMENTUM} only; 0.9 in the paper
 * @param nesterov whether it is Nesterov's momentum, for {@link Kind#MOMENTUM} only
 * @param momentumForm where the learning rate enters it; null for {@code TORCH}, the only one for
 *     other kinds
 * @param weightDecay at least 0: decoupled for AdamW, L2 for the others; must be 0 for L4
 * @param implementation how steps are computed; ignored for L4
 */
public record OptimizerSpec(
    Kind kind,
    double momentum,
    boolean nesterov,
    MomentumForm momentumForm,
    double weightDecay,
    Implementation implementation) {
  /** The optimizers of the paper, AdamW, and the baseline L4. */
  public enum Kind {
    /** SGD without momentum. */
    SGD,
    /** SGD with momentum. */
    MOMENTUM,
    ADAM,
    ADAMW,
    ADAGRAD,
    RMSPROP,
    /** {@link L4Mom}; the learning rate sets its α. */
    L4MOM,
    /** {@link L4Adam}; the learning rate sets its α. */
    L4ADAM;

    /** Returns whether this is L4. */
    public boolean isL4() {
      return this == L4MOM || this == L4ADAM;
    }
  }

  /** Validates the values. */
  public OptimizerSpec {
    Check.required("optimizer", kind);
    Check.required("implementation", implementation);
    if (!(momentum >= 0 && momentum < 1)) {
      throw Check.invalid("momentum", momentum, "in [0, 1)");
    }
    momentumForm = Objects.requireNonNullElse(momentumForm, MomentumForm.TORCH);
    if (kind != Kind.MOMENTUM && (nesterov || momentumForm != MomentumForm.TORCH)) {
      throw Check.invalid(
          "optimizer", kind, "momentum for Nesterov's momentum or the momentum form keras");
    }
    if (nesterov && momentum == 0) {
      throw Check.invalid("momentum", momentum, "greater than 0 for Nesterov's momentum");
    }
    Check.nonNegative("weight decay", weightDecay);
    if (kind.isL4() && weightDecay != 0) {
      throw Check.invalid("weight decay", weightDecay, "0 for L4");
    }
  }

  /** Plain momentum in PyTorch's form. */
  public OptimizerSpec(
      Kind kind, double momentum, double weightDecay, Implementation implementation) {
    this(kind, momentum, false, MomentumForm.TORCH, weightDecay, implementation);
  }

  /**
   * Creates the optimizer and its noise, with one parameter group.
   *
   * @param parameters the tensors to train
   * @param lr the initial learning rate
   * @param noise the noise on the learning rate
   * @return owned by the caller
   */
  public TrainingOptimizer create(TensorVector parameters, double lr, NoiseSpec noise) {
    return create(new OptimizerParamGroupVector(new OptimizerParamGroup(parameters)), lr, noise);
  }

  /** Creates the optimizer and its noise, with these settings for all parameter groups. */
  public TrainingOptimizer create(OptimizerParamGroupVector groups, double lr, NoiseSpec noise) {
    if (kind.isL4()) {
      L4Options options = new L4Options(lr);
      return TrainingOptimizer.of(
          kind == Kind.L4MOM ? new L4Mom(groups, options) : new L4Adam(groups, options), noise);
    }
    Optimizer optimizer = fused(groups, lr, noise);
    ((FusedOptimizer) optimizer).implementation(implementation);
    return TrainingOptimizer.of(optimizer);
  }

  private Optimizer fused(OptimizerParamGroupVector groups, double lr, NoiseSpec noise) {
    return switch (kind) {
      case SGD, MOMENTUM -> {
        SGDOptions options = new SGDOptions(lr);
        options.momentum().put(kind == Kind.MOMENTUM ? momentum : 0);
        options.weight_decay().put(weightDecay);
        options.nesterov().put(nesterov);
        yield new NoisySGD(groups, options, noise).momentumForm(momentumForm);
      }
      case ADAM -> {
        AdamOptions options = new AdamOptions(lr);
        options.weight_decay().put(weightDecay);
        yield new NoisyAdam(groups, options, noise);
      }
      case ADAMW -> {
        AdamWOptions options = new AdamWOptions(lr);
        options.weight_decay().put(weightDecay);
        yield new NoisyAdamW(groups, options, noise);
      }
      case ADAGRAD -> {
        AdagradOptions options = new AdagradOptions(lr);
        options.weight_decay().put(weightDecay);
        yield new NoisyAdagrad(groups, options, noise);
      }
      case RMSPROP -> {
        RMSpropOptions options = new RMSpropOptions(lr);
        options.weight_decay().put(weightDecay);
        yield new NoisyRMSprop(groups, options, noise);
      }
      case L4MOM, L4ADAM -> throw new AssertionError("L4 has no noise of its own");
    };
  }
}
