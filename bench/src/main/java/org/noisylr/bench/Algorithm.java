package org.noisylr.bench;

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
  SGD(5) {
    @Override
    Optimizer plain(TensorVector parameters) {
      return new SGD(parameters, options());
    }

    @Override
    Optimizer fused(TensorVector parameters) {
      return new NoisySGD(parameters, options());
    }

    @Override
    Optimizer noisy(TensorVector parameters) {
      return new NoisySGD(parameters, options(), NOISE);
    }

    private SGDOptions options() {
      SGDOptions options = new SGDOptions(LR);
      options.momentum().put(0.9);
      return options;
    }
  },
  ADAM(7) {
    @Override
    Optimizer plain(TensorVector parameters) {
      return new Adam(parameters, new AdamOptions(LR));
    }

    @Override
    Optimizer fused(TensorVector parameters) {
      return new NoisyAdam(parameters, new AdamOptions(LR));
    }

    @Override
    Optimizer noisy(TensorVector parameters) {
      return new NoisyAdam(parameters, new AdamOptions(LR), NOISE);
    }
  },
  ADAMW(7) {
    @Override
    Optimizer plain(TensorVector parameters) {
      return new AdamW(parameters, new AdamWOptions(LR));
    }

    @Override
    Optimizer fused(TensorVector parameters) {
      return new NoisyAdamW(parameters, new AdamWOptions(LR));
    }

    @Override
    Optimizer noisy(TensorVector parameters) {
      return new NoisyAdamW(parameters, new AdamWOptions(LR), NOISE);
    }
  },
  ADAGRAD(5) {
    @Override
    Optimizer plain(TensorVector parameters) {
      return new Adagrad(parameters, new AdagradOptions(LR));
    }

    @Override
    Optimizer fused(TensorVector parameters) {
      return new NoisyAdagrad(parameters, new AdagradOptions(LR));
    }

    @Override
    Optimizer noisy(TensorVector parameters) {
      return new NoisyAdagrad(parameters, new AdagradOptions(LR), NOISE);
    }
  },
  RMSPROP(5) {
    @Override
    Optimizer plain(TensorVector parameters) {
      return new RMSprop(parameters, new RMSpropOptions(LR));
    }

    @Override
    Optimizer fused(TensorVector parameters) {
      return new NoisyRMSprop(parameters, new RMSpropOptions(LR));
    }

    @Override
    Optimizer noisy(TensorVector parameters) {
      return new NoisyRMSprop(parameters, new RMSpropOptions(LR), NOISE);
    }
  };

  private static final double LR = 1e-3;
  static final NoiseSpec NOISE = NoiseSpec.uniform(8).stepsPerEpoch(391).seed(1);

  /** Floats that a step reads or writes per value: the parameter, its gradient and its state. */
  final int transfers;

  Algorithm(int transfers) {
    this.transfers = transfers;
  }

  abstract Optimizer plain(TensorVector parameters);

  abstract Optimizer fused(TensorVector parameters);

  abstract Optimizer noisy(TensorVector parameters);
}
