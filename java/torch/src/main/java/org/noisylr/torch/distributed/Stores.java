package org.noisylr.torch.distributed;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.javacpp.chrono.Milliseconds;
import org.bytedeco.pytorch.FileStore;
import org.bytedeco.pytorch.PrefixStore;
import org.bytedeco.pytorch.Store;
import org.bytedeco.pytorch.TCPStore;
import org.bytedeco.pytorch.TCPStoreOptions;
import org.noisylr.check.InputException;
import org.noisylr.check.Reason;

/** Opens c10d's stores. */
final class Stores {
  private static final Duration RETRY = Duration.ofMillis(100);
  private static final Duration HANDSHAKE = Duration.ofSeconds(10);

  private Stores() {}

  /**
   * Opens the store of a group; the rank that serves it starts to do so.
   *
   * @return owned by the caller
   * @throws InputException if there is no store at the address within the timeout
   */
  static Store open(Rendezvous place, Duration timeout) {
    // A TCPStore waits without a limit for a server that accepts its connection but is silent.
    CompletableFuture<Store> opened = Background.start("store", () -> connect(place, timeout));
    try {
      return opened.get(timeout.plus(HANDSHAKE).toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      throw new InputException(reason(place, timeout, Reason.firstLine(e.getCause())), e);
    } catch (TimeoutException e) {
      throw new InputException(
          "the program at %s does not answer like a store".formatted(place.store()), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while opening a store", e);
    }
  }

  private static String reason(Rendezvous place, Duration timeout, String error) {
    if (place.store() instanceof StoreAddress.Tcp tcp) {
      if (error.contains("EADDRINUSE")) {
        return "port %d (MASTER_PORT) is already in use".formatted(tcp.port());
      }
      if (!place.isServer()) {
        return "rank %d cannot reach the store at %s within %d s; %s must run there"
            .formatted(
                place.rank(), tcp, timeout.toSeconds(), tcp.served() ? "the launcher" : "rank 0");
      }
    }
    return "cannot open the store at %s: %s".formatted(place.store(), error);
  }

  /**
   * Opens one more connection to a store, with a prefix before its keys.
   *
   * <p>A store that Java creates has no reference count, and the bindings would count its
   * references anew for each native object that takes it. A clone comes with its count.
   *
   * @return shared with the native objects that take it; the caller's pointer scope gives its share
   *     up
   */
  static Store share(Store store, String prefix) {
    return new PrefixStore(prefix, store.clone()).clone();
  }

  private static Store connect(Rendezvous place, Duration timeout) {
    try (PointerScope scope = new PointerScope()) {
      Store store;
      if (place.store() instanceof StoreAddress.Tcp tcp) {
        if (!place.isServer()) {
          awaitServer(tcp, timeout);
        }
        TCPStoreOptions options =
            new TCPStoreOptions()
                .port((short) tcp.port())
                .isServer(place.isServer())
                .waitWorkers(false)
                .timeout(new Milliseconds(HANDSHAKE.toMillis()));
        store = new TCPStore(tcp.host(), options);
      } else {
        store = new FileStore(place.store().toString(), place.size());
      }
      return store.retainReference();
    }
  }

  /** A TCPStore that waits for its server itself takes up to twice its timeout. */
  private static void awaitServer(StoreAddress.Tcp tcp, Duration timeout) {
    for (long start = System.nanoTime(); ; Peers.pause(RETRY)) {
      try (Socket socket = new Socket()) {
        socket.connect(new InetSocketAddress(tcp.host(), tcp.port()), (int) HANDSHAKE.toMillis());
        return;
      } catch (IOException e) {
        if (Peers.elapsed(start, timeout)) {
          throw new UncheckedIOException(e);
        }
      }
    }
  }
}
