package org.noisylr.torch.optim;

import static org.noisylr.torch.optim.NativeLibrary.open;

import java.util.Collections;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Optimizer;

/**
 * Lets one thread at a time use an optimizer and what is around it; there is one for all of these.
 * It keeps the rules that the package states: each use is in a {@code try} with one of these
 * methods.
 */
final class Guard {
  /** Leaves what was entered. */
  interface Use extends AutoCloseable {
    @Override
    void close();
  }

  private static final long PAUSE_NANOS = 50_000;

  /** Those of LibTorch's optimizers; this package's have them as fields. */
  private static final Map<Optimizer, Guard> OTHERS =
      Collections.synchronizedMap(new WeakHashMap<>());

  private final ReentrantLock lock = new ReentrantLock();
  private final Use use = lock::unlock;
  private final Use step = this::endStep;
  private volatile boolean stepping;
  private Optimizer kept;

  /** The guard of an open optimizer. */
  static Guard of(Optimizer optimizer) {
    if (optimizer instanceof FusedSGD fused) {
      return fused.guard;
    } else if (optimizer instanceof FusedAdam fused) {
      return fused.guard;
    } else if (optimizer instanceof FusedAdamW fused) {
      return fused.guard;
    } else if (optimizer instanceof FusedAdagrad fused) {
      return fused.guard;
    } else if (optimizer instanceof FusedRMSprop fused) {
      return fused.guard;
    } else if (optimizer instanceof L4 l4) {
      return l4.guard;
    }
    return OTHERS.computeIfAbsent(open(optimizer), key -> new Guard());
  }

  /** For anything but a step and closing, also within a closure. */
  Use use(Pointer object) {
    return use(object, object);
  }

  /** The same for an object and what it is around. */
  Use use(Pointer object, Pointer inside) {
    enter(object);
    try {
      open(object);
      open(inside);
    } catch (IllegalStateException e) {
      lock.unlock();
      throw e;
    }
    return use;
  }

  /** For a step. */
  Use step(Pointer object) {
    use(object);
    return beginStep();
  }

  /** The same for an object and what it is around, which may be closed meanwhile. */
  Use step(Pointer object, Optimizer inside) {
    use(object, inside);
    beginStep();
    if (OTHERS.containsKey(inside)) {
      // Those close themselves unasked. Without any reference, the first release would do that.
      if (inside.referenceCount() == 0) {
        inside.retainReference();
      }
      kept = inside.retainReference();
      if (inside.isNull()) {
        // Another thread closed it meanwhile.
        endStep();
        open(inside);
      }
    }
    return step;
  }

  /** For closing, also what is closed already. */
  Use closing(Pointer object) {
    while (!lock.tryLock()) {
      refuseClosing(object);
      LockSupport.parkNanos(PAUSE_NANOS);
    }
    if (stepping) {
      lock.unlock();
      refuseClosing(object);
    }
    return use;
  }

  private Use beginStep() {
    if (stepping) {
      lock.unlock();
      throw new IllegalStateException(
          "step() was called by the closure of a step of the same optimizer");
    }
    stepping = true;
    return step;
  }

  private void endStep() {
    stepping = false;
    if (kept != null) {
      kept.releaseReference();
      kept = null;
    }
    lock.unlock();
  }

  private void refuseClosing(Pointer object) {
    if (stepping) {
      throw new IllegalStateException(name(object) + " cannot be closed while a step runs");
    }
  }

  /** Waits for other uses, which are short, but never for a step: it may wait for this thread. */
  private void enter(Pointer object) {
    while (!lock.tryLock()) {
      if (stepping) {
        throw new IllegalStateException(name(object) + " is in use: another thread runs a step");
      }
      LockSupport.parkNanos(PAUSE_NANOS);
    }
  }

  private static String name(Pointer object) {
    return object.getClass().getSimpleName();
  }
}
