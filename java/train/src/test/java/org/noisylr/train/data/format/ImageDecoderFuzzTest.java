package org.noisylr.train.data.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.noisylr.train.TestFiles.encode;
import static org.noisylr.train.TestFiles.image;
import static org.noisylr.train.TestFiles.jpeg;
import static org.noisylr.train.TestFiles.png;
import static org.noisylr.train.TestFiles.random;
import static org.noisylr.train.TestFiles.write;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.noisylr.train.Untrusted;

/** An input is an image; where it is a PNG, the checksums of its chunks are put right. */
class ImageDecoderFuzzTest {
  private static final int SIGNATURE = 8;

  @TempDir Path temp;

  private static final byte[] PALETTE =
      encode(new BufferedImage(3, 2, BufferedImage.TYPE_BYTE_INDEXED), "png");

  static Stream<byte[]> seeds() {
    return Stream.of(
        png(3, 2, random(18, 1)),
        png(3, 2, random(6, 2)),
        PALETTE,
        encode(new BufferedImage(3, 2, BufferedImage.TYPE_USHORT_GRAY), "png"),
        encode(new BufferedImage(3, 2, BufferedImage.TYPE_INT_ARGB), "png"),
        jpeg(9, 7, random(189, 3)),
        encode(image(3, 2, random(6, 4)), "jpeg"));
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void seedsAreValid(byte[] seed) throws IOException {
    assertThat(Untrusted.accepts(() -> decode(seed))).isTrue();
  }

  @Test
  void aSeedHasAPalette() {
    ImageDecoder.Size size = ImageDecoder.size("palette", PALETTE);
    assertThat(ImageDecoder.indices("palette", PALETTE, size, "palette")).hasSize(6);
  }

  @MethodSource("seeds")
  @FuzzTest
  void decode(byte[] image) throws IOException {
    Path file = write(temp.resolve("images/x.png"), summed(image));
    String name = file.toString();
    read(
        file,
        content -> {
          ImageDecoder.Size size = ImageDecoder.size(name, content);
          ImageDecoder.indices(name, content, size, name);
        });
    read(
        file,
        content -> {
          ImageDecoder.Size size = ImageDecoder.size(name, content);
          ImageDecoder.decode(name, content, size, name);
        });
  }

  private static void read(Path file, Consumer<byte[]> reader) throws IOException {
    Untrusted.read(
        file.getParent(), file.toString(), 64 << 20, () -> reader.accept(Files.readAllBytes(file)));
  }

  private static byte[] summed(byte[] image) {
    byte[] summed = image.clone();
    ByteBuffer chunks = ByteBuffer.wrap(summed);
    for (int start = SIGNATURE; summed.length - start >= 12; ) {
      int length = chunks.getInt(start);
      if (summed[0] != (byte) 0x89 || length < 0 || length > summed.length - start - 12) {
        break;
      }
      CRC32 sum = new CRC32();
      sum.update(summed, start + 4, 4 + length);
      chunks.putInt(start + 8 + length, (int) sum.getValue());
      start += 12 + length;
    }
    return summed;
  }
}
