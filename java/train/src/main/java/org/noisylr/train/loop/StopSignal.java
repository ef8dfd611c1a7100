package org.noisylr.train.loop;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** Asks a run to stop after the step that it is at. Any thread may ask, any number of times. */
public final class StopSignal {
  /** Something that ends soon after the request and saves what it has done; close it then. */
  public interface Work extends AutoCloseable {
    @Override
    void close();
  }

  private final List<Runnable> actions = new ArrayList<>();
  private final AtomicInteger works = new AtomicInteger();
  private volatile boolean requested;

  /** Asks. */
  public void request() {
    List<Runnable> due;
    synchronized (actions) {
      requested = true;
      due = List.copyOf(actions);
      actions.clear();
    }
    due.forEach(Runnable::run);
  }

  /** Whether somebody asked. */
  public boolean isRequested() {
    return requested;
  }

  /** Runs {@code action} once, on the thread of whoever asks first; at once if somebody has. */
  public void whenRequested(Runnable action) {
    synchronized (actions) {
      if (!requested) {
        actions.add(action);
        return;
      }
    }
    action.run();
  }

  /** Begins work that must not be cut off. */
  public Work work() {
    works.incrementAndGet();
    return works::decrementAndGet;
  }

  /** Whether nothing is at work that must not be cut off. */
  public boolean isIdle() {
    return works.get() == 0;
  }
}
