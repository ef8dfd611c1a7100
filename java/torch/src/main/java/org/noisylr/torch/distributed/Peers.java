package org.noisylr.torch.distributed;

import java.time.Duration;
import java.util.List;
import java.util.Map;
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

  /** A task that runs so late shows that this process itself was suspended. */
  private static final Duration SUSPENSION = Duration.ofSeconds(5);

  /** How long the rank that serves the store waits for the others to leave. */
  private static final Duration FAREWELL = Duration.ofSeconds(10);

  private static final String COUNT = "count";
  private static final String JOINED = "joined";
  private static final String BEATS = "beats";
  private static final String LEFT = "left";
  private static final String FAILURE = "failure";

  private final Rendezvous place;
  private final Store store;
  private final CompletableFuture<RankFailedException> failed = new CompletableFuture<>();
  private final ScheduledExecutorService timer =
      Executors.newScheduledThreadPool(
          2,
          task -> {
            Thread thread = new Thread(task, "peers");
            thread.setDaemon(true);
            return thread;
          });
  private String prefix;
  private int gathered;
  private long nextBeats = -1;
  private long nextBeatsSince;
  private long lastCheck;
  private volatile long lastBeat;
  private volatile boolean storeLost;
  private volatile boolean closed;

  /**
   * @param store owned by this object
   */
  Peers(Rendezvous place, Store store) {
    this.place = place;
    this.store = store;
    prefix = "noisylr/%d/".formatted(place.attempt());
  }

  /**
   * Registers this rank and waits for the others.
   *
   * @throws InputException if ranks do not match, or do not join in time
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
    lastCheck = lastBeat;
    every(BEAT, this::beat);
    every(BEAT, this::checkStore);
  }

  /** A store can outlive a group: each group of it has keys of its own. */
  private void register() {
    String all = prefix;
    long number = store.add(key(COUNT, place.rank()), 1);
    prefix = all + (number - 1) + "/";
    if (number > 1 && !exists(key(LEFT, place.rank()))) {
      throw rejected(
          place.store() instanceof StoreAddress.File file
              ? "two processes have rank %d, or %s is left from another group"
                  .formatted(place.rank(), file)
              : "two processes have rank %d".formatted(place.rank()));
    }
    prefix = all + number + "/";
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
  private RankFailedException rejected(String reason) {
    report(reason);
    return failed.join();
  }

  private void every(Duration interval, Runnable task) {
    timer.scheduleWithFixedDelay(task, 0, interval.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Returns what the keys of this group start with. */
  String prefix() {
    return prefix;
  }

  /**
   * Returns the texts that all ranks gave, in the order of the ranks. All ranks make the same calls
   * in the same order. Waits as long as they are alive.
   *
   * @throws RankFailedException if one of them failed or left
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
    for (List<Integer> absent; !(absent = absent(name)).isEmpty(); pause(POLL)) {
      absent.stream().filter(this::hasLeft).findFirst().ifPresent(this::reportLeft);
      if (failed.isDone() || readFailure()) {
        throw failed.join();
      }
      if (timeout != null && elapsed(start, timeout)) {
        return false;
      }
    }
    return true;
  }

  private List<Integer> absent(String name) {
    return ranks().filter(rank -> !exists(key(name, rank))).boxed().toList();
  }

  private boolean hasLeft(int rank) {
    return exists(key(LEFT, rank));
  }

  /** Completes when a rank has failed. */
  CompletableFuture<RankFailedException> failed() {
    return failed;
  }

  /** Reports that this rank failed, so that the others end. */
  void report(String reason) {
    report(place.rank(), reason);
  }

  private void reportLost(int rank) {
    report(rank, "");
  }

  private void reportLeft(int rank) {
    report(rank, "left the group");
  }

  private void report(int rank, String reason) {
    if (closed || failed.isDone()) {
      return;
    }
    try {
      store.compareSet(prefix + FAILURE, "", "%d:%d:%s".formatted(rank, place.rank(), reason));
      readFailure();
    } catch (RuntimeException e) {
      // The store is lost too.
      failed.complete(new RankFailedException(rank, place.rank(), reason));
    }
  }

  /** Completes without the store. If rank 0 served it, rank 1 stands for those that notice. */
  private void reportStoreLost() {
    if (closed) {
      return;
    }
    storeLost = true;
    failed.complete(
        place.store() instanceof StoreAddress.Tcp tcp && !tcp.served()
            ? new RankFailedException(0, 1, "")
            : new RankFailedException(
                place.rank(), place.rank(), "the store at %s is lost".formatted(place.store())));
  }

  private boolean readFailure() {
    if (!failed.isDone() && exists(prefix + FAILURE)) {
      String[] parts = store.get_to_str(prefix + FAILURE).split(":", 3);
      failed.complete(
          new RankFailedException(
              Integer.parseInt(parts[0]), Integer.parseInt(parts[1]), parts[2]));
    }
    return failed.isDone();
  }

  private void beat() {
    try {
      if (elapsed(lastBeat, SUSPENSION)) {
        nextBeatsSince = System.nanoTime();
      }
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
    } else if (elapsed(nextBeatsSince, SILENCE) && !hasLeft(next)) {
      reportLost(next);
    }
  }

  /** A beat whose connection hangs does not fail, and blocks every other use of the store. */
  private void checkStore() {
    if (elapsed(lastCheck, SUSPENSION)) {
      lastBeat = System.nanoTime();
    } else if (elapsed(lastBeat, SILENCE)) {
      reportStoreLost();
    }
    lastCheck = System.nanoTime();
  }

  private long beats(int rank) {
    String key = key(BEATS, rank);
    return exists(key) ? Long.parseLong(store.get_to_str(key)) : 0;
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
      Map<Integer, Long> before =
          ranks()
              .filter(rank -> rank != place.rank())
              .boxed()
              .collect(Collectors.toMap(rank -> rank, this::beats));
      for (long start = System.nanoTime();
          !failed.isDone() && !readFailure() && !elapsed(start, SUSPICIOUS_SILENCE); ) {
        pause(POLL);
      }
      before.forEach(
          (rank, beats) -> {
            if (!failed.isDone() && beats(rank) == beats) {
              if (hasLeft(rank)) {
                reportLeft(rank);
              } else {
                reportLost(rank);
              }
            }
          });
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
    if (storeLost) {
      throw new IllegalStateException("the store is lost");
    }
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

  /**
   * Leaves the group. The rank that serves the store waits for the others up to 10 s, after a
   * failure 2 s.
   */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    timer.shutdown();
    try {
      if (!storeLost) {
        leave();
      }
    } catch (RuntimeException e) {
      // The store is lost.
    }
    try {
      if (timer.awaitTermination(2 * BEAT.toMillis(), TimeUnit.MILLISECONDS)) {
        store.close();
      }
      // Otherwise an operation hangs, which uses the store until the process ends.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void leave() {
    store.set(key(LEFT, place.rank()), "");
    if (place.isServer()) {
      long start = System.nanoTime();
      while (failed.isDone()
          ? !elapsed(start, BEAT.multipliedBy(2))
          : !elapsed(start, FAREWELL) && !othersLeft()) {
        pause(POLL);
      }
    }
  }

  private boolean othersLeft() {
    return absent(LEFT).stream().noneMatch(rank -> exists(key(JOINED, rank)));
  }
}
