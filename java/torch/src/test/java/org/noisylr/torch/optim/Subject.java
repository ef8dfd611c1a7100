package org.noisylr.torch.optim;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.LossClosure;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.SGD;
import org.bytedeco.pytorch.SGDOptions;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.noisylr.noise.NoiseSpec;

/**
 * Something with a step: an optimizer, or what is around one.
 *
 * @param object what is stepped and closed
 * @param optimizer the same, or the optimizer inside
 */
record Subject(Pointer object, Optimizer optimizer) implements AutoCloseable {
  static final double LR = 0.01;
  static final NoiseSpec NOISE = NoiseSpec.uniform(8).seed(42);

  /** How each class of this package is made, by name. */
  static final Map<String, Function<TensorVector, Subject>> ALL = all();

  private static Map<String, Function<TensorVector, Subject>> all() {
    Map<String, Function<TensorVector, Subject>> all = new LinkedHashMap<>();
    for (Pair pair : Pair.values()) {
      all.put("fused " + pair, parameters -> of(pair.fused(parameters, LR)));
      all.put("noisy " + pair, parameters -> of(pair.noisy(parameters, LR, NOISE)));
    }
    all.put("L4Mom", parameters -> of(new L4Mom(parameters, new L4Options(LR))));
    all.put("L4Adam", parameters -> of(new L4Adam(parameters, new L4Options(LR))));
    Map<String, Function<Optimizer, Pointer>> around = new LinkedHashMap<>();
    around.put("StepHook", optimizer -> new StepHook(optimizer, NOISE));
    around.put("GradientNoise", optimizer -> new GradientNoise(optimizer, 0.01, 0.55, 1));
    around.put("Langevin", optimizer -> new Langevin(optimizer, 1e-6, 1));
    around.put("PerturbedDescent", optimizer -> new PerturbedDescent(optimizer, 1e-3, 100, 3, 1));
    around.put("Alrao", optimizer -> new Alrao(optimizer, 0.1, 1, 1));
    around.forEach(
        (name, wrap) -> {
          all.put(name, parameters -> wrapped(new SGD(parameters, new SGDOptions(LR)), wrap));
          all.put(
              name + " around FusedAdam",
              parameters -> wrapped(Pair.ADAM.fused(parameters, LR), wrap));
        });
    all.put(
        "Langevin around NoisySGD",
        parameters -> wrapped(Pair.SGD.noisy(parameters, LR, NOISE), around.get("Langevin")));
    all.put(
        "StepHook around L4Adam",
        parameters -> wrapped(new L4Adam(parameters, new L4Options(LR)), around.get("StepHook")));
    return all;
  }

  private static Subject of(Optimizer optimizer) {
    return new Subject(optimizer, optimizer);
  }

  private static Subject wrapped(Optimizer optimizer, Function<Optimizer, Pointer> wrap) {
    return new Subject(wrap.apply(optimizer), optimizer);
  }

  String name() {
    return object.getClass().getSimpleName();
  }

  boolean isAround() {
    return object != optimizer;
  }

  /** Whether a step without a closure is an error. */
  boolean needsClosure() {
    return optimizer instanceof L4 || object instanceof PerturbedDescent;
  }

  Tensor step(LossClosure closure) {
    if (object instanceof StepHook hook) {
      return hook.step(closure);
    }
    if (object instanceof Perturbation perturbation) {
      return perturbation.step(closure);
    }
    return optimizer.step(closure);
  }

  /** The base learning rates of all groups. */
  double[] lrs() {
    double[] lrs = new double[(int) optimizer.param_groups().size()];
    Arrays.setAll(lrs, group -> optimizer.param_groups().get(group).options().get_lr());
    return lrs;
  }

  @Override
  public void close() {
    object.close();
    optimizer.close();
  }
}
