package org.noisylr.torch.optim.baseline;

import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.annotation.ByRef;
import org.bytedeco.javacpp.annotation.ByVal;
import org.bytedeco.javacpp.annotation.Const;
import org.bytedeco.javacpp.annotation.Name;
import org.bytedeco.javacpp.annotation.Namespace;
import org.bytedeco.javacpp.annotation.Properties;
import org.bytedeco.javacpp.annotation.SharedPtr;
import org.bytedeco.pytorch.OptimizerParamGroupVector;
import org.bytedeco.pytorch.TensorVector;
import org.noisylr.torch.internal.NativeLibrary;

/** {@link L4} with v = g, the momentum method. */
@Namespace("noisylr")
@Properties(inherit = NativeLibrary.class)
public final class L4Mom extends L4 {
  static {
    NativeLibrary.load();
  }

  /**
   * An optimizer of one parameter group.
   *
   * @param parameters the tensors to train; ownership is shared
   * @param options the settings, copied
   * @throws RuntimeException if a setting is outside its interval
   */
  public L4Mom(TensorVector parameters, L4Options options) {
    super((Pointer) null);
    allocate(parameters, options);
  }

  /**
   * An optimizer of several parameter groups.
   *
   * @param groups parameters with options of their own; a group without takes {@code options}
   * @param options the settings, copied
   * @throws RuntimeException if a setting is outside its interval
   */
  public L4Mom(OptimizerParamGroupVector groups, L4Options options) {
    super((Pointer) null);
    allocate(groups, options);
  }

  @SharedPtr
  @Name("std::make_shared<noisylr::L4Mom>")
  private native void allocate(
      @ByVal OptimizerParamGroupVector groups, @Const @ByRef L4Options options);

  @SharedPtr
  @Name("std::make_shared<noisylr::L4Mom>")
  private native void allocate(@ByVal TensorVector parameters, @Const @ByRef L4Options options);
}
