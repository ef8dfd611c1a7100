package org.noisylr.torch.internal;

import java.util.function.Function;
import org.bytedeco.javacpp.FunctionPointer;
import org.bytedeco.javacpp.annotation.ByVal;
import org.bytedeco.javacpp.annotation.Properties;
import org.bytedeco.pytorch.LossClosure;
import org.bytedeco.pytorch.Tensor;

/**
 * A {@link LossClosure} that this module's native code can call. A callback into Java is compiled
 * into the JNI library that declares it, and bytedeco does not export its own.
 */
@Properties(inherit = NativeLibrary.class)
public class LossCallback extends FunctionPointer {
  static {
    NativeLibrary.load();
  }

  private LossCallback() {
    allocate();
  }

  /** Runs a native step that evaluates {@code closure}; throws exactly what the closure throws. */
  public static Tensor evaluate(Function<LossCallback, Tensor> nativeStep, LossClosure closure) {
    try (Checked callback = new Checked(closure)) {
      try {
        return nativeStep.apply(callback);
      } catch (RuntimeException e) {
        // Native code keeps only the message.
        throw callback.thrown == null ? e : LossCallback.<RuntimeException>rethrow(callback.thrown);
      }
    }
  }

  @SuppressWarnings("unchecked")
  private static <E extends Throwable> E rethrow(Throwable thrown) throws E {
    throw (E) thrown;
  }

  private native void allocate();

  public native @ByVal Tensor call();

  /** Returns a loss or throws: a null or closed tensor would crash the native caller. */
  private static final class Checked extends LossCallback {
    private final LossClosure closure;
    private Throwable thrown;

    private Checked(LossClosure closure) {
      this.closure = closure;
    }

    @Override
    public Tensor call() {
      try {
        Tensor loss = closure.call();
        if (loss == null || loss.isNull()) {
          // A PointerScope in the closure may have closed it.
          throw new IllegalStateException("the closure returned no loss, or a closed one");
        }
        return loss;
      } catch (Throwable e) {
        thrown = e;
        throw new IllegalStateException("the closure threw an exception");
      }
    }
  }
}
