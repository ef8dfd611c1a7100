package org.noisylr.train.data.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.noisylr.train.InputErrors.assertRejected;
import static org.noisylr.train.TestFiles.concat;
import static org.noisylr.train.TestFiles.encode;
import static org.noisylr.train.TestFiles.jpeg;
import static org.noisylr.train.TestFiles.palettePng;
import static org.noisylr.train.TestFiles.png;
import static org.noisylr.train.TestFiles.random;

import java.awt.image.BufferedImage;
import java.awt.image.DataBuffer;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.zip.CRC32;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriter;
import javax.imageio.stream.ImageOutputStream;
import org.junit.jupiter.api.Test;
import org.noisylr.check.InputException;
import org.noisylr.train.TestFiles;

class ImageDecoderTest {
  private static final int SIDE = 16;
  private static final int PLANE = SIDE * SIDE;
  private static final ImageDecoder.Size SIZE = new ImageDecoder.Size(SIDE, SIDE);

  private static byte[] decode(byte[] file) {
    return ImageDecoder.decode("x", file, SIZE, "first").planes();
  }

  @Test
  void readsTheDeclaredSize() {
    assertThat(ImageDecoder.size("x", png(7, 3, new byte[21])))
        .isEqualTo(new ImageDecoder.Size(7, 3));
    assertThat(ImageDecoder.size("x", jpeg(7, 3, new byte[21])))
        .isEqualTo(new ImageDecoder.Size(7, 3));
  }

  @Test
  void colourPngIsExact() {
    byte[] planes = random(3 * PLANE, 1);
    assertThat(decode(png(SIDE, SIDE, planes))).isEqualTo(planes);
  }

  @Test
  void greyPngIsExactForEveryValue() {
    byte[] plane = new byte[PLANE];
    for (int i = 0; i < PLANE; i++) {
      plane[i] = (byte) i;
    }
    assertThat(decode(png(SIDE, SIDE, plane))).isEqualTo(plane);
  }

  @Test
  void colourPngWithEqualChannelsIsGrey() {
    byte[] plane = random(PLANE, 2);
    assertThat(decode(png(SIDE, SIDE, concat(plane, plane, plane)))).isEqualTo(plane);
  }

  @Test
  void alphaIsDropped() {
    byte[] planes = random(3 * PLANE, 3);
    BufferedImage image = new BufferedImage(SIDE, SIDE, BufferedImage.TYPE_4BYTE_ABGR);
    for (int i = 0; i < 4 * PLANE; i++) {
      int sample = i < 3 * PLANE ? planes[i] & 0xff : i & 0xff;
      image.getRaster().setSample(i % SIDE, i % PLANE / SIDE, i / PLANE, sample);
    }
    assertThat(decode(encode(image, "png"))).isEqualTo(planes);
  }

  @Test
  void sixteenBitsAreRoundedToEight() {
    int[] samples = IntStream.range(0, PLANE).map(i -> i * 257 + (i == 255 ? 0 : 100)).toArray();
    byte[] decoded = decode(encode(image(BufferedImage.TYPE_USHORT_GRAY, samples), "png"));
    for (int i = 0; i < PLANE; i++) {
      assertThat(decoded[i]).isEqualTo((byte) Math.round(samples[i] / 257.0));
    }
  }

  /** An image of one band. */
  private static BufferedImage image(int type, int... samples) {
    BufferedImage image = new BufferedImage(SIDE, SIDE, type);
    image.getRaster().setSamples(0, 0, SIDE, SIDE, 0, samples);
    return image;
  }

  @Test
  void palettesBecomeColours() {
    byte[] red = {0, (byte) 200, 10};
    byte[] green = {0, 100, 20};
    byte[] blue = {0, 50, (byte) 255};
    int[] indices = IntStream.range(0, SIDE).map(i -> i % 3).toArray();
    byte[] expected = new byte[3 * PLANE];
    for (int i = 0; i < PLANE; i++) {
      expected[i] = red[indices[i % SIDE]];
      expected[PLANE + i] = green[indices[i % SIDE]];
      expected[2 * PLANE + i] = blue[indices[i % SIDE]];
    }
    IndexColorModel palette = new IndexColorModel(8, 3, red, green, blue);
    assertThat(decode(palettePng(SIDE, SIDE, palette, indices))).isEqualTo(expected);
  }

  @Test
  void blackAndWhiteIsGrey() {
    int[] bits = IntStream.range(0, PLANE).map(i -> i % 2).toArray();
    byte[] decoded = decode(encode(image(BufferedImage.TYPE_BYTE_BINARY, bits), "png"));
    for (int i = 0; i < PLANE; i++) {
      assertThat(decoded[i]).isEqualTo((byte) (bits[i] * 255));
    }
  }

  @Test
  void greyJpegKeepsItsValues() {
    byte[] plane = new byte[PLANE];
    Arrays.fill(plane, (byte) 77);
    byte[] decoded = decode(jpeg(SIDE, SIDE, plane));
    assertThat(decoded).isEqualTo(plane);
  }

  @Test
  void rejectsAnotherSize() {
    assertRejected(
        () -> decode(png(3, 2, new byte[6])),
        "x must have 16 x 16 pixels (width x height) like first, but has 3 x 2");
  }

  @Test
  void rejectsAFileThatIsNotAnImage() {
    for (byte[] file : new byte[][] {{}, {1, 2, 3}, {(byte) 0xff, (byte) 0xd8}}) {
      assertRejected(
          () -> decode(file), "x must be a JPEG or PNG image, but its content is neither");
    }
  }

  /** A PNG of a few bytes that declares 30000 × 30000 pixels is rejected by its header. */
  @Test
  void rejectsSidesOfMoreThan4096Pixels() {
    byte[] file = png(SIDE, SIDE, random(PLANE, 4));
    ByteBuffer.wrap(file).putInt(16, 30000).putInt(20, 30000).putInt(29, crc(file, 12, 17));
    assertRejected(
        () -> ImageDecoder.size("x", file), "x: width must be in [1, 4096], but is 30000");
    ByteBuffer.wrap(file).putInt(16, 16).putInt(29, crc(file, 12, 17));
    assertRejected(
        () -> ImageDecoder.size("x", file), "x: height must be in [1, 4096], but is 30000");
  }

  private static int crc(byte[] file, int from, int length) {
    CRC32 crc = new CRC32();
    crc.update(file, from, length);
    return (int) crc.getValue();
  }

  @Test
  void everyTruncationOfAPngIsRejected() {
    byte[] file = png(SIDE, SIDE, random(3 * PLANE, 5));
    for (int length = 8; length < file.length; length++) {
      byte[] cut = Arrays.copyOf(file, length);
      assertRejected(() -> decode(cut), "x cannot be decoded: the PNG file is truncated");
    }
  }

  @Test
  void everyChangedByteOfAPngIsDetected() {
    byte[] file = png(SIDE, SIDE, random(3 * PLANE, 6));
    for (int i = 0; i < file.length; i++) {
      assertNotDecoded(TestFiles.flip(file, i), "byte " + i, "x ");
    }
  }

  @Test
  void everyTruncationOfAJpegIsRejected() {
    byte[] file = jpeg(SIDE, SIDE, random(3 * PLANE, 7));
    for (int length = 3; length < file.length; length++) {
      byte[] cut = Arrays.copyOf(file, length);
      assertNotDecoded(cut, "first %d bytes".formatted(length), "x cannot be decoded: ");
    }
  }

  private static void assertNotDecoded(byte[] file, String description, String start) {
    assertThatThrownBy(() -> decode(file))
        .as(description)
        .isExactlyInstanceOf(InputException.class)
        .hasMessageStartingWith(start)
        .hasMessageNotContaining("\n");
  }

  /** JPEG has no checksum, so a change may give another image. */
  @Test
  void aChangedByteOfAJpegGivesAnImageOrAnInputException() {
    byte[] file = jpeg(SIDE, SIDE, random(3 * PLANE, 8));
    int rejected = 0;
    for (int i = 0; i < file.length; i++) {
      try {
        assertThat(decode(TestFiles.flip(file, i)).length).isIn(PLANE, 3 * PLANE);
      } catch (InputException e) {
        assertThat(e).hasMessageStartingWith("x");
        rejected++;
      }
    }
    assertThat(rejected).isGreaterThan(20);
  }

  /** Java's decoder would return the inverted inks of Adobe's programs as colours. */
  @Test
  void cmykIsRejected() throws IOException {
    ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    try (ImageOutputStream out = ImageIO.createImageOutputStream(file)) {
      writer.setOutput(out);
      writer.write(
          null,
          new IIOImage(Raster.createBandedRaster(DataBuffer.TYPE_BYTE, 8, 8, 4, null), null, null),
          null);
    } finally {
      writer.dispose();
    }
    byte[] cmyk = file.toByteArray();
    assertRejected(
        () -> ImageDecoder.decode("c.jpg", cmyk, new ImageDecoder.Size(8, 8), "x"),
        "c.jpg must be grey or RGB, but is CMYK; convert it to RGB");
  }

  @Test
  void anExifOrientationIsNoticed() {
    byte[] upright = jpeg(8, 8, new byte[3 * 64]);
    assertThat(Exif.isRotated(upright)).isFalse();
    for (ByteOrder order : List.of(ByteOrder.BIG_ENDIAN, ByteOrder.LITTLE_ENDIAN)) {
      for (int orientation = 1; orientation <= 8; orientation++) {
        byte[] oriented = concat(Arrays.copyOf(upright, 2), exif(order, orientation));
        byte[] file = concat(oriented, Arrays.copyOfRange(upright, 2, upright.length));
        assertThat(Exif.isRotated(file)).isEqualTo(orientation > 1);
        for (int length = 0; length < oriented.length; length++) {
          assertThat(Exif.isRotated(Arrays.copyOf(file, length))).isFalse();
        }
      }
    }
  }

  /** A segment with one entry: tag, type, count, value. */
  private static byte[] exif(ByteOrder order, int orientation) {
    ByteBuffer tiff = ByteBuffer.allocate(26).order(order);
    tiff.put((byte) (order == ByteOrder.BIG_ENDIAN ? 'M' : 'I')).put(tiff.get(0));
    tiff.putShort((short) 42).putInt(8).putShort((short) 1);
    tiff.putShort((short) 0x0112).putShort((short) 3).putInt(1).putShort((short) orientation);
    ByteBuffer head = ByteBuffer.allocate(10).putShort((short) 0xffe1).putShort((short) 34);
    return concat(head.put("Exif\0\0".getBytes(StandardCharsets.US_ASCII)).array(), tiff.array());
  }
}
