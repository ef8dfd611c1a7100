package org.noisylr.launcher;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.noisylr.train.loop.StopSignal;

/**
 * While open, turns SIGTERM, SIGHUP and Ctrl-C into a request to stop, and keeps the process alive
 * until it is closed, when all is saved, or while nothing is at work that has anything to save. The
 * exit code is then 128 and the signal's number.
 */
final class Interruption implements AutoCloseable {
  private final StopSignal signal = new StopSignal();
  private final CountDownLatch closed = new CountDownLatch(1);
  private final Thread hook = new Thread(this::stop, "interruption");

  Interruption() {
    Runtime.getRuntime().addShutdownHook(hook);
  }

  StopSignal signal() {
    return signal;
  }

  private void stop() {
    signal.request();
    try {
      while (!closed.await(1, TimeUnit.SECONDS) && !signal.isIdle()) {
        // At work.
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
      // The process is ending.
    }
  }
}
