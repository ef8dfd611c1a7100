package org.noisylr.torch.optim;

import static org.noisylr.torch.optim.NativeLibrary.open;

import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.annotation.ByVal;
import org.bytedeco.javacpp.annotation.Name;
import org.bytedeco.javacpp.annotation.Namespace;
import org.bytedeco.javacpp.annotation.Properties;
import org.bytedeco.pytorch.InputArchive;
import org.bytedeco.pytorch.LossClosure;
import org.bytedeco.pytorch.OptimizerOptions;
import org.bytedeco.pytorch.OptimizerParamGroup;
import org.bytedeco.pytorch.OptimizerParamGroupVector;
import org.bytedeco.pytorch.OutputArchive;
import org.bytedeco.pytorch.SGD;
import org.bytedeco.pytorch.SGDOptions;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;

/**
 * {@code torch::optim::SGD} whose step is one pass over all parameters: a drop-in for {@link SGD}.
 *
 * <p>Same formula, same values: {@link FusedOptimizer} says what computes which parameter. Options,
 * parameter groups, schedulers and archives are LibTorch's own.
 */
@Namespace("noisylr")
@Properties(inherit = NativeLibrary.class)
public sealed class FusedSGD extends SGD implements FusedOptimizer permits NoisySGD {
  static {
    NativeLibrary.load(FusedSGD.class);
  }

  private final NoLoss noLoss = new NoLoss();

  FusedSGD(Pointer p) {
    super(p);
  }

  /**
   * An optimizer of one parameter group.
   *
   * @param parameters the tensors to train; ownership is shared
   * @param options LibTorch's options, copied
   */
  public FusedSGD(TensorVector parameters, SGDOptions options) {
    super((Pointer) null);
    allocate(parameters, options);
  }

  /**
   * An optimizer of several parameter groups.
   *
   * @param groups parameters with options of their own; a group without takes {@code options}
   * @param options LibTorch's options, copied
   */
  public FusedSGD(OptimizerParamGroupVector groups, SGDOptions options) {
    super((Pointer) null);
    allocate(groups, options);
  }

  private native void allocate(@ByVal TensorVector parameters, @ByVal SGDOptions options);

  private native void allocate(@ByVal OptimizerParamGroupVector groups, @ByVal SGDOptions options);

  @Name("step")
  private native void nativeStep();

  // LibTorch's methods, refused once the native object is gone.

  @Override
  public Tensor step() {
    open(this);
    nativeStep();
    return noLoss.get();
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
