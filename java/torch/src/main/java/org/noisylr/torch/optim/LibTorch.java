package org.noisylr.torch.optim;

import java.io.IOException;
import java.net.URL;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.pytorch.global.torch;

/**
 * Loads LibTorch, from where JavaCPP unpacks it: {@code ~/.javacpp/cache} if nothing else is said.
 *
 * <p>JavaCPP looks whether a library is whole just before it loads it, but LibTorch's libraries
 * load each other: what a start left that was killed while it unpacked, or what another process is
 * unpacking, would be mapped into memory and crash the JVM.
 */
public final class LibTorch {
  /** Those that others load. */
  private static final List<String> LIBRARIES =
      List.of("c10", "torch_cpu", "c10_cuda", "torch_cuda");

  private static boolean loaded;

  private LibTorch() {}

  /**
   * Unpacks what is not unpacked whole, waits for other processes that do so, and loads LibTorch.
   * Call it before anything else of bytedeco's or of this package: most of their classes load
   * LibTorch when they are first used, as it lies there.
   *
   * @throws UnsatisfiedLinkError if it cannot be loaded
   */
  public static synchronized void load() {
    if (!loaded) {
      LIBRARIES.forEach(LibTorch::unpack);
      Loader.load(torch.class);
      loaded = true;
    }
  }

  private static void unpack(String library) {
    String folder = "/org/bytedeco/pytorch/" + Loader.getPlatform();
    String file = "/" + System.mapLibraryName(library);
    URL resource =
        Stream.of(folder + "-gpu" + file, folder + file)
            .map(torch.class::getResource)
            .filter(Objects::nonNull)
            .findFirst()
            .orElse(null);
    if (resource != null) {
      try {
        Loader.cacheResource(resource);
      } catch (IOException e) {
        // Loading says what is wrong.
      }
    }
  }
}
