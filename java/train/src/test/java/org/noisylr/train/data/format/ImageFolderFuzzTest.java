package org.noisylr.train.data.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.noisylr.train.TestFiles.concat;
import static org.noisylr.train.TestFiles.png;
import static org.noisylr.train.TestFiles.random;
import static org.noisylr.train.TestFiles.tar;
import static org.noisylr.train.TestFiles.write;
import static org.noisylr.train.TestFiles.zip;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.noisylr.train.Untrusted;

/**
 * The first byte of an input says what the others are: a zip or tar, or the names of the images in
 * a zip or tar, one a line.
 */
class ImageFolderFuzzTest {
  private static final int ARCHIVE = 0;
  private static final int NAMES_IN_ZIP = 1;

  private static final byte[] IMAGE = png(2, 2, random(12, 1));

  @TempDir Path temp;

  static Stream<byte[]> seeds() {
    Map<String, byte[]> files = new TreeMap<>();
    files.put("x/train/a/1.png", IMAGE);
    files.put("x/test/a/1.png", IMAGE);
    byte[] names =
        "train/a/1.png\ntrain/b/1.png\ntest/a/1.png\ntest/b/1.png".getBytes(StandardCharsets.UTF_8);
    return Stream.of(
        concat(new byte[] {0}, zip(files)),
        concat(new byte[] {0}, tar(files)),
        concat(new byte[] {1}, names),
        concat(new byte[] {2}, names));
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void seedsAreValid(byte[] seed) throws IOException {
    assertThat(Untrusted.accepts(() -> read(seed))).isTrue();
  }

  @MethodSource("seeds")
  @FuzzTest
  void read(byte[] input) throws IOException {
    if (input.length == 0) {
      return;
    }
    byte[] content = Arrays.copyOfRange(input, 1, input.length);
    Path folder = temp.resolve("images");
    byte[] file =
        switch (Math.floorMod(input[0], 3)) {
          case ARCHIVE -> content;
          case NAMES_IN_ZIP -> zip(named(content));
          default -> tar(named(content));
        };
    Path archive = write(folder.resolve("x"), file);
    Untrusted.read(folder, archive.toString(), 64 << 20, () -> ImageFolder.read("x", archive));
  }

  private static Map<String, byte[]> named(byte[] names) {
    Map<String, byte[]> files = new TreeMap<>();
    for (String name : new String(names, StandardCharsets.UTF_8).split("\n")) {
      files.put(name, name.endsWith("/") ? new byte[0] : IMAGE);
    }
    return files;
  }
}
