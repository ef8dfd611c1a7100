package org.noisylr.train.data.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.noisylr.train.TestFiles.concat;
import static org.noisylr.train.TestFiles.gzip;
import static org.noisylr.train.TestFiles.idx;
import static org.noisylr.train.TestFiles.random;
import static org.noisylr.train.TestFiles.write;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.noisylr.train.Untrusted;

/** The first byte of an input says what becomes of the others, one file of a folder. */
class IdxFuzzTest {
  private static final int IMAGES = 0;
  private static final int LABELS = 1;
  private static final int COMPRESSED_IMAGES = 2;
  private static final int COMPRESSED_LABELS = 3;
  private static final int GZIP = 4;

  private static final byte[] TWO_IMAGES = idx(0x803, new int[] {2, 3, 3}, random(18, 1));
  private static final byte[] TWO_LABELS = idx(0x801, new int[] {2}, new byte[] {0, 9});

  @TempDir Path temp;

  static Stream<byte[]> seeds() {
    return Stream.of(
        seed(IMAGES, TWO_IMAGES),
        seed(LABELS, TWO_LABELS),
        seed(COMPRESSED_IMAGES, TWO_IMAGES),
        seed(COMPRESSED_LABELS, TWO_LABELS),
        seed(GZIP, gzip(TWO_IMAGES)));
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
    int kind = Math.floorMod(input[0], 5);
    boolean labels = kind == LABELS || kind == COMPRESSED_LABELS;
    byte[] file = kind == COMPRESSED_IMAGES || kind == COMPRESSED_LABELS ? gzip(content) : content;
    Path folder = temp.resolve("idx");
    write(folder.resolve("train-images-idx3-ubyte"), labels ? TWO_IMAGES : file);
    write(folder.resolve("train-labels-idx1-ubyte"), labels ? file : TWO_LABELS);
    write(folder.resolve("t10k-images-idx3-ubyte"), TWO_IMAGES);
    write(folder.resolve("t10k-labels-idx1-ubyte"), TWO_LABELS);
    Untrusted.read(
        folder, folder.toString(), 64 << 20, () -> Datasets.open(folder.toString(), temp));
  }
}
