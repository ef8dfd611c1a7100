package org.noisylr.train.run;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.QualifiedName;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.noisylr.torch.LibTorch;
import org.noisylr.train.data.ImageDataset;
import org.noisylr.train.data.ImageSet;

/** TorchScript files, and the images of {@code torchscript_steps.py}. */
final class ScriptedModules {
  private static final int SIZE = 8;
  private static final int CLASSES = 10;

  /** 12 training and 6 test images. */
  static final ImageDataset DATA =
      new ImageDataset(
          "formula",
          IntStream.range(0, CLASSES).mapToObj(i -> "class " + i).toList(),
          images(0, 12),
          images(12, 6));

  private ScriptedModules() {}

  private static ImageSet images(int first, int count) {
    byte[] pixels = new byte[count * SIZE * SIZE];
    for (int p = 0; p < pixels.length; p++) {
      int i = first * SIZE * SIZE + p;
      pixels[p] = (byte) (i * 37 + i * i % 101);
    }
    int[] labels = IntStream.range(first, first + count).map(i -> i % CLASSES).toArray();
    return new ImageSet(pixels, labels, 1, SIZE, SIZE);
  }

  /** Copies a file that {@code torchscript_steps.py} wrote. */
  static Path fromPython(String name, Path folder) throws IOException {
    try (InputStream in = ScriptedModules.class.getResourceAsStream(name)) {
      Path file = folder.resolve(name);
      Files.copy(in, file);
      return file;
    }
  }

  /**
   * Saves a module with parameters {@code weight} of this shape and {@code bias}, and a buffer
   * {@code count}.
   *
   * @param forward the lines of {@code forward(self, x)}
   */
  static Path save(Path file, torch.ScalarType type, int outputs, String... forward) {
    LibTorch.load();
    try (PointerScope scope = new PointerScope()) {
      JitModule module = new JitModule(new QualifiedName("Net"));
      Tensor weight = torch.zeros(outputs, SIZE * SIZE).to(type);
      module.register_parameter("weight", weight.set_requires_grad(true), false);
      module.register_parameter(
          "bias", torch.zeros(outputs).to(type).set_requires_grad(true), false);
      module.register_buffer("count", torch.zeros(1));
      module.define("def forward(self, x):\n  " + String.join("\n  ", List.of(forward)) + "\n");
      module.save(file.toString());
      return file;
    }
  }

  /** Saves a module whose parts {@code first} and {@code second} share their trained weight. */
  static void saveShared(Path file) {
    LibTorch.load();
    try (PointerScope scope = new PointerScope()) {
      Tensor weight = torch.zeros(10, SIZE * SIZE).set_requires_grad(true);
      JitModule module = new JitModule(new QualifiedName("Shared"));
      for (String name : List.of("first", "second")) {
        JitModule part = new JitModule(new QualifiedName(name));
        part.register_parameter("weight", weight, false);
        module.register_module(name, part);
      }
      module.register_parameter("frozen", torch.ones(10).set_requires_grad(false), false);
      module.define(
          """
          def forward(self, x):
            y = x.flatten(1)
            return torch.linear(y, self.first.weight + self.second.weight, self.frozen)
          """);
      module.save(file.toString());
    }
  }
}
