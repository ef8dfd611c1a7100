package org.noisylr.torch.distributed;

import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/** Native calls that may never return, on threads that do not keep the process alive. */
final class Background {
  private Background() {}

  /** Starts a call on a thread of its own. */
  static <T> CompletableFuture<T> start(String name, Supplier<T> call) {
    CompletableFuture<T> result = new CompletableFuture<>();
    Thread thread =
        new Thread(
            () -> {
              try {
                result.complete(call.get());
              } catch (RuntimeException | Error e) {
                result.completeExceptionally(e);
              }
            },
            name);
    thread.setDaemon(true);
    thread.start();
    return result;
  }
}
