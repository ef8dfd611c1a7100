package org.noisylr.torch.distributed;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Store;
import org.bytedeco.pytorch.StringVector;
import org.noisylr.check.InputException;

/**
 * The other ranks of a group, as its store shows them: who joined, who is alive, and what failed.
 *
 * <p>Each rank increments a counter in the store every second, and watches the counter of the next
 * rank. The first failure that a rank reports or notices is written to the store, where all ranks
 * read it.
 */
final class Peers implements AutoCloseable {
  private static final Duration BEAT = Duration.ofSeconds(1);
  private static final Duration POLL = Duration.ofMillis(20);

  /** A rank whose counter stands still for so long is lost. */
  private static final Duration SILENCE = Duration.ofSeconds(20);

  /** The same after a connection broke, which shows that some rank is lost. */
  private static final Duration SUSPICIOUS_SILENCE = Duration.ofSeconds(4);

  /** How long the rank that serves the store waits for the others to leave. */
  private static final Duration FAREWELL = Duration.ofSeconds(10);

  private static final String COUNT = "count";
  private static final String JOINED = "joined";
  private static final String BEATS = "beats";
  private static final String LEFT = "left";
  private static final String FAILURE = "failure";

  private final Rendezvous place;
  private final Store store;
  private final String prefix;
  private final CompletableFuture<RankFailedException> failed = new CompletableFuture<>();
  private final ScheduledExecutorService timer =
      Executors.newScheduledThreadPool(
          2,
          task -> {
            Thread thread = new Thread(task, "peers");
            thread.setDaemon(true);
            return thread;
          });
  private int gathered;
  private long nextBeats = -1;
  private long nextBeatsSince;
  private volatile long lastBeat;
  private volatile boolean closed;

  /**
   * @param store owned by this object
   * @param prefix of the names of the keys
   */
  Peers(Rendezvous place, Store store, String prefix) {
    this.place = place;
    this.store = store;
    this.prefix = prefix;
  }

  /**
   * Registers this rank and waits for the others.
   *
   * @throws InputException if ranks do not fit together, or do not join in time
   * @throws RankFailedException if the rank that serves the store is lost
   */
  void join(Duration timeout) {
    try {
      register();
      awaitAll(timeout);
    } catch (RankFailedException e) {
      throw new InputException(e.reason());
    } catch (RuntimeException e) {
      throw explain(e);
    }
    lastBeat = System.nanoTime();
    every(BEAT, this::beat);
    every(BEAT, this::checkStore);
  }

  private void register() {
    if (store.add(key(COUNT, place.rank()), 1) > 1) {
      throw rejected("two processes have rank %d".formatted(place.rank()));
    }
    String size = store.compareSet(prefix + "size", "", Integer.toString(place.size()));
    if (Integer.parseInt(size) != place.size()) {
      throw rejected(
          "the number of ranks is %d on rank %d, but %s on another rank"
              .formatted(place.size(), place.rank(), size));
    }
    store.set(key(JOINED, place.rank()), "");
  }

  private void awaitAll(Duration timeout) {
    if (!await(JOINED, timeout)) {
      List<Integer> missing = absent(JOINED);
      throw rejected(
          "only %d of %d ranks joined within %d s; missing: %s"
              .formatted(
                  place.size() - missing.size(),
                  place.size(),
                  timeout.toSeconds(),
                  missing.stream().map(rank -> "rank " + rank).collect(Collectors.joining(", "))));
    }
  }

  /** Returns the first failure, for which this rank may be too late. */
  private RankFailedException rejected(String message) {
    report(message);
    return failed.join();
  }

  private void every(Duration interval, Runnable task) {
    timer.scheduleWithFixedDelay(task, 0, interval.toMillis(), TimeUnit.MILLISECONDS);
  }

  /**
   * Returns the texts that all ranks gave, in the order of the ranks. All ranks make the same calls
   * in the same order. Waits as long as they are alive.
   *
   * @throws RankFailedException if one of them failed
   */
  List<String> gather(String text) {
    String name = "gathered" + gathered++;
    try {
      store.set(key(name, place.rank()), text);
      await(name, null);
      return ranks().mapToObj(rank -> store.get_to_str(key(name, rank))).toList();
    } catch (RuntimeException e) {
      throw explain(e);
    }
  }

  /** Waits until all ranks have set a key; returns false after the timeout. */
  private boolean await(String name, Duration timeout) {
    long start = System.nanoTime();
    while (!absent(name).isEmpty()) {
      if (readFailure()) {
        throw failed.join();
      }
      if (timeout != null && elapsed(start, timeout)) {
        return false;
      }
      pause(POLL);
    }
    return true;
  }

  private List<Integer> absent(String name) {
    return ranks().filter(rank -> !exists(key(name, rank))).boxed().toList();
  }

  /** Completes when a rank has failed. */
  CompletableFuture<RankFailedException> failed() {
    return failed;
  }

  /** Reports that this rank failed, so that the others end. */
  void report(String reason) {
    report(place.rank(), reason);
  }

  private void report(int rank, String reason) {
    if (closed || failed.isDone()) {
      return;
    }
    try {
      store.compareSet(prefix + FAILURE, "", rank + ":" + reason);
      readFailure();
    } catch (RuntimeException e) {
      // The store is lost too.
      failed.complete(new RankFailedException(rank, reason));
    }
  }

  private void reportLost(int rank) {
    report(rank, "");
  }

  private void reportStoreLost() {
    if (place.store() instanceof StoreAddress.Tcp tcp && !tcp.served()) {
      reportLost(0);
    } else {
      report("the store at %s is lost".formatted(place.store()));
    }
  }

  private boolean readFailure() {
    if (!failed.isDone() && exists(prefix + FAILURE)) {
      String[] parts = store.get_to_str(prefix + FAILURE).split(":", 2);
      failed.complete(new RankFailedException(Integer.parseInt(parts[0]), parts[1]));
    }
    return failed.isDone();
  }

  private void beat() {
    try {
      store.add(key(BEATS, place.rank()), 1);
      readFailure();
      watch((place.rank() + 1) % place.size());
      lastBeat = System.nanoTime();
    } catch (RuntimeException e) {
      reportStoreLost();
    }
  }

  private void watch(int next) {
    long beats = beats(next);
    if (beats != nextBeats) {
      nextBeats = beats;
      nextBeatsSince = System.nanoTime();
    } else if (elapsed(nextBeatsSince, SILENCE) && !exists(key(LEFT, next))) {
      reportLost(next);
    }
  }

  /** A beat whose connection hangs does not fail. */
  private void checkStore() {
    if (elapsed(lastBeat, SILENCE)) {
      reportStoreLost();
    }
  }

  private long beats(int rank) {
    return store.add(key(BEATS, rank), 0);
  }

  /**
   * Returns the reason for an error of a collective operation: waits until it is known which rank
   * failed.
   *
   * @return {@code error} itself if all ranks are alive
   */
  RuntimeException explain(RuntimeException error) {
    if (error instanceof RankFailedException) {
      return error;
    }
    try {
      List<Long> before = ranks().mapToObj(this::beats).toList();
      for (long start = System.nanoTime();
          !readFailure() && !elapsed(start, SUSPICIOUS_SILENCE); ) {
        pause(POLL);
      }
      ranks()
          .filter(rank -> beats(rank) == before.get(rank))
          .findFirst()
          .ifPresent(this::reportLost);
    } catch (RuntimeException e) {
      reportStoreLost();
    }
    RankFailedException reason = failed.getNow(null);
    if (reason == null) {
      return error;
    }
    reason.addSuppressed(error);
    return reason;
  }

  private IntStream ranks() {
    return IntStream.range(0, place.size());
  }

  private String key(String name, int rank) {
    return prefix + name + "/" + rank;
  }

  private boolean exists(String key) {
    try (PointerScope scope = new PointerScope()) {
      return store.check(new StringVector(key));
    }
  }

  static boolean elapsed(long since, Duration duration) {
    return System.nanoTime() - since > duration.toNanos();
  }

  static void pause(Duration duration) {
    try {
      Thread.sleep(duration.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while waiting for the other ranks", e);
    }
  }

  /** Leaves the group. The rank that serves the store waits for the others, up to 10 s. */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    timer.shutdown();
    try {
      store.set(key(LEFT, place.rank()), "");
      if (place.isServer()) {
        long start = System.nanoTime();
        while (!elapsed(start, FAREWELL) && !(othersLeft() && othersRead(start))) {
          pause(POLL);
        }
      }
      if (timer.awaitTermination(BEAT.toMillis(), TimeUnit.MILLISECONDS)) {
        store.close();
      }
      // Otherwise an operation hangs, which uses the store until the process ends.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException e) {
      store.close(); // The store is lost.
    }
  }

  private boolean othersLeft() {
    RankFailedException reason = failed.getNow(null);
    return absent(LEFT).stream()
        .allMatch(rank -> (reason != null && reason.rank() == rank) || !exists(key(JOINED, rank)));
  }

  /** Returns whether the others, even those that could not join, have read a failure. */
  private boolean othersRead(long start) {
    return !failed.isDone() || elapsed(start, BEAT.multipliedBy(2));
  }
}
