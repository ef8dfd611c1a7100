package org.noisylr.torch.optim;

import static org.noisylr.torch.internal.NativeLibrary.open;

import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.annotation.ByRef;
import org.bytedeco.javacpp.annotation.ByVal;
import org.bytedeco.javacpp.annotation.Name;
import org.bytedeco.javacpp.annotation.Namespace;
import org.bytedeco.javacpp.annotation.Properties;
import org.bytedeco.pytorch.LossClosure;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.Tensor;
import org.noisylr.torch.internal.LossCallback;
import org.noisylr.torch.internal.NativeLibrary;

/**
 * Forward pass, backward pass and step of an optimizer, recorded once in a CUDA graph and replayed
 * in each further step, which is then one launch in place of hundreds.
 *
 * <p>The first three steps run as usual, so that a run has the same steps as one without a
 * recording. Then a step is recorded, and recorded again whenever parameters, groups, state or
 * options other than the learning rate have been replaced. Noise, schedules, {@link
 * NoisyOptimizer#realisedLr}, counts of steps and archives are those of the optimizer: before a
 * replay, the learning rates that have changed are written into tensors on the device.
 *
 * <p>A recording fixes shapes and addresses. The closure has to read its batch from the same
 * tensors in each step, copied there before; it may not wait for the device or read a value from
 * it; and each replay takes the branches that Java took while the step was recorded. Random numbers
 * differ from step to step. Between steps, the optimizer may also step as usual, for a smaller last
 * batch; close the losses and outputs of such steps. After a replay, the parameters' gradients are
 * those of the recording.
 */
@Namespace("noisylr")
@Properties(inherit = NativeLibrary.class)
public final class CapturedStep extends Pointer {
  static {
    NativeLibrary.load();
  }

  private final Optimizer optimizer;
  private final LossCallback callback;

  /**
   * @param optimizer steps parameters that are all on one CUDA device; must stay open
   * @param closure sets the gradients to none, computes the loss and its gradients, and returns the
   *     loss; must stay open
   * @throws UnsupportedOperationException if this build has no CUDA graphs
   * @throws RuntimeException if the optimizer has no parameters, or they are not on a CUDA device
   */
  public CapturedStep(FusedOptimizer optimizer, LossClosure closure) {
    super((Pointer) null);
    this.optimizer = open((Optimizer) optimizer);
    NativeLibrary.loadCudaGraphs();
    callback = LossCallback.of(closure).retainReference();
    allocate(this.optimizer, callback);
  }

  /** Whether this build has CUDA graphs. */
  public static boolean isSupported() {
    return NativeLibrary.hasCudaGraphs();
  }

  private native void allocate(@ByRef Optimizer optimizer, @ByVal LossCallback closure);

  /**
   * A step of the optimizer with the closure; throws exactly what the closure throws.
   *
   * @return the loss; a replay overwrites the tensor of the one before
   * @throws RuntimeException if steps cannot be recorded: the optimizer's steps are not fused or
   *     not all on the device, or something is replaced in each step
   */
  public Tensor step() {
    open(this);
    open(optimizer);
    return callback.evaluate(this::nativeStep);
  }

  @Name("step")
  private native @ByVal Tensor nativeStep();

  /** Whether the last step was a replay. */
  public boolean isReplayed() {
    return open(this).is_replayed();
  }

  private native boolean is_replayed();

  @Name("close")
  private native void nativeClose();

  /**
   * Frees the recording.
   *
   * @throws RuntimeException if a step is in progress
   */
  @Override
  public boolean releaseReference() {
    return isNull() || referenceCount() > 1 ? super.releaseReference() : closeNative();
  }

  private boolean closeNative() {
    nativeClose();
    callback.releaseReference();
    setNull(); // JavaCPP frees the native object once this one is unreachable
    return true;
  }
}
