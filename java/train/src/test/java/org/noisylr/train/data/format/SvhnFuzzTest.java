package org.noisylr.train.data.format;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.DeflaterOutputStream;
import org.noisylr.train.FuzzCase;
import org.noisylr.train.TestFiles;
import us.hebi.matlab.mat.format.Mat5;
import us.hebi.matlab.mat.format.Mat5File;
import us.hebi.matlab.mat.types.Sinks;

/** Reads a MATLAB file, or elements of one after they are compressed. */
class SvhnFuzzTest extends FuzzCase<SvhnFuzzTest.Kind> {
  enum Kind {
    FILE,
    ELEMENTS
  }

  private static final int HEADER = 128;
  private static final int TAG = 8;
  private static final int COMPRESSED = 15;
  private static final List<String> DIGITS =
      IntStream.range(0, 10).mapToObj(Integer::toString).toList();

  SvhnFuzzTest() {
    super(List.of(Kind.values()));
  }

  static Stream<byte[]> seeds() throws IOException {
    return Stream.of(
        seed(Kind.FILE, whole()),
        seed(Kind.ELEMENTS, Arrays.copyOfRange(whole(), HEADER, whole().length)));
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

  @Override
  protected Path write(Path folder, Kind kind, byte[] content) throws IOException {
    return TestFiles.write(
        folder,
        Map.of(
            "train_32x32.mat",
            kind == Kind.ELEMENTS ? compressed(content) : content,
            "test_32x32.mat",
            whole()));
  }

  @Override
  protected void open(Path folder, Kind kind) {
    Svhn.read(folder, DIGITS);
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
