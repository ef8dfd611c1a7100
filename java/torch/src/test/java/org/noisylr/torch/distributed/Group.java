package org.noisylr.torch.distributed;

import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Function;
import org.bytedeco.pytorch.Device;
import org.noisylr.torch.LibTorch;

/** The ranks of a group as threads of this process, which share nothing but the store. */
final class Group {
  private static final Duration LONGEST = Duration.ofMinutes(1);

  private Group() {}

  static StoreAddress tcp() {
    try (ServerSocket free = new ServerSocket(0)) {
      return new StoreAddress.Tcp("localhost", free.getLocalPort(), false);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  static StoreAddress file(Path folder) {
    return new StoreAddress.File(folder.resolve("store"));
  }

  /** Runs a function on all ranks of a group; returns the results in the order of the ranks. */
  static <T> List<T> run(int size, StoreAddress store, Function<Communicator, T> function) {
    List<Rendezvous> places = new ArrayList<>();
    for (int rank = 0; rank < size; rank++) {
      places.add(new Rendezvous(rank, size, 0, store, 0));
    }
    return run(
        places,
        place -> {
          try (Communicator group = join(place, 30)) {
            return function.apply(group);
          }
        });
  }

  static Communicator join(Rendezvous place, int seconds) {
    return Communicator.join(place, new Device("cpu"), Duration.ofSeconds(seconds));
  }

  /** Runs a function for each place on a thread of its own. */
  static <T> List<T> run(List<Rendezvous> places, Function<Rendezvous, T> function) {
    LibTorch.load();
    ExecutorService threads = Executors.newCachedThreadPool();
    try {
      List<CompletableFuture<T>> results =
          places.stream()
              .map(place -> CompletableFuture.supplyAsync(() -> function.apply(place), threads))
              .toList();
      return assertTimeoutPreemptively(
          LONGEST, () -> results.stream().map(CompletableFuture::join).toList());
    } finally {
      threads.shutdownNow();
    }
  }
}
