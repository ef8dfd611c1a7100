package org.noisylr.torch.internal;

import java.util.function.Function;
import java.util.function.Supplier;
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

  /** What the closure threw in the last step; null if nothing. */
  Throwable thrown;

  private LossCallback() {
    allocate();
  }

  /** Runs a native step that evaluates {@code closure}; throws exactly what the closure throws. */
  public static Tensor evaluate(Function<LossCallback, Tensor> nativeStep, LossClosure closure) {
    try (LossCallback callback = of(closure)) {
      return callback.evaluate(() -> nativeStep.apply(callback));
    }
  }

  /** Returns a callback for native code that keeps it; close it after that code's object. */
  public static LossCallback of(LossClosure closure) {
    return new Checked(closure);
  }

  /** Runs a native step that may call this callback; throws exactly what the closure throws. */
  public Tensor evaluate(Supplier<Tensor> nativeStep) {
    thrown = null;
    try {
      return nativeStep.get();
    } catch (RuntimeException e) {
      // Native code keeps only the message.
      throw thrown == null ? e : LossCallback.<RuntimeException>rethrow(thrown);
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
