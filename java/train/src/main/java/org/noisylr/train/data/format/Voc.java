package org.noisylr.train.data.format;

import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.FileNotFoundException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.noisylr.check.Check;
import org.noisylr.check.InputException;
import org.noisylr.train.data.Labels;
import org.noisylr.train.data.SegmentationDataset;
import org.noisylr.train.data.SegmentationSet;

/**
 * Reads the segmentation task of Pascal VOC 2012 (Everingham et al. 2015) from a folder or the
 * {@code tar} in which it is published. Everything may lie in {@code VOCdevkit/VOC2012} or in any
 * folders more.
 *
 * <p>{@code ImageSets/Segmentation/train.txt} and {@code val.txt} name the images to train on and
 * to test with, {@code JPEGImages/NAME.jpg} is an image, {@code SegmentationClass/NAME.png} its
 * classes as palette indices: 0 is the background, 255 is no class. Images are not scaled: each
 * lies in the upper left corner of a canvas that is as high as the highest and as wide as the
 * widest of them; the rest of the canvas has the mean colour of the training images and no class.
 *
 * <p>There may be 20,000 images to train on or to test with, in files of 16 MiB, and canvases of 2
 * GiB for each; they are made when the headers of all images have told their sizes.
 */
final class Voc {
  static final String NAME = "voc2012";

  /** The file in which the dataset is published. */
  static final String ARCHIVE = "VOCtrainval_11-May-2012.tar";

  private static final List<String> CLASSES =
      List.of(
          "background",
          "aeroplane",
          "bicycle",
          "bird",
          "boat",
          "bottle",
          "bus",
          "car",
          "cat",
          "chair",
          "cow",
          "diningtable",
          "dog",
          "horse",
          "motorbike",
          "person",
          "pottedplant",
          "sheep",
          "sofa",
          "train",
          "tvmonitor");

  private static final String LISTS = "ImageSets/Segmentation/";
  private static final String TRAIN = LISTS + "train.txt";
  private static final String VAL = LISTS + "val.txt";
  private static final int MAX_LIST = 1 << 20;
  private static final int MAX_IMAGES = 20_000;
  private static final int MAX_FILE = 1 << 24;

  private Voc() {}

  static boolean isIn(Path folder) {
    return Files.isDirectory(root(folder).resolve(LISTS));
  }

  /** Whether a file of a {@code tar} is a list of images. */
  static boolean isList(String path) {
    return path.endsWith(TRAIN);
  }

  private static Path root(Path folder) {
    return Stream.of("VOCdevkit/VOC2012", "VOC2012")
        .map(folder::resolve)
        .filter(Files::isDirectory)
        .findFirst()
        .orElse(folder);
  }

  /** A file of the dataset by its path from the folder that holds {@code ImageSets}. */
  private interface Place {
    Source file(String path);
  }

  /**
   * Reads a folder or {@code tar}.
   *
   * @throws InputException if a file is missing, cannot be read or holds something else
   */
  static SegmentationDataset read(Path folderOrTar) {
    if (Files.isDirectory(folderOrTar)) {
      Path root = root(folderOrTar);
      return read(path -> Source.of(root.resolve(path)));
    }
    if (!Tar.isPlain(folderOrTar)) {
      throw new InputException(folderOrTar + " must be a tar that is not compressed");
    }
    return Source.reading(
        folderOrTar,
        () -> {
          try (FileChannel channel = FileChannel.open(Source.regular(folderOrTar))) {
            return read(place(folderOrTar, channel));
          }
        });
  }

  /** Where the content of a file lies in the archive. */
  private record Range(long start, long length) {}

  private static Place place(Path tar, FileChannel channel) {
    Map<String, Range> files = files(tar);
    String top =
        files.keySet().stream()
            .filter(Voc::isList)
            .findFirst()
            .map(name -> name.substring(0, name.length() - TRAIN.length()))
            .orElseThrow(() -> new InputException(tar + " has no file " + TRAIN));
    return path -> {
      String name = tar + "!" + top + path;
      return new Source(
          name,
          () -> {
            Range range = files.get(top + path);
            if (range == null) {
              throw new FileNotFoundException("there is no such file in the archive");
            }
            if (range.length > MAX_FILE) {
              throw new InputException(
                  "%s must have at most %d bytes, but has %d"
                      .formatted(name, MAX_FILE, range.length));
            }
            ByteBuffer content = ByteBuffer.allocate((int) range.length);
            while (content.hasRemaining()) {
              if (channel.read(content, range.start + content.position()) < 0) {
                throw new EOFException();
              }
            }
            return new ByteArrayInputStream(content.array());
          });
    };
  }

  private static Map<String, Range> files(Path tar) {
    return Source.of(tar)
        .read(
            in -> {
              Map<String, Range> files = new LinkedHashMap<>();
              Tar entries = new Tar(tar.toString(), in, Long.MAX_VALUE);
              for (TarArchiveEntry entry; (entry = entries.next()) != null; ) {
                if (entry.isFile()) {
                  files.put(entry.getName(), new Range(entries.position(), entry.getSize()));
                }
              }
              return files;
            });
  }

  private static SegmentationDataset read(Place place) {
    List<Picture> train = pictures(place, TRAIN);
    List<Picture> test = pictures(place, VAL);
    int height = side(train, test, ImageDecoder.Size::height);
    int width = side(train, test, ImageDecoder.Size::width);
    Canvases trainCanvases = new Canvases(train, height, width);
    Canvases testCanvases = new Canvases(test, height, width);
    trainCanvases.fill(trainCanvases.mean());
    testCanvases.fill(trainCanvases.mean());
    return new SegmentationDataset(NAME, CLASSES, trainCanvases.set(), testCanvases.set());
  }

  /** An image and its classes as files, and the size that the image's header says. */
  private record Picture(Source image, Source mask, ImageDecoder.Size size) {}

  private static List<Picture> pictures(Place place, String list) {
    Source source = place.file(list);
    List<String> names =
        new String(source.bytes(MAX_LIST), StandardCharsets.UTF_8)
            .lines()
            .map(String::strip)
            .filter(line -> !line.isEmpty())
            .toList();
    Check.within(source.name() + ": number of images", (long) names.size(), 1, MAX_IMAGES);
    for (String name : names) {
      if (!name.matches("[\\w-]+")) {
        throw new InputException(
            "%s must name images by letters, digits, _ and -, but has '%s'"
                .formatted(source.name(), name));
      }
    }
    if (new HashSet<>(names).size() < names.size()) {
      throw new InputException(source.name() + " must name each image once, but repeats one");
    }
    return names.parallelStream()
        .map(
            name -> {
              Source image = place.file("JPEGImages/" + name + ".jpg");
              return new Picture(
                  image,
                  place.file("SegmentationClass/" + name + ".png"),
                  ImageDecoder.size(image.name(), image.bytes(MAX_FILE)));
            })
        .toList();
  }

  private interface Side {
    int of(ImageDecoder.Size size);
  }

  private static int side(List<Picture> train, List<Picture> test, Side side) {
    return Stream.concat(train.stream(), test.stream())
        .mapToInt(picture -> side.of(picture.size))
        .max()
        .orElseThrow();
  }

  /** Pictures, decoded, in the upper left corners of canvases of one size. */
  private static final class Canvases {
    private final List<Picture> pictures;
    private final int height;
    private final int width;
    private final byte[] pixels;
    private final byte[] masks;

    Canvases(List<Picture> pictures, int height, int width) {
      this.pictures = pictures;
      this.height = height;
      this.width = width;
      long needed = (long) SegmentationSet.CHANNELS * height * width * pictures.size();
      if (needed > Source.MAX_BYTES) {
        throw new InputException(
            "%d images on a canvas of %d x %d pixels need %d bytes, but at most %d are possible"
                .formatted(pictures.size(), width, height, needed, Source.MAX_BYTES));
      }
      pixels = new byte[(int) needed];
      masks = new byte[pixels.length / SegmentationSet.CHANNELS];
      Arrays.fill(masks, SegmentationSet.VOID);
      IntStream.range(0, pictures.size()).parallel().forEach(this::decode);
    }

    private void decode(int n) {
      Picture picture = pictures.get(n);
      String name = picture.image.name();
      byte[] planes = ImageDecoder.decode(name, picture.image.bytes(MAX_FILE), picture.size, name);
      for (int c = 0; c < SegmentationSet.CHANNELS; c++) {
        // A grey image has one plane for all channels.
        int from = planes.length == picture.size.pixels() ? 0 : c * picture.size.pixels();
        lay(planes, from, pixels, start(n, c), picture.size);
      }
      String maskName = picture.mask.name();
      byte[] values =
          ImageDecoder.indices(maskName, picture.mask.bytes(MAX_FILE), picture.size, name);
      Labels.checkMask(maskName + ": class", values, CLASSES.size());
      lay(values, 0, masks, n * height * width, picture.size);
    }

    private int start(int n, int channel) {
      return (n * SegmentationSet.CHANNELS + channel) * height * width;
    }

    private void lay(byte[] from, int fromStart, byte[] to, int toStart, ImageDecoder.Size size) {
      for (int row = 0; row < size.height(); row++) {
        System.arraycopy(
            from, fromStart + row * size.width(), to, toStart + row * width, size.width());
      }
    }

    /** The mean colour of the pictures. */
    byte[] mean() {
      byte[] mean = new byte[SegmentationSet.CHANNELS];
      for (int c = 0; c < mean.length; c++) {
        long sum = 0;
        long count = 0;
        for (int n = 0; n < pictures.size(); n++) {
          ImageDecoder.Size size = pictures.get(n).size;
          for (int row = 0; row < size.height(); row++) {
            int first = start(n, c) + row * width;
            for (int i = first; i < first + size.width(); i++) {
              sum += pixels[i] & 0xff;
            }
          }
          count += size.pixels();
        }
        mean[c] = (byte) Math.round((double) sum / count);
      }
      return mean;
    }

    /** Gives what lies outside of the pictures a colour. */
    void fill(byte[] colour) {
      for (int n = 0; n < pictures.size(); n++) {
        ImageDecoder.Size size = pictures.get(n).size;
        for (int c = 0; c < SegmentationSet.CHANNELS; c++) {
          for (int row = 0; row < height; row++) {
            int first = start(n, c) + row * width;
            int outside = row < size.height() ? size.width() : 0;
            Arrays.fill(pixels, first + outside, first + width, colour[c]);
          }
        }
      }
    }

    SegmentationSet set() {
      return new SegmentationSet(pixels, masks, height, width);
    }
  }
}
