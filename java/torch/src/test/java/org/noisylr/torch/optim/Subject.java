package org.noisylr.torch.optim;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Function;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.LossClosure;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.SGD;
import org.bytedeco.pytorch.SGDOptions;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.torch.optim.baseline.Alrao;
import org.noisylr.torch.optim.baseline.GradientNoise;
import org.noisylr.torch.optim.baseline.L4;
import org.noisylr.torch.optim.baseline.L4Adam;
import org.noisylr.torch.optim.baseline.L4Mom;
import org.noisylr.torch.optim.baseline.L4Options;
import org.noisylr.torch.optim.baseline.Langevin;
import org.noisylr.torch.optim.baseline.PerturbedDescent;

/**
 * An object with a step: an optimizer, or a wrapper of one.
 *
 * @param object the object whose {@code step} is called
 * @param optimizer the same object, or the wrapped optimizer
 */
record Subject(Pointer object, Optimizer optimizer) implements AutoCloseable {
  static final double LR = 0.01;
  static final NoiseSpec NOISE = NoiseSpec.uniform(8).seed(42).stepsPerEpoch(10);

  /** A constructor of a class, for optimizers with the given parameters. */
  record Maker(String name, Function<TensorVector, Subject> constructor) {
    Subject make(TensorVector parameters) {
      return constructor.apply(parameters);
    }

    Subject make(Problem problem) {
      return make(problem.parameters());
    }

    @Override
    public String toString() {
      return name;
    }
  }

  /** Runs a test with a {@link Maker} of each class. */
  @Retention(RetentionPolicy.RUNTIME)
  @ParameterizedTest(name = "{0}")
  @MethodSource("org.noisylr.torch.optim.Subject#makers")
  @interface Each {}

  static List<Maker> makers() {
    return all().entrySet().stream().map(e -> new Maker(e.getKey(), e.getValue())).toList();
  }

  private static Map<String, Function<TensorVector, Subject>> all() {
    Map<String, Function<TensorVector, Subject>> all = new LinkedHashMap<>();
    for (OptimizerFamily family : OptimizerFamily.values()) {
      all.put("noisy " + family, parameters -> of(family.noisy(parameters, LR, NOISE)));
    }
    all.put("L4Mom", parameters -> of(new L4Mom(parameters, new L4Options(LR))));
    all.put("L4Adam", parameters -> of(new L4Adam(parameters, new L4Options(LR))));
    Map<String, Function<Optimizer, Pointer>> wrappers = new LinkedHashMap<>();
    wrappers.put("StepHook", optimizer -> new StepHook(optimizer, NOISE));
    wrappers.put("GradientNoise", optimizer -> new GradientNoise(optimizer, 0.01, 0.55, 1));
    wrappers.put("Langevin", optimizer -> new Langevin(optimizer, 1e-6, 1));
    wrappers.put("PerturbedDescent", optimizer -> new PerturbedDescent(optimizer, 1e-3, 100, 3, 1));
    wrappers.put("Alrao", optimizer -> new Alrao(optimizer, 0.1, 1, 1));
    wrappers.forEach(
        (name, wrap) -> {
          all.put(name, parameters -> of(new SGD(parameters, new SGDOptions(LR)), wrap));
          all.put(
              name + " of NoisyAdam",
              parameters -> of(OptimizerFamily.ADAM.noisy(parameters, LR, NoiseSpec.none()), wrap));
        });
    all.put(
        "StepHook of L4Adam",
        parameters -> of(new L4Adam(parameters, new L4Options(LR)), wrappers.get("StepHook")));
    return all;
  }

  private static Subject of(Optimizer optimizer) {
    return new Subject(optimizer, optimizer);
  }

  private static Subject of(Optimizer optimizer, Function<Optimizer, Pointer> wrap) {
    return new Subject(wrap.apply(optimizer), optimizer);
  }

  boolean isWrapper() {
    return object != optimizer;
  }

  /** Whether the optimizer is one of LibTorch's own. */
  boolean isStock() {
    return optimizer.getClass() == SGD.class;
  }

  /** Whether a step without a closure is an error. */
  boolean needsClosure() {
    return optimizer instanceof L4 || object instanceof PerturbedDescent;
  }

  Tensor step(LossClosure closure) {
    return object instanceof OptimizerWrapper wrapper
        ? wrapper.step(closure)
        : optimizer.step(closure);
  }

  /** The base learning rates of all groups. */
  double[] lrs() {
    double[] lrs = new double[(int) optimizer.param_groups().size()];
    Arrays.setAll(lrs, group -> optimizer.param_groups().get(group).options().get_lr());
    return lrs;
  }

  /** Asserts that a step moves the parameters and leaves the base learning rates. */
  void assertSteps(Problem problem) {
    double[] lrs = lrs();
    float[] before = problem.values();
    assertThat(step(closure(() -> problem.loss(optimizer))).item_double()).isFinite();
    assertThat(problem.values()).isNotEqualTo(before);
    assertThat(lrs()).isEqualTo(lrs);
  }

  /** A closure that throws whatever {@code loss} throws. */
  static LossClosure closure(Callable<Tensor> loss) {
    return new LossClosure() {
      @Override
      public Tensor call() {
        try {
          return loss.call();
        } catch (Exception e) {
          return Subject.<RuntimeException>rethrow(e);
        }
      }
    };
  }

  @SuppressWarnings("unchecked")
  private static <E extends Exception> Tensor rethrow(Exception e) throws E {
    throw (E) e;
  }

  @Override
  public void close() {
    object.close();
    optimizer.close();
  }
}
