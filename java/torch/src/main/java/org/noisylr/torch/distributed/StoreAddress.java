package org.noisylr.torch.distributed;

import java.nio.file.Path;
import org.noisylr.check.Check;

/** Where the ranks of a group meet: the key-value store with which they find each other. */
public sealed interface StoreAddress {
  /**
   * A store that is served over TCP, c10d's {@code TCPStore}.
   *
   * @param host the name or address of the machine that serves the store
   * @param port in [1, 65535]
   * @param served whether another program serves the store, as torchrun's agent does; rank 0 serves
   *     it otherwise
   */
  record Tcp(String host, int port, boolean served) implements StoreAddress {
    /** Validates the values. */
    public Tcp {
      Check.required("host", host);
      Check.within("port", (long) port, 1, 65_535);
    }

    @Override
    public String toString() {
      return host + ":" + port;
    }
  }

  /**
   * A file that all ranks can write, c10d's {@code FileStore}. It must not be left from another
   * group. The last rank that leaves deletes it.
   */
  record File(Path path) implements StoreAddress {
    /** Validates the value. */
    public File {
      Check.required("path", path);
    }

    @Override
    public String toString() {
      return path.toString();
    }
  }
}
