package org.noisylr.torch.optim;

import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.annotation.ByVal;
import org.bytedeco.javacpp.annotation.Name;
import org.bytedeco.javacpp.annotation.Namespace;
import org.bytedeco.javacpp.annotation.Properties;
import org.bytedeco.javacpp.annotation.SharedPtr;
import org.bytedeco.pytorch.Adam;
import org.bytedeco.pytorch.AdamOptions;
import org.bytedeco.pytorch.OptimizerParamGroupVector;
import org.bytedeco.pytorch.TensorVector;
import org.noisylr.noise.NoiseSpec;

/**
 * {@code torch::optim::Adam} with a random learning rate and a fused step: a drop-in for {@link
 * Adam}.
 *
 * <p>Only the learning rate differs from LibTorch's optimizer, as {@link NoisyOptimizer} says;
 * options, parameter groups, schedulers and archives are LibTorch's own.
 */
@Name("NoisyFusedAdam")
@Namespace("noisylr")
@Properties(inherit = NativeLibrary.class)
public final class NoisyAdam extends FusedAdam implements NoisyOptimizer {
  static {
    NativeLibrary.load(NoisyAdam.class);
  }

  /**
   * An optimizer of one parameter group.
   *
   * @param parameters the tensors to train; ownership is shared
   * @param options LibTorch's options, copied
   * @param noise the noise on the learning rate
   */
  public NoisyAdam(TensorVector parameters, AdamOptions options, NoiseSpec noise) {
    super((Pointer) null);
    allocate(ParamGroups.copy(parameters), options, NativeNoiseSpec.of(noise));
  }

  /**
   * An optimizer of several parameter groups.
   *
   * @param groups parameters with options of their own; a group without takes {@code options}
   * @param options LibTorch's options, copied
   * @param noise the noise on the learning rate
   */
  public NoisyAdam(OptimizerParamGroupVector groups, AdamOptions options, NoiseSpec noise) {
    super((Pointer) null);
    allocate(ParamGroups.copy(groups), options, NativeNoiseSpec.of(noise));
  }

  @SharedPtr
  @Name("noisylr::make_retiring<noisylr::NoisyFusedAdam>")
  private native void allocate(
      @ByVal TensorVector parameters, @ByVal AdamOptions options, @ByVal NativeNoiseSpec noise);

  @SharedPtr
  @Name("noisylr::make_retiring<noisylr::NoisyFusedAdam>")
  private native void allocate(
      @ByVal OptimizerParamGroupVector groups,
      @ByVal AdamOptions options,
      @ByVal NativeNoiseSpec noise);
}
