package org.noisylr.torch.optim;

import org.bytedeco.javacpp.FunctionPointer;
import org.bytedeco.javacpp.annotation.ByVal;
import org.bytedeco.javacpp.annotation.Properties;
import org.bytedeco.pytorch.LossClosure;
import org.bytedeco.pytorch.Tensor;

/**
 * A {@link LossClosure} that this package's native code can call: the way back into Java is
 * compiled into the JNI library that declares the callback, and bytedeco's is not exported.
 */
@Properties(inherit = NativeLibrary.class)
class Closure extends FunctionPointer {
  static {
    NativeLibrary.load(Closure.class);
  }

  private Closure() {
    allocate();
  }

  static Closure of(LossClosure closure) {
    return new Closure() {
      @Override
      public Tensor call() {
        return CheckedClosure.loss(closure);
      }
    };
  }

  private native void allocate();

  public native @ByVal Tensor call();
}
