package org.noisylr.bench;

import java.util.function.BiFunction;
import java.util.function.DoubleFunction;
import java.util.function.Function;
import org.bytedeco.pytorch.Adagrad;
import org.bytedeco.pytorch.AdagradOptions;
import org.bytedeco.pytorch.Adam;
import org.bytedeco.pytorch.AdamOptions;
import org.bytedeco.pytorch.AdamW;
import org.bytedeco.pytorch.AdamWOptions;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.RMSprop;
import org.bytedeco.pytorch.RMSpropOptions;
import org.bytedeco.pytorch.SGD;
import org.bytedeco.pytorch.SGDOptions;
import org.bytedeco.pytorch.TensorVector;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.torch.optim.NoisyAdagrad;
import org.noisylr.torch.optim.NoisyAdam;
import org.noisylr.torch.optim.NoisyAdamW;
import org.noisylr.torch.optim.NoisyRMSprop;
import org.noisylr.torch.optim.NoisySGD;

/** The optimizers, with LibTorch's default options except for SGD's momentum. */
public enum Algorithm {
  /** With momentum 0.9. */
  SGD(5, Algorithm::momentum, SGD::new, NoisySGD::new, NoisySGD::new),
  ADAM(7, AdamOptions::new, Adam::new, NoisyAdam::new, NoisyAdam::new),
  ADAMW(7, AdamWOptions::new, AdamW::new, NoisyAdamW::new, NoisyAdamW::new),
  ADAGRAD(5, AdagradOptions::new, Adagrad::new, NoisyAdagrad::new, NoisyAdagrad::new),
  RMSPROP(5, RMSpropOptions::new, RMSprop::new, NoisyRMSprop::new, NoisyRMSprop::new);

  private static final double LR = 1e-3;
  static final NoiseSpec NOISE = NoiseSpec.uniform(8).stepsPerEpoch(391).seed(1);

  private interface NoisyConstructor<O> {
    Optimizer make(TensorVector parameters, O options, NoiseSpec noise);
  }

  /** Floats that a step reads or writes per value: the parameter, its gradient and its state. */
  final int transfers;

  private final Function<TensorVector, Optimizer> plain;
  private final Function<TensorVector, Optimizer> fused;
  private final BiFunction<TensorVector, NoiseSpec, Optimizer> noisy;

  <O> Algorithm(
      int transfers,
      DoubleFunction<O> options,
      BiFunction<TensorVector, O, Optimizer> plain,
      BiFunction<TensorVector, O, Optimizer> fused,
      NoisyConstructor<O> noisy) {
    this.transfers = transfers;
    this.plain = parameters -> plain.apply(parameters, options.apply(LR));
    this.fused = parameters -> fused.apply(parameters, options.apply(LR));
    this.noisy = (parameters, noise) -> noisy.make(parameters, options.apply(LR), noise);
  }

  private static SGDOptions momentum(double lr) {
    SGDOptions options = new SGDOptions(lr);
    options.momentum().put(0.9);
    return options;
  }

  Optimizer plain(TensorVector parameters) {
    return plain.apply(parameters);
  }

  Optimizer fused(TensorVector parameters) {
    return fused.apply(parameters);
  }

  Optimizer noisy(TensorVector parameters) {
    return noisy.apply(parameters, NOISE);
  }
}
