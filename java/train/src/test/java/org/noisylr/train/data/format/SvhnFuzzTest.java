package org.noisylr.train.data.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.noisylr.train.TestFiles.concat;
import static org.noisylr.train.TestFiles.write;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.DeflaterOutputStream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.noisylr.train.Untrusted;
import us.hebi.matlab.mat.format.Mat5;
import us.hebi.matlab.mat.format.Mat5File;
import us.hebi.matlab.mat.types.Sinks;

/**
 * An input is a MATLAB file or, after a first byte that is odd, one without its header whose
 * elements are compressed.
 */
class SvhnFuzzTest {
  private static final int HEADER = 128;
  private static final int TAG = 8;
  private static final int COMPRESSED = 15;
  private static final List<String> DIGITS =
      IntStream.range(0, 10).mapToObj(Integer::toString).toList();

  @TempDir Path temp;

  static Stream<byte[]> seeds() throws IOException {
    return Stream.of(
        concat(new byte[] {0}, whole()),
        concat(new byte[] {1}, Arrays.copyOfRange(whole(), HEADER, whole().length)));
  }

  /** A file of one image and its label, not compressed. */
  private static byte[] whole() throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(1 << 16);
    try (Mat5File mat = Mat5.newMatFile()) {
      mat.addArray("X", SvhnTest.images(1)).addArray("y", SvhnTest.labels(10));
      Mat5.newWriter(Sinks.wrap(bytes)).setDeflateLevel(0).writeMat(mat);
    }
    return Arrays.copyOf(bytes.array(), bytes.position());
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
    Path folder = temp.resolve("svhn");
    write(folder.resolve("train_32x32.mat"), (input[0] & 1) == 0 ? content : compressed(content));
    write(folder.resolve("test_32x32.mat"), whole());
    Untrusted.read(folder, folder.toString(), 64 << 20, () -> Svhn.read(folder, DIGITS));
  }

  private static byte[] compressed(byte[] elements) throws IOException {
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    file.write(whole(), 0, HEADER);
    ByteBuffer tags = ByteBuffer.wrap(elements);
    for (int start = 0, end; start < elements.length; start = end) {
      int left = elements.length - start - TAG;
      int length = left < 0 ? -1 : tags.getInt(start + 4);
      end = length >= 0 && length <= left ? start + TAG + length : elements.length;
      ByteArrayOutputStream deflated = new ByteArrayOutputStream();
      try (DeflaterOutputStream out = new DeflaterOutputStream(deflated)) {
        out.write(elements, start, end - start);
      }
      file.writeBytes(ByteBuffer.allocate(TAG).putInt(COMPRESSED).putInt(deflated.size()).array());
      deflated.writeTo(file);
    }
    return file.toByteArray();
  }
}
