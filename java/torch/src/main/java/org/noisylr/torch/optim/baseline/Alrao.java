package org.noisylr.torch.optim.baseline;

import org.bytedeco.javacpp.annotation.ByRef;
import org.bytedeco.javacpp.annotation.ByVal;
import org.bytedeco.javacpp.annotation.Cast;
import org.bytedeco.javacpp.annotation.Name;
import org.bytedeco.javacpp.annotation.Namespace;
import org.bytedeco.javacpp.annotation.Properties;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.Tensor;
import org.noisylr.torch.internal.NativeLibrary;

/**
 * Random rates per feature (Blier et al. 2018, "Learning with Random Learning Rates", Alrao): the
 * update of each output feature is multiplied by a factor of its own, drawn once, log-uniform in
 * [min, max]. With an optimizer's rate of 1, the factors are the rates of the paper.
 *
 * <p>Features are the indices of a parameter's first dimension, which is right for dense layers and
 * convolutions, not for transposed convolutions and embeddings. A parameter of one dimension shares
 * the factors of the parameter before it if that has as many features, so that biases and batch
 * norm share those of their layer. This is the paper's rule for all layers but the last. Its last
 * layer, an average of several classifiers with one rate each, is another model and not
 * implemented.
 */
@Namespace("noisylr")
@Properties(inherit = NativeLibrary.class)
public final class Alrao extends Perturbation {
  /**
   * @param optimizer must stay open
   * @param min in (0, inf); the paper uses 1e-5
   * @param max in [min, inf); the paper uses 10
   * @param seed of the factors
   * @throws RuntimeException if a value is outside its interval
   */
  public Alrao(Optimizer optimizer, double min, double max, long seed) {
    super(optimizer);
    allocate(optimizer, min, max, seed);
  }

  private native void allocate(
      @ByRef Optimizer optimizer, double min, double max, @Cast("uint64_t") long seed);

  /**
   * The factors of a parameter's features.
   *
   * @param parameter its zero-based number over all groups
   * @return {@code float64 [features]} on the parameter's device; owned by the caller
   * @throws RuntimeException if there is no such parameter
   */
  public Tensor factors(long parameter) {
    optimizer(); // throws if it is closed
    return nativeFactors(parameter);
  }

  @Name("factors")
  private native @ByVal Tensor nativeFactors(@Cast("uint64_t") long parameter);
}
