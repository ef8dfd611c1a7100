package org.noisylr.launcher;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jline.utils.Signals;
import org.noisylr.train.loop.StopSignal;

/**
 * While open, turns SIGTERM, SIGHUP and Ctrl-C into a request to stop. The process stays alive
 * until this is closed or no unsaved work is in progress. The exit code is 128 plus the number of
 * the signal. A second Ctrl-C ends the process at once.
 */
final class GracefulShutdown implements AutoCloseable {
  private static final String INTERRUPT = "INT";
  private static final int INTERRUPTED = 128 + 2;

  private final StopSignal signal = new StopSignal();
  private final CountDownLatch closed = new CountDownLatch(1);
  private final Thread hook = new Thread(this::stop, "shutdown");
  private final AtomicBoolean interrupted = new AtomicBoolean();
  private final Object previous;

  private final boolean announces;

  /**
   * @param announces whether Ctrl-C prints what happens
   */
  GracefulShutdown(boolean announces) {
    this.announces = announces;
    Runtime.getRuntime().addShutdownHook(hook);
    // The JVM itself ignores a second Ctrl-C.
    previous = Signals.register(INTERRUPT, this::interrupt);
    if (isIgnored(previous)) {
      Signals.unregister(INTERRUPT, previous);
    }
  }

  /** A process in the background may have been started with the signal ignored. */
  private static boolean isIgnored(Object handler) {
    return handler != null && handler.toString().contains("SIG_IGN");
  }

  private void interrupt() {
    if (interrupted.getAndSet(true)) {
      Runtime.getRuntime().halt(INTERRUPTED);
    }
    if (announces) {
      System.err.printf(
          "%nnoisylr: stopping after this step; press Ctrl-C again to end at once without saving%n");
    }
    new Thread(() -> System.exit(INTERRUPTED), "exit").start();
  }

  StopSignal signal() {
    return signal;
  }

  private void stop() {
    signal.request();
    try {
      while (!closed.await(1, TimeUnit.SECONDS) && !signal.isIdle()) {
        // Work is in progress.
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    closed.countDown();
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
      Signals.unregister(INTERRUPT, previous);
    } catch (IllegalStateException e) {
      // The shutdown is in progress.
    }
  }
}
