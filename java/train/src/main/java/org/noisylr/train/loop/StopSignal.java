package org.noisylr.train.loop;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** Requests a run to stop after its current step. Thread-safe; requests may repeat. */
public final class StopSignal {
  /**
   * Work that ends soon after a request, saves its progress and reports it. Its holder closes it.
   */
  public interface Work extends AutoCloseable {
    @Override
    void close();
  }

  private final List<Runnable> actions = new ArrayList<>();
  private final AtomicInteger openWork = new AtomicInteger();
  private volatile boolean requested;

  /** Requests a stop. */
  public void request() {
    List<Runnable> due;
    synchronized (actions) {
      requested = true;
      due = List.copyOf(actions);
      actions.clear();
    }
    due.forEach(Runnable::run);
  }

  /** Returns whether a stop was requested. */
  public boolean isRequested() {
    return requested;
  }

  /**
   * Runs {@code action} once: on the thread of the first request, or immediately if a stop was
   * already requested.
   */
  public void whenRequested(Runnable action) {
    synchronized (actions) {
      if (!requested) {
        actions.add(action);
        return;
      }
    }
    action.run();
  }

  /** Registers work that must not be interrupted. */
  public Work work() {
    openWork.incrementAndGet();
    return openWork::decrementAndGet;
  }

  /** Returns whether no registered work is open. */
  public boolean isIdle() {
    return openWork.get() == 0;
  }
}
