package org.noisylr.train.data;

import static org.noisylr.train.data.TestFiles.concat;
import static org.noisylr.train.data.TestFiles.png;
import static org.noisylr.train.data.TestFiles.random;
import static org.noisylr.train.data.TestFiles.write;
import static org.noisylr.train.data.TestFiles.zip;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.provider.MethodSource;
import org.noisylr.train.Untrusted;

/** An input is a zip or, after a first byte that is odd, the names of its entries, one a line. */
class ImageFolderFuzzTest {
  private static final byte[] IMAGE = png(2, 2, random(12, 1));

  @TempDir Path temp;

  static Stream<byte[]> seeds() {
    Map<String, byte[]> files = new TreeMap<>();
    files.put("x/train/a/1.png", IMAGE);
    files.put("x/test/a/1.png", IMAGE);
    byte[] names =
        "train/a/1.png\ntrain/b/1.png\ntest/a/1.png\ntest/b/".getBytes(StandardCharsets.UTF_8);
    return Stream.of(concat(new byte[] {0}, zip(files)), concat(new byte[] {1}, names));
  }

  @MethodSource("seeds")
  @FuzzTest
  void read(byte[] input) throws IOException {
    if (input.length == 0) {
      return;
    }
    byte[] content = Arrays.copyOfRange(input, 1, input.length);
    Path folder = temp.resolve("images");
    Path zip = write(folder.resolve("x.zip"), (input[0] & 1) == 0 ? content : named(content));
    Untrusted.read(folder, zip.toString(), 64 << 20, () -> ImageFolder.read("x", zip));
  }

  private static byte[] named(byte[] names) {
    Map<String, byte[]> files = new TreeMap<>();
    for (String name : new String(names, StandardCharsets.UTF_8).split("\n")) {
      files.put(name, name.endsWith("/") ? new byte[0] : IMAGE);
    }
    return zip(files);
  }
}
