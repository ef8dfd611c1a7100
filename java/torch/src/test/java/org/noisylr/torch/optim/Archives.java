package org.noisylr.torch.optim;

import java.nio.file.Path;
import java.util.function.Consumer;
import org.bytedeco.pytorch.InputArchive;
import org.bytedeco.pytorch.OutputArchive;

/** Archives in files. */
final class Archives {
  private Archives() {}

  @SafeVarargs
  static void save(Path file, Consumer<OutputArchive>... writers) {
    try (OutputArchive archive = new OutputArchive()) {
      for (Consumer<OutputArchive> writer : writers) {
        writer.accept(archive);
      }
      archive.save_to(file.toString());
    }
  }

  @SafeVarargs
  static void load(Path file, Consumer<InputArchive>... readers) {
    try (InputArchive archive = new InputArchive()) {
      archive.load_from(file.toString());
      for (Consumer<InputArchive> reader : readers) {
        reader.accept(archive);
      }
    }
  }
}
