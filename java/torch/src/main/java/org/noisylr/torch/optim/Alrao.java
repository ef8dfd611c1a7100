package org.noisylr.torch.optim;

import org.bytedeco.javacpp.annotation.ByRef;
import org.bytedeco.javacpp.annotation.ByVal;
import org.bytedeco.javacpp.annotation.Cast;
import org.bytedeco.javacpp.annotation.Name;
import org.bytedeco.javacpp.annotation.Namespace;
import org.bytedeco.javacpp.annotation.Properties;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.Tensor;

/**
 * Rates of features (Blier et al. 2018, "Learning with Random Learning Rates", Alrao): the update
 * of each output feature is multiplied by a factor of its own, drawn once, log-uniform in [min,
 * max]. With an optimizer's rate of 1, the factors are the rates of the paper.
 *
 * <p>Features are the indices of a parameter's first dimension, as of dense layers and
 * convolutions; those of transposed convolutions and embeddings are others. A parameter of one
 * dimension that has as many as the one before it shares its factors, as biases and batch norm
 * share those of their layer. Of the paper, this is the rule for the layers that are not the last.
 * Its last layer, which is replaced by an average of several classifiers with a rate each, is left
 * out: that is another model, not another step.
 */
@Namespace("noisylr")
@Properties(inherit = NativeLibrary.class)
public final class Alrao extends Perturbation {
  static {
    NativeLibrary.load(Alrao.class);
  }

  /**
   * @param optimizer must stay open
   * @param min in (0, inf); the paper uses 1e-5
   * @param max in [min, inf); the paper uses 10
   * @param seed of the factors
   * @throws RuntimeException if a value is outside its interval
   */
  public Alrao(Optimizer optimizer, double min, double max, long seed) {
    super(optimizer);
    try (Guard.Use use = inside()) {
      allocate(optimizer, min, max, seed);
    }
  }

  private native void allocate(
      @ByRef Optimizer optimizer, double min, double max, @Cast("uint64_t") long seed);

  /**
   * The factors of a parameter's features.
   *
   * @param parameter its number over all groups, from 0 on
   * @return {@code float64 [features]} on the parameter's device; owned by the caller
   * @throws RuntimeException if there is no such parameter
   */
  public Tensor factors(long parameter) {
    try (Guard.Use use = use()) {
      return nativeFactors(parameter);
    }
  }

  @Name("factors")
  private native @ByVal Tensor nativeFactors(@Cast("uint64_t") long parameter);
}
