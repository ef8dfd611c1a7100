package org.noisylr.torch;

import java.io.IOException;
import java.net.URL;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.pytorch.global.torch;
import org.noisylr.torch.internal.OpenMp;

/**
 * Loads LibTorch from the folder to which JavaCPP unpacks it, by default {@code ~/.javacpp/cache}.
 *
 * <p>JavaCPP checks that a library is complete just before it loads it. But LibTorch's libraries
 * load each other, so an incomplete one, left by a killed process or being unpacked by another one,
 * would be mapped into memory and crash the JVM.
 */
public final class LibTorch {
  /** The libraries that other libraries load. */
  private static final List<String> LIBRARIES =
      List.of("c10", "torch_cpu", "c10_cuda", "torch_cuda");

  /**
   * The system property that sets how often a thread that waits for work looks for it before it
   * sleeps. OpenMP's own 300,000 times take the processors from other processes. The variables
   * {@code GOMP_SPINCOUNT} and {@code OMP_WAIT_POLICY} take precedence.
   */
  public static final String SPIN_COUNT = "org.noisylr.torch.spincount";

  private static boolean loaded;

  private LibTorch() {}

  /**
   * Unpacks LibTorch where that is incomplete, waits for other processes that unpack it, and loads
   * it. Call it before any other class of bytedeco or noisylr: most of them load LibTorch on first
   * use, without these checks.
   *
   * @throws UnsatisfiedLinkError if it cannot be loaded or has another version
   */
  public static synchronized void load() {
    if (!loaded) {
      LIBRARIES.forEach(LibTorch::unpack);
      Integer spinCount = Integer.getInteger(SPIN_COUNT);
      if (spinCount != null && System.getenv("OMP_WAIT_POLICY") == null) {
        OpenMp.spinCount(spinCount);
      }
      Loader.load(torch.class);
      checkVersion(torch.show_config().getString());
      loaded = true;
    }
  }

  /** Rejects another LibTorch: programs compile with it, but its tensors have another layout. */
  static void checkVersion(String config) {
    String required = Versions.of("pytorch").split("-")[0];
    Matcher version = Pattern.compile("TORCH_VERSION=([^,]+)").matcher(config);
    if (version.find() && !version.group(1).equals(required)) {
      throw new UnsatisfiedLinkError(
          "org.bytedeco:pytorch must be of LibTorch %s, but is of %s: remove or change the entry of pytorch or pytorch-platform in your build"
              .formatted(required, version.group(1)));
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
        // Loading reports the error.
      }
    }
  }
}
