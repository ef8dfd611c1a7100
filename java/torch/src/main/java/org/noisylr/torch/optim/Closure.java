package org.noisylr.torch.optim;

import java.util.function.Function;
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

  /** Runs a native step that evaluates {@code closure}; throws just what the closure throws. */
  static Tensor evaluatedBy(Function<Closure, Tensor> nativeStep, LossClosure closure) {
    try (Checked callback = new Checked(closure)) {
      try {
        return nativeStep.apply(callback);
      } catch (RuntimeException e) {
        // Native code keeps the message alone.
        throw callback.thrown == null ? e : Closure.<RuntimeException>unchecked(callback.thrown);
      }
    }
  }

  @SuppressWarnings("unchecked")
  private static <E extends Throwable> E unchecked(Throwable thrown) throws E {
    throw (E) thrown;
  }

  private native void allocate();

  public native @ByVal Tensor call();

  /** Answers with a loss or throws: a null or freed tensor would crash the native caller. */
  private static final class Checked extends Closure {
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
          // A PointerScope in the closure may have taken it along.
          throw new IllegalStateException(
              "the closure returned no loss, or one that is closed already");
        }
        return loss;
      } catch (Throwable e) {
        thrown = e;
        throw new IllegalStateException("the closure threw");
      }
    }
  }
}
