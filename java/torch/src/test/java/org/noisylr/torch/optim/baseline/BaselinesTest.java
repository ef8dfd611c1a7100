package org.noisylr.torch.optim.baseline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.LossClosure;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.OptimizerParamGroup;
import org.bytedeco.pytorch.SGD;
import org.bytedeco.pytorch.SGDOptions;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.torch.optim.NoisySGD;
import org.noisylr.torch.optim.OptimizerState;
import org.noisylr.torch.optim.StepHook;

/** The baselines from Java: formulas, options, state and errors. */
class BaselinesTest {
  /** x = (3, −4) with f = 1 + |x|²/2, whose gradient is x. */
  private static final class Bowl {
    private final Tensor x = torch.tensor(new double[] {3, -4}).set_requires_grad(true);

    private final LossClosure closure =
        new LossClosure() {
          @Override
          public Tensor call() {
            x.mutable_grad().put(x.detach().clone());
            return x.detach().mul(x.detach()).sum().mul(new Scalar(0.5)).add_(new Scalar(1.0));
          }
        };

    private TensorVector parameters() {
      return new TensorVector(x);
    }

    private double[] values() {
      return new double[] {x.detach().select(0, 0).item_double(), x.select(0, 1).item_double()};
    }
  }

  private final PointerScope scope = new PointerScope();
  private final Bowl bowl = new Bowl();

  @AfterEach
  void free() {
    scope.close();
  }

  @Test
  void l4TakesTheStepOfItsFormula() {
    try (L4Mom optimizer = new L4Mom(bowl.parameters(), new L4Options())) {
      assertThat(optimizer.lastScale()).isNaN();
      // L = 13.5, L_min = 0.75 L, <g, v> = 25.
      double scale = 13.5 * (1 - 0.9 * 0.75) / 25;
      assertThat(optimizer.step(bowl.closure).item_double()).isEqualTo(13.5);
      assertThat(optimizer.lastScale()).isCloseTo(scale, within(1e-12));
      assertThat(bowl.values()[0]).isCloseTo(3 * (1 - 0.15 * scale), within(1e-12));
      assertThat(bowl.values()[1]).isCloseTo(-4 * (1 - 0.15 * scale), within(1e-12));
    }
  }

  @Test
  void l4AdamsDirectionIsNormalised() {
    L4Options options = new L4Options(0.1).minloss_factor(0.5).adam_eps(1e-8);
    assertThat(options.fraction()).isEqualTo(0.1);
    assertThat(options.minloss_factor()).isEqualTo(0.5);
    assertThat(options.forget_time()).isEqualTo(1000);
    try (L4Adam optimizer = new L4Adam(bowl.parameters(), options)) {
      optimizer.step(bowl.closure);
      // v = (1, -1), <g, v> = 7.
      double scale = 13.5 * (1 - 0.5 * 0.75) / 7;
      assertThat(bowl.values()[0]).isCloseTo(3 - 0.1 * scale, within(1e-6));
      assertThat(bowl.values()[1]).isCloseTo(-4 + 0.1 * scale, within(1e-6));
    }
  }

  @Test
  void l4ResumesFromItsState() {
    Bowl first = new Bowl();
    Bowl second = new Bowl();
    L4Adam saved = new L4Adam(first.parameters(), new L4Options());
    saved.step(first.closure);
    saved.step(first.closure);
    Map<String, Tensor> state = OptimizerState.read(saved);
    assertThat(state).containsOnlyKeys("0.0.step", "0.0.min_loss", "0.0.exp_avg", "0.0.exp_avg_sq");
    L4Adam loaded = new L4Adam(second.parameters(), new L4Options());
    OptimizerState.load(loaded, state);
    second.x.detach().copy_(first.x.detach());
    saved.step(first.closure);
    loaded.step(second.closure);
    assertThat(second.values()).isEqualTo(first.values());
  }

  @Test
  void noiseOnL4ActsOnAlpha() {
    L4Mom optimizer = new L4Mom(bowl.parameters(), new L4Options());
    try (StepHook hook = new StepHook(optimizer, NoiseSpec.uniform(8).seed(5).stepsPerEpoch(100))) {
      hook.step(bowl.closure);
      double alpha = 0.15 * NoiseSpec.uniform(8).seed(5).factor(0, 0, 0);
      assertThat(hook.realisedLr()).isEqualTo(alpha);
      assertThat(bowl.values()[0])
          .isCloseTo(3 * (1 - alpha * optimizer.lastScale()), within(1e-12));
    }
  }

  @Test
  void groupsOfL4KeepTheirOptionsAndOtherOptionsAreRejected() {
    Bowl frozen = new Bowl();
    L4Mom optimizer = new L4Mom(bowl.parameters(), new L4Options());
    optimizer.add_param_group(new OptimizerParamGroup(frozen.parameters(), new L4Options(0)));
    frozen.closure.call();
    optimizer.step(bowl.closure);
    assertThat(frozen.values()).containsExactly(3, -4);
    assertThat(bowl.values()[0]).isNotEqualTo(3);
    assertThatThrownBy(
            () ->
                optimizer.add_param_group(
                    new OptimizerParamGroup(new Bowl().parameters(), new SGDOptions(0.1))))
        .hasMessageContaining("the options of a parameter group of L4 must be L4Options");
  }

  private static final List<Function<Optimizer, Perturbation>> PERTURBATIONS =
      List.of(
          o -> new GradientNoise(o, 0.3, 0.55, 1),
          o -> new Langevin(o, 0.1, 1),
          o -> new PerturbedDescent(o, 0.1, 100, 0, 1),
          o -> new Alrao(o, 1e-3, 1e-1, 1));

  @Test
  void perturbationsAreTheSameForTheSameSeedAndStep() {
    SGD plain = new SGD(bowl.parameters(), new SGDOptions(0.1));
    for (int i = 0; i < 3; i++) {
      plain.step(bowl.closure);
    }
    for (Function<Optimizer, Perturbation> make : PERTURBATIONS) {
      double[][] ends = new double[2][];
      for (int run = 0; run < 2; run++) {
        Bowl perturbed = new Bowl();
        SGD sgd = new SGD(perturbed.parameters(), new SGDOptions(0.1));
        try (Perturbation perturbation = make.apply(sgd)) {
          for (int i = 0; i < 3; i++) {
            assertThat(perturbation.step(perturbed.closure).item_double()).isPositive();
          }
          assertThat(perturbation.steps()).isEqualTo(3);
        }
        ends[run] = perturbed.values();
      }
      assertThat(ends[1]).isEqualTo(ends[0]);
      assertThat(ends[0]).isNotEqualTo(bowl.values());
    }
  }

  @Test
  void alraoMultipliesUpdatesByItsFactors() {
    SGD sgd = new SGD(bowl.parameters(), new SGDOptions(1));
    try (Alrao alrao = new Alrao(sgd, 1e-5, 1, 3)) {
      bowl.closure.call();
      assertThat(alrao.step().defined()).isFalse();
      Tensor factors = alrao.factors(0);
      assertThat(bowl.values()[0])
          .isCloseTo(3 * (1 - factors.select(0, 0).item_double()), within(1e-12));
      assertThatThrownBy(() -> alrao.factors(1))
          .isInstanceOf(RuntimeException.class)
          .hasMessageContaining("parameter number 1 does not exist");
    }
  }

  @Test
  void aPerturbationWorksWithANoisyOptimizer() {
    NoisySGD noisy =
        new NoisySGD(bowl.parameters(), new SGDOptions(0.1), NoiseSpec.uniform(8).seed(2));
    noisy.epoch(0);
    try (GradientNoise none = new GradientNoise(noisy, 0, 0.55, 1)) {
      none.step(bowl.closure);
      assertThat(bowl.values()[0]).isCloseTo(3 * (1 - noisy.realisedLr()), within(1e-12));
    }
  }

  @Test
  void perturbedDescentStoresItsLastPerturbation() {
    SGD sgd = new SGD(bowl.parameters(), new SGDOptions(0.1));
    try (PerturbedDescent descent = new PerturbedDescent(sgd, 0.1, 100, 5, 1)) {
      assertThat(descent.lastPerturbation()).isEqualTo(-1);
      descent.step(bowl.closure);
      assertThat(descent.lastPerturbation()).isZero();
      descent.lastPerturbation(-1);
      assertThat(descent.lastPerturbation()).isEqualTo(-1);
      assertThatThrownBy(descent::step)
          .isInstanceOf(RuntimeException.class)
          .hasMessageContaining("requires a closure");
    }
  }

  @Test
  void settingsOutsideTheirIntervalsAreRejected() {
    SGD sgd = new SGD(bowl.parameters(), new SGDOptions(1));
    assertThatThrownBy(() -> new L4Mom(bowl.parameters(), new L4Options(-1)))
        .hasMessageContaining("fraction must be at least 0, but is -1");
    assertThatThrownBy(() -> new GradientNoise(sgd, -1, 0.55, 1))
        .hasMessageContaining("eta must be at least 0, but is -1");
    assertThatThrownBy(() -> new Alrao(sgd, 1, 0.5, 1))
        .hasMessageContaining("max must be at least 1, but is 0.5");
    assertThatThrownBy(() -> new Langevin(sgd, 1, 1).steps(-1))
        .hasMessage("steps must be at least 0, but is -1");
  }
}
