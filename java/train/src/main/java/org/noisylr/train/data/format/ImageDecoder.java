package org.noisylr.train.data.format;

import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.spi.ImageReaderSpi;
import javax.imageio.stream.MemoryCacheImageInputStream;
import org.noisylr.check.Check;
import org.noisylr.check.InputException;
import org.noisylr.check.Reason;

/**
 * Decodes JPEG and PNG to planes of 8-bit samples as stored, without colour management.
 *
 * <p>An image of n pixels in a file of f bytes allocates at most 64 MB + 20·n + 8·f bytes; n is at
 * most 4096² (8192² for an image to resize), and for PNG at most 8·1032·f.
 */
final class ImageDecoder {
  static final int MAX_SIDE = 4096;

  /** The limit for images that are resized. */
  static final int MAX_RESIZED_SIDE = 8192;

  /** Each scan may cover all pixels; encoders write about ten. */
  private static final int MAX_SCANS = 100;

  private static final ImageReaderSpi JPEG = provider("jpeg");
  private static final ImageReaderSpi PNG = provider("png");

  private ImageDecoder() {}

  record Size(int width, int height) {
    int pixels() {
      return width * height;
    }

    @Override
    public String toString() {
      return width + " x " + height;
    }
  }

  /**
   * A decoded image.
   *
   * @param planes one plane if red, green and blue are equal everywhere, else the planes red,
   *     green, blue
   * @param isTransparent whether a pixel was not opaque; its alpha is dropped
   * @param isDeep whether samples of more than 8 bits were rounded
   * @param isRotated whether the file has an orientation for viewers, which is ignored
   */
  record Decoded(
      Size size, byte[] planes, boolean isTransparent, boolean isDeep, boolean isRotated) {
    boolean isGrey() {
      return planes.length == size.pixels();
    }
  }

  private interface Reading<T> {
    T read(ImageReader reader) throws IOException;
  }

  /** Returns the size that the header declares. */
  static Size size(String name, byte[] file) {
    return with(name, file, reader -> size(name, reader, MAX_SIDE));
  }

  /**
   * Decodes an image that must have the expected size.
   *
   * @param like names the image that sets the size, for the message
   */
  static Decoded decode(String name, byte[] file, Size expected, String like) {
    return decoded(image(name, file, MAX_SIDE, size -> check(name, size, expected, like)), file);
  }

  /**
   * Decodes an image of any size.
   *
   * @param check throws an {@link InputException} before an unsuitable image is decoded
   */
  static Decoded decode(String name, byte[] file, Consumer<Size> check) {
    return decoded(image(name, file, MAX_RESIZED_SIDE, check), file);
  }

  private static void check(String name, Size size, Size expected, String like) {
    if (!size.equals(expected)) {
      throw new InputException(
          "%s must have %s pixels (width x height) like %s, but has %s"
              .formatted(name, expected, like, size));
    }
  }

  private static BufferedImage image(String name, byte[] file, int maxSide, Consumer<Size> check) {
    return with(
        name,
        file,
        reader -> {
          check.accept(size(name, reader, maxSide));
          // At the end of a truncated JPEG file, the decoder warns and invents the rest.
          List<String> warnings = new ArrayList<>();
          reader.addIIOReadWarningListener((source, warning) -> warnings.add(warning));
          BufferedImage image = reader.read(0);
          if (image.getColorModel().getColorSpace().getType() == ColorSpace.TYPE_CMYK) {
            throw new InputException(name + " must be grey or RGB, but is CMYK; convert it to RGB");
          }
          if (!warnings.isEmpty()) {
            throw new InputException(damaged(name, warnings.get(0)));
          }
          return image;
        });
  }

  /**
   * Returns the palette indices of an image, {@code [H, W]}: classes instead of colours.
   *
   * @param like names the image that sets the size, for the message
   */
  static byte[] indices(String name, byte[] file, Size expected, String like) {
    BufferedImage image = image(name, file, MAX_SIDE, size -> check(name, size, expected, like));
    if (!(image.getColorModel() instanceof IndexColorModel)) {
      throw new InputException(name + " must have a palette, but has none");
    }
    byte[] values = new byte[expected.pixels()];
    int[] samples =
        image.getRaster().getSamples(0, 0, expected.width(), expected.height(), 0, (int[]) null);
    for (int i = 0; i < values.length; i++) {
      values[i] = (byte) samples[i];
    }
    return values;
  }

  private static Size size(String name, ImageReader reader, int maxSide) throws IOException {
    return new Size(
        (int) Check.within(name + ": width", (long) reader.getWidth(0), 1, maxSide),
        (int) Check.within(name + ": height", (long) reader.getHeight(0), 1, maxSide));
  }

  private static <T> T with(String name, byte[] file, Reading<T> reading) {
    ImageReader reader = null;
    boolean png = startsWith(file, 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n');
    if (!png) {
      checkJpeg(name, file);
    }
    byte[] content = png ? PngChunks.pixelChunks(name, file) : file;
    try (MemoryCacheImageInputStream in =
        new MemoryCacheImageInputStream(new ByteArrayInputStream(content))) {
      reader = (png ? PNG : JPEG).createReaderInstance();
      reader.setInput(in, true, true);
      return reading.read(reader);
    } catch (InputException e) {
      throw e;
    } catch (IOException | RuntimeException e) {
      // The decoders throw unchecked exceptions for some malformed files.
      throw new InputException(damaged(name, Reason.firstLine(e)), e);
    } finally {
      if (reader != null) {
        reader.dispose();
      }
    }
  }

  private static String damaged(String name, String reason) {
    return name + " cannot be decoded: " + reason;
  }

  private static void checkJpeg(String name, byte[] file) {
    if (!startsWith(file, 0xff, 0xd8, 0xff)) {
      throw new InputException(name + " must be a JPEG or PNG image, but its content is neither");
    }
    int scans = 0;
    for (int i = 1; i < file.length; i++) {
      scans += file[i - 1] == (byte) 0xff && file[i] == (byte) 0xda ? 1 : 0;
    }
    if (scans > MAX_SCANS) {
      throw new InputException(
          "%s must have at most %d scans, but has %d".formatted(name, MAX_SCANS, scans));
    }
  }

  private static ImageReaderSpi provider(String format) {
    return ImageIO.getImageReadersByFormatName(format).next().getOriginatingProvider();
  }

  private static boolean startsWith(byte[] file, int... bytes) {
    for (int i = 0; i < bytes.length; i++) {
      if (i >= file.length || (file[i] & 0xff) != bytes[i]) {
        return false;
      }
    }
    return true;
  }

  private static Decoded decoded(BufferedImage image, byte[] file) {
    ColorModel colours = image.getColorModel();
    return new Decoded(
        new Size(image.getWidth(), image.getHeight()),
        planes(image),
        colours.hasAlpha() && !isOpaque(image),
        colours.getComponentSize(0) > 8,
        Exif.isRotated(file));
  }

  private static boolean isOpaque(BufferedImage image) {
    Raster alpha = image.getAlphaRaster();
    int width = image.getWidth();
    int opaque = alpha == null ? 0xff : (1 << alpha.getSampleModel().getSampleSize(0)) - 1;
    int[] row = new int[width];
    for (int y = 0; y < image.getHeight(); y++) {
      if (alpha == null) { // a palette
        image.getRGB(0, y, width, 1, row, 0, width);
        Arrays.setAll(row, x -> row[x] >>> 24);
      } else {
        alpha.getSamples(0, y, width, 1, 0, row);
      }
      if (Arrays.stream(row).anyMatch(value -> value != opaque)) {
        return false;
      }
    }
    return true;
  }

  private static byte[] planes(BufferedImage image) {
    int size = image.getWidth() * image.getHeight();
    byte[][] rgb = image.getColorModel() instanceof IndexColorModel ? palette(image) : bands(image);
    if (rgb.length == 1 || Arrays.equals(rgb[0], rgb[1]) && Arrays.equals(rgb[1], rgb[2])) {
      return rgb[0];
    }
    byte[] planes = new byte[3 * size];
    for (int channel = 0; channel < 3; channel++) {
      System.arraycopy(rgb[channel], 0, planes, channel * size, size);
    }
    return planes;
  }

  private static byte[][] palette(BufferedImage image) {
    int width = image.getWidth();
    int[] argb = image.getRGB(0, 0, width, image.getHeight(), null, 0, width);
    byte[][] planes = new byte[3][argb.length];
    for (int i = 0; i < argb.length; i++) {
      planes[0][i] = (byte) (argb[i] >> 16);
      planes[1][i] = (byte) (argb[i] >> 8);
      planes[2][i] = (byte) argb[i];
    }
    return planes;
  }

  /**
   * Returns the bands of the raster without alpha. {@code getRGB} cannot be used: it treats grey
   * images as linear and applies a gamma curve to them.
   */
  private static byte[][] bands(BufferedImage image) {
    Raster raster = image.getRaster();
    int width = image.getWidth();
    int height = image.getHeight();
    byte[][] planes = new byte[raster.getNumBands() < 3 ? 1 : 3][width * height];
    for (int band = 0; band < planes.length; band++) {
      int max = (1 << image.getColorModel().getComponentSize(band)) - 1;
      int[] samples = new int[width];
      for (int y = 0; y < height; y++) {
        raster.getSamples(0, y, width, 1, band, samples);
        for (int x = 0; x < width; x++) {
          planes[band][y * width + x] =
              (byte) (max == 255 ? samples[x] : (samples[x] * 255 + max / 2) / max);
        }
      }
    }
    return planes;
  }
}
