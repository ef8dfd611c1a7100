package org.noisylr.torch.optim;

import static org.noisylr.torch.optim.LrNoise.open;

import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.annotation.ByVal;
import org.bytedeco.javacpp.annotation.Namespace;
import org.bytedeco.javacpp.annotation.Properties;
import org.bytedeco.pytorch.Adam;
import org.bytedeco.pytorch.AdamOptions;
import org.bytedeco.pytorch.InputArchive;
import org.bytedeco.pytorch.LossClosure;
import org.bytedeco.pytorch.OptimizerOptions;
import org.bytedeco.pytorch.OptimizerParamGroup;
import org.bytedeco.pytorch.OptimizerParamGroupVector;
import org.bytedeco.pytorch.OutputArchive;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.noisylr.noise.NoiseSpec;

/**
 * {@code torch::optim::Adam} with a random learning rate: a drop-in for {@link Adam}.
 *
 * <p>Only the learning rate differs from LibTorch's optimizer, as {@link NoisyOptimizer} says;
 * options, parameter groups, schedulers and archives are LibTorch's own.
 */
@Namespace("noisylr")
@Properties(inherit = NativeLibrary.class)
public final class NoisyAdam extends Adam implements NoisyOptimizer {
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
    allocate(parameters, options, NativeNoiseSpec.of(noise));
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
    allocate(groups, options, NativeNoiseSpec.of(noise));
  }

  private native void allocate(
      @ByVal TensorVector parameters, @ByVal AdamOptions options, @ByVal NativeNoiseSpec noise);

  private native void allocate(
      @ByVal OptimizerParamGroupVector groups,
      @ByVal AdamOptions options,
      @ByVal NativeNoiseSpec noise);

  // LibTorch's methods, refused once the native object is gone.

  @Override
  public Tensor step() {
    open(this);
    return super.step();
  }

  @Override
  public Tensor step(LossClosure closure) {
    open(this);
    return super.step(CheckedClosure.of(closure));
  }

  @Override
  public void zero_grad() {
    open(this);
    super.zero_grad();
  }

  @Override
  public void zero_grad(boolean setToNone) {
    open(this);
    super.zero_grad(setToNone);
  }

  @Override
  public void add_param_group(OptimizerParamGroup group) {
    open(this);
    super.add_param_group(group);
  }

  @Override
  public void add_parameters(TensorVector parameters) {
    open(this);
    super.add_parameters(parameters);
  }

  @Override
  public TensorVector parameters() {
    open(this);
    return super.parameters();
  }

  @Override
  public long size() {
    open(this);
    return super.size();
  }

  @Override
  public OptimizerOptions defaults() {
    open(this);
    return super.defaults();
  }

  @Override
  public OptimizerParamGroupVector param_groups() {
    open(this);
    return super.param_groups();
  }

  @Override
  public void save(OutputArchive archive) {
    open(this);
    super.save(archive);
  }

  @Override
  public void load(InputArchive archive) {
    open(this);
    super.load(archive);
  }
}
