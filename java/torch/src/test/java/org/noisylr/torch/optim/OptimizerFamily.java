package org.noisylr.torch.optim;

import java.util.function.BiFunction;
import java.util.function.DoubleFunction;
import org.bytedeco.pytorch.Adagrad;
import org.bytedeco.pytorch.AdagradOptions;
import org.bytedeco.pytorch.Adam;
import org.bytedeco.pytorch.AdamOptions;
import org.bytedeco.pytorch.AdamW;
import org.bytedeco.pytorch.AdamWOptions;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.OptimizerParamGroupVector;
import org.bytedeco.pytorch.RMSprop;
import org.bytedeco.pytorch.RMSpropOptions;
import org.bytedeco.pytorch.SGD;
import org.bytedeco.pytorch.SGDOptions;
import org.bytedeco.pytorch.TensorVector;
import org.noisylr.noise.NoiseSpec;

/**
 * LibTorch's optimizers and noisylr's of the same name, with options that use all of their state.
 */
public enum OptimizerFamily {
  SGD(OptimizerFamily::sgd, SGD::new, NoisySGD::new, NoisySGD::new),
  ADAM(OptimizerFamily::adam, Adam::new, NoisyAdam::new, NoisyAdam::new),
  ADAMW(AdamWOptions::new, AdamW::new, NoisyAdamW::new, NoisyAdamW::new),
  ADAGRAD(AdagradOptions::new, Adagrad::new, NoisyAdagrad::new, NoisyAdagrad::new),
  RMSPROP(OptimizerFamily::rmsprop, RMSprop::new, NoisyRMSprop::new, NoisyRMSprop::new);

  /** Makes a noisy optimizer; {@code O} is its options or its learning rate. */
  private interface Constructor<P, O> {
    Optimizer make(P parameters, O options, NoiseSpec noise);
  }

  private final BiFunction<TensorVector, Double, Optimizer> stock;
  private final Constructor<TensorVector, Double> noisy;
  private final Constructor<OptimizerParamGroupVector, Double> noisyGroups;

  <O> OptimizerFamily(
      DoubleFunction<O> options,
      BiFunction<TensorVector, O, Optimizer> stock,
      Constructor<TensorVector, O> noisy,
      Constructor<OptimizerParamGroupVector, O> noisyGroups) {
    this.stock = (parameters, lr) -> stock.apply(parameters, options.apply(lr));
    this.noisy = (parameters, lr, noise) -> noisy.make(parameters, options.apply(lr), noise);
    this.noisyGroups = (groups, lr, noise) -> noisyGroups.make(groups, options.apply(lr), noise);
  }

  private static SGDOptions sgd(double lr) {
    SGDOptions options = new SGDOptions(lr);
    options.momentum().put(0.9);
    options.weight_decay().put(1e-3);
    options.nesterov().put(true);
    return options;
  }

  private static AdamOptions adam(double lr) {
    AdamOptions options = new AdamOptions(lr);
    options.amsgrad().put(true);
    return options;
  }

  private static RMSpropOptions rmsprop(double lr) {
    RMSpropOptions options = new RMSpropOptions(lr);
    options.momentum().put(0.9);
    options.centered().put(true);
    return options;
  }

  Optimizer stock(TensorVector parameters, double lr) {
    return stock.apply(parameters, lr);
  }

  public Optimizer noisy(TensorVector parameters, double lr, NoiseSpec noise) {
    return noisy.make(parameters, lr, noise);
  }

  Optimizer noisy(OptimizerParamGroupVector groups, double lr, NoiseSpec noise) {
    return noisyGroups.make(groups, lr, noise);
  }
}
