package org.noisylr.launcher;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.noisylr.train.loop.StopSignal;

/**
 * While open, turns SIGTERM, SIGHUP and Ctrl-C into a request to stop. The process stays alive
 * until this is closed or no unsaved work is in progress. The exit code is 128 plus the number of
 * the signal.
 */
final class GracefulShutdown implements AutoCloseable {
  private final StopSignal signal = new StopSignal();
  private final CountDownLatch closed = new CountDownLatch(1);
  private final Thread hook = new Thread(this::stop, "shutdown");

  GracefulShutdown() {
    Runtime.getRuntime().addShutdownHook(hook);
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
    } catch (IllegalStateException e) {
      // The shutdown is in progress.
    }
  }
}
