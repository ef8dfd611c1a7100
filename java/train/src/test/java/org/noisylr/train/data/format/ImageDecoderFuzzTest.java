package org.noisylr.train.data.format;

import static org.noisylr.train.TestFiles.encode;
import static org.noisylr.train.TestFiles.image;
import static org.noisylr.train.TestFiles.jpeg;
import static org.noisylr.train.TestFiles.png;
import static org.noisylr.train.TestFiles.random;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import org.noisylr.train.FuzzCase;

/** Decodes an image to colours or palette indices. The checksums of a PNG are corrected first. */
class ImageDecoderFuzzTest extends FuzzCase<ImageDecoderFuzzTest.Kind> {
  enum Kind {
    COLOURS,
    INDICES
  }

  private static final int SIGNATURE = 8;

  ImageDecoderFuzzTest() {
    super(List.of(Kind.values()));
  }

  static Stream<byte[]> seeds() {
    byte[] palette = encode(new BufferedImage(3, 2, BufferedImage.TYPE_BYTE_INDEXED), "png");
    return Stream.concat(
        Stream.of(seed(Kind.INDICES, palette)),
        Stream.of(
                png(3, 2, random(18, 1)),
                png(3, 2, random(6, 2)),
                palette,
                encode(new BufferedImage(3, 2, BufferedImage.TYPE_USHORT_GRAY), "png"),
                encode(new BufferedImage(3, 2, BufferedImage.TYPE_INT_ARGB), "png"),
                jpeg(9, 7, random(189, 3)),
                encode(image(3, 2, random(6, 4)), "jpeg"))
            .map(image -> seed(Kind.COLOURS, image)));
  }

  @Override
  protected byte[] file(Kind kind, byte[] image) {
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

  @Override
  protected void open(Path file, Kind kind) throws IOException {
    String name = file.toString();
    byte[] content = Files.readAllBytes(file);
    ImageDecoder.Size size = ImageDecoder.size(name, content);
    if (kind == Kind.INDICES) {
      ImageDecoder.indices(name, content, size, name);
    } else {
      ImageDecoder.decode(name, content, size, name);
    }
  }
}
