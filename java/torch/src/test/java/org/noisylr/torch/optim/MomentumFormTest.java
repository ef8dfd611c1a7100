package org.noisylr.torch.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.SGDOptions;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.noisylr.noise.NoiseSpec;

class MomentumFormTest {
  private static final double MOMENTUM = 0.9;
  private static final int STEPS = 60;

  private static Tensor one() {
    return Tensor.create(1.0).set_requires_grad(true);
  }

  private static NoisySGD sgd(Tensor weight, boolean nesterov, NoiseSpec noise) {
    SGDOptions options = new SGDOptions(0.02);
    options.momentum().put(MOMENTUM);
    options.nesterov().put(nesterov);
    return new NoisySGD(new TensorVector(weight), options, noise);
  }

  /** A step on w²/2, whose gradient is w. */
  private static void step(NoisySGD sgd, Tensor weight) {
    sgd.zero_grad();
    weight.mul(weight).mul(new Scalar(0.5)).backward();
    sgd.step();
  }

  /** The weight is followed by hand, with a rate that the noise changes in each step. */
  @ParameterizedTest
  @CsvSource({"TORCH,false", "TORCH,true", "KERAS,false", "KERAS,true"})
  void stepsAreThoseOfTheFormula(MomentumForm form, boolean nesterov) {
    try (PointerScope scope = new PointerScope();
        Tensor weight = one();
        NoisySGD sgd = sgd(weight, nesterov, NoiseSpec.uniform(8).seed(3).perStep())) {
      sgd.momentumForm(form);
      double w = 1;
      double v = 0;
      for (int step = 0; step < STEPS; step++) {
        step(sgd, weight);
        double lr = sgd.realisedLr();
        double g = w;
        if (form == MomentumForm.TORCH) {
          v = MOMENTUM * v + g;
          w -= lr * (nesterov ? g + MOMENTUM * v : v);
        } else {
          v = MOMENTUM * v - lr * g;
          w += nesterov ? MOMENTUM * v - lr * g : v;
        }
        assertThat(weight.item_double()).isCloseTo(w, within(1e-12));
      }
      assertThat(Math.abs(w)).isLessThan(1);
    }
  }

  @Test
  void theFormIsSetBeforeTheFirstStep() {
    try (PointerScope scope = new PointerScope();
        Tensor weight = one();
        NoisySGD sgd = sgd(weight, false, NoiseSpec.none())) {
      assertThat(sgd.momentumForm()).isEqualTo(MomentumForm.TORCH);
      assertThat(sgd.momentumForm(MomentumForm.KERAS)).isSameAs(sgd);
      step(sgd, weight);
      assertThatThrownBy(() -> sgd.momentumForm(MomentumForm.TORCH))
          .hasMessage("the form of the momentum must be set before the first step");
      assertThat(sgd.momentumForm()).isEqualTo(MomentumForm.KERAS);
    }
  }
}
