package org.noisylr.torch.optim;

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
  SGD {
    @Override
    Optimizer stock(TensorVector parameters, double lr) {
      return new SGD(parameters, options(lr));
    }

    @Override
    public Optimizer noisy(TensorVector parameters, double lr, NoiseSpec noise) {
      return new NoisySGD(parameters, options(lr), noise);
    }

    @Override
    Optimizer noisy(OptimizerParamGroupVector groups, double lr, NoiseSpec noise) {
      return new NoisySGD(groups, options(lr), noise);
    }

    private SGDOptions options(double lr) {
      SGDOptions options = new SGDOptions(lr);
      options.momentum().put(0.9);
      options.weight_decay().put(1e-3);
      options.nesterov().put(true);
      return options;
    }
  },
  ADAM {
    @Override
    Optimizer stock(TensorVector parameters, double lr) {
      return new Adam(parameters, options(lr));
    }

    @Override
    public Optimizer noisy(TensorVector parameters, double lr, NoiseSpec noise) {
      return new NoisyAdam(parameters, options(lr), noise);
    }

    @Override
    Optimizer noisy(OptimizerParamGroupVector groups, double lr, NoiseSpec noise) {
      return new NoisyAdam(groups, options(lr), noise);
    }

    private AdamOptions options(double lr) {
      AdamOptions options = new AdamOptions(lr);
      options.amsgrad().put(true);
      return options;
    }
  },
  ADAMW {
    @Override
    Optimizer stock(TensorVector parameters, double lr) {
      return new AdamW(parameters, new AdamWOptions(lr));
    }

    @Override
    public Optimizer noisy(TensorVector parameters, double lr, NoiseSpec noise) {
      return new NoisyAdamW(parameters, new AdamWOptions(lr), noise);
    }

    @Override
    Optimizer noisy(OptimizerParamGroupVector groups, double lr, NoiseSpec noise) {
      return new NoisyAdamW(groups, new AdamWOptions(lr), noise);
    }
  },
  ADAGRAD {
    @Override
    Optimizer stock(TensorVector parameters, double lr) {
      return new Adagrad(parameters, new AdagradOptions(lr));
    }

    @Override
    public Optimizer noisy(TensorVector parameters, double lr, NoiseSpec noise) {
      return new NoisyAdagrad(parameters, new AdagradOptions(lr), noise);
    }

    @Override
    Optimizer noisy(OptimizerParamGroupVector groups, double lr, NoiseSpec noise) {
      return new NoisyAdagrad(groups, new AdagradOptions(lr), noise);
    }
  },
  RMSPROP {
    @Override
    Optimizer stock(TensorVector parameters, double lr) {
      return new RMSprop(parameters, options(lr));
    }

    @Override
    public Optimizer noisy(TensorVector parameters, double lr, NoiseSpec noise) {
      return new NoisyRMSprop(parameters, options(lr), noise);
    }

    @Override
    Optimizer noisy(OptimizerParamGroupVector groups, double lr, NoiseSpec noise) {
      return new NoisyRMSprop(groups, options(lr), noise);
    }

    private RMSpropOptions options(double lr) {
      RMSpropOptions options = new RMSpropOptions(lr);
      options.momentum().put(0.9);
      options.centered().put(true);
      return options;
    }
  };

  abstract Optimizer stock(TensorVector parameters, double lr);

  public abstract Optimizer noisy(TensorVector parameters, double lr, NoiseSpec noise);

  abstract Optimizer noisy(OptimizerParamGroupVector groups, double lr, NoiseSpec noise);
}
