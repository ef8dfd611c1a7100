package org.noisylr.torch.optim;

import java.io.File;
import java.io.IOException;
import java.net.JarURLConnection;
import java.net.URL;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
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
      List.of("c10", "torch_cpu", "torch", "c10_cuda", "torch_cuda");

  private static boolean loaded;

  private LibTorch() {}

  /**
   * Waits for a process that is unpacking LibTorch, deletes of it what is not whole, so that it is
   * unpacked again, and loads it. The classes of this package do so themselves; call it before the
   * first use of bytedeco's own.
   *
   * @throws UnsatisfiedLinkError if it cannot be loaded
   */
  public static synchronized void load() {
    if (!loaded) {
      mend();
      Loader.load(torch.class);
      loaded = true;
    }
  }

  private static void mend() {
    for (String extension : List.of("", "-gpu")) {
      for (String library : LIBRARIES) {
        String folder = "/org/bytedeco/pytorch/" + Loader.getPlatform() + extension + "/";
        URL resource = torch.class.getResource(folder + System.mapLibraryName(library));
        if (resource != null) {
          mend(resource);
        }
      }
    }
  }

  private static void mend(URL resource) {
    try {
      if (!(resource.openConnection() instanceof JarURLConnection connection)) {
        return;
      }
      String jar = new File(connection.getJarFile().getName()).getName();
      Path folder = Loader.getCacheDir().toPath();
      Path file = folder.resolve(jar).resolve(connection.getEntryName());
      long size = connection.getJarEntry().getSize();
      if (!Files.exists(file) || Files.size(file) == size) {
        return;
      }
      // JavaCPP's own lock, which it holds while it unpacks.
      try (FileChannel channel =
              FileChannel.open(
                  folder.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
          FileLock lock = channel.lock()) {
        if (Files.exists(file) && Files.size(file) != size) {
          Files.delete(file);
        }
      }
    } catch (IOException e) {
      // Loading says what is wrong.
    }
  }
}
