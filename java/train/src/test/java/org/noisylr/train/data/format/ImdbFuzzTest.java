package org.noisylr.train.data.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.noisylr.train.TestFiles.concat;
import static org.noisylr.train.TestFiles.gzip;
import static org.noisylr.train.TestFiles.tar;
import static org.noisylr.train.TestFiles.write;
import static org.noisylr.train.TestFiles.xz;

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

/** The first byte of an input says how the others are packed. */
class ImdbFuzzTest {
  private static final int ARCHIVE = 0;
  private static final int GZIPPED_TAR = 1;
  private static final int XZ_OF_TAR = 2;

  @TempDir Path temp;

  static Stream<byte[]> seeds() {
    Map<String, byte[]> files = new TreeMap<>();
    for (String folder : new String[] {"train/neg", "train/pos", "test/neg", "test/pos"}) {
      files.put("x/" + folder + "/0.txt", folder.getBytes(StandardCharsets.UTF_8));
    }
    byte[] tar = tar(files);
    return Stream.of(
        seed(ARCHIVE, gzip(tar)),
        seed(ARCHIVE, xz(tar)),
        seed(GZIPPED_TAR, tar),
        seed(XZ_OF_TAR, tar));
  }

  private static byte[] seed(int kind, byte[] content) {
    return concat(new byte[] {(byte) kind}, content);
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
    byte[] file =
        switch (Math.floorMod(input[0], 3)) {
          case ARCHIVE -> content;
          case GZIPPED_TAR -> gzip(content);
          default -> xz(content);
        };
    Path folder = temp.resolve("imdb");
    Path archive = write(folder.resolve("x.tar"), file);
    Untrusted.read(folder, archive.toString(), 64 << 20, () -> Imdb.read(archive, 20, 5));
  }
}
