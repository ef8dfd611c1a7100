package org.noisylr.torch.internal;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URL;
import org.bytedeco.javacpp.Loader;

/** Settings of OpenMP, which LibTorch's library of it reads when it is loaded. */
public final class OpenMp {
  private OpenMp() {}

  /** Sets how often a thread that waits for work looks for it before it sleeps. */
  public static void spinCount(int count) {
    URL library =
        OpenMp.class.getResource(
            Loader.getPlatform() + "/" + System.mapLibraryName("noisylr_environment"));
    try {
      System.load(Loader.cacheResource(library).getPath());
    } catch (IOException e) {
      throw new UncheckedIOException("cannot unpack " + library, e);
    }
    setenv("GOMP_SPINCOUNT", Integer.toString(count));
  }

  /** Sets a variable of this process's environment unless it is set. */
  private static native void setenv(String name, String value);
}
