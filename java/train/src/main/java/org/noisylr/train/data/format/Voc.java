package org.noisylr.train.data.format;

import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
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
 * published {@code tar}. The files may be in {@code VOCdevkit/VOC2012} or, in a tar, in any folder.
 *
 * <p>{@code ImageSets/Segmentation/train.txt} and {@code val.txt} list the training and the test
 * images. {@code JPEGImages/NAME.jpg} is an image, and {@code SegmentationClass/NAME.png} holds its
 * classes as palette indices: 0 is the background, 255 is no class. Images are not scaled. Each is
 * copied to the upper left corner of a canvas that fits the highest and the widest image. The rest
 * of the canvas has the mean colour of the training images and no class.
 *
 * <p>There may be 20,000 training and 20,000 test images in files of 16 MiB, and 2 GiB of canvases
 * for each. Canvases are allocated after the headers of all images were read.
 */
final class Voc {
  static final String NAME = "voc2012";

  /** The published file. */
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

  /** Returns whether a path in a tar is that of the list of training images. */
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

  /** The files of the dataset by their path from the folder that holds {@code ImageSets}. */
  private interface FileTree {
    Source file(String path);
  }

  /**
   * Reads a folder or a {@code tar}.
   *
   * @throws InputException if a file is missing, cannot be read or has other content
   */
  static SegmentationDataset read(Path folderOrTar) {
    if (Files.isDirectory(folderOrTar)) {
      Path root = root(folderOrTar);
      return read(path -> Source.of(root.resolve(path)));
    }
    if (!Tar.isPlain(folderOrTar)) {
      throw new InputException(folderOrTar + " must be an uncompressed tar");
    }
    return Source.reading(
        folderOrTar,
        () -> {
          try (FileChannel channel = FileChannel.open(Source.regular(folderOrTar))) {
            return read(tree(folderOrTar, channel));
          }
        });
  }

  /** The place of a file's content in the archive. */
  private record Range(long start, long length) {}

  private static FileTree tree(Path tar, FileChannel channel) {
    Map<String, Range> files = files(tar);
    String top =
        files.keySet().stream()
            .filter(Voc::isList)
            .findFirst()
            .map(name -> name.substring(0, name.length() - TRAIN.length()))
            .orElseThrow(() -> new InputException(tar + " must have the file " + TRAIN));
    return path -> {
      String name = tar + "!" + top + path;
      return new Source(name, () -> open(name, channel, files.get(top + path)));
    };
  }

  private static InputStream open(String name, FileChannel channel, Range range)
      throws IOException {
    if (range == null) {
      throw new NoSuchFileException(name);
    }
    if (range.length > MAX_FILE) {
      throw new InputException(
          "%s must have at most %d bytes, but has %d".formatted(name, MAX_FILE, range.length));
    }
    ByteBuffer content = ByteBuffer.allocate((int) range.length);
    while (content.hasRemaining()) {
      if (channel.read(content, range.start + content.position()) < 0) {
        throw new EOFException();
      }
    }
    return new ByteArrayInputStream(content.array());
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

  private static SegmentationDataset read(FileTree tree) {
    List<Picture> train = pictures(tree, TRAIN);
    List<Picture> test = pictures(tree, VAL);
    int height = side(train, test, ImageDecoder.Size::height);
    int width = side(train, test, ImageDecoder.Size::width);
    Canvases trainCanvases = new Canvases(train, height, width);
    Canvases testCanvases = new Canvases(test, height, width);
    trainCanvases.fill(trainCanvases.mean());
    testCanvases.fill(trainCanvases.mean());
    return new SegmentationDataset(NAME, CLASSES, trainCanvases.set(), testCanvases.set());
  }

  /** The files of an image and its mask, and the image's declared size. */
  private record Picture(Source image, Source mask, ImageDecoder.Size size) {}

  private static List<Picture> pictures(FileTree tree, String list) {
    Source source = tree.file(list);
    List<String> names = Source.lines(source.bytes(MAX_LIST));
    Check.within(source.name() + ": number of images", (long) names.size(), 1, MAX_IMAGES);
    for (String name : names) {
      if (!name.matches("[\\w-]+")) {
        throw new InputException(
            "%s must list names of letters, digits, _ and -, but has '%s'"
                .formatted(source.name(), name));
      }
    }
    if (new HashSet<>(names).size() < names.size()) {
      throw new InputException(source.name() + " must list each image once, but repeats one");
    }
    return names.parallelStream()
        .map(
            name -> {
              Source image = tree.file("JPEGImages/" + name + ".jpg");
              return new Picture(
                  image,
                  tree.file("SegmentationClass/" + name + ".png"),
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

  /** Decoded images in the upper left corners of canvases of one size. */
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
      long bytes = (long) SegmentationSet.CHANNELS * height * width * pictures.size();
      if (bytes > Source.MAX_BYTES) {
        throw new InputException(
            "%d images on canvases of %d x %d pixels take %d bytes, but the limit is %d"
                .formatted(pictures.size(), width, height, bytes, Source.MAX_BYTES));
      }
      pixels = new byte[(int) bytes];
      masks = new byte[pixels.length / SegmentationSet.CHANNELS];
      Arrays.fill(masks, SegmentationSet.VOID);
      IntStream.range(0, pictures.size()).parallel().forEach(this::decode);
    }

    private void decode(int n) {
      Picture picture = pictures.get(n);
      String name = picture.image.name();
      byte[] planes =
          ImageDecoder.decode(name, picture.image.bytes(MAX_FILE), picture.size, name).planes();
      for (int c = 0; c < SegmentationSet.CHANNELS; c++) {
        // A grey image has one plane for all channels.
        int from = planes.length == picture.size.pixels() ? 0 : c * picture.size.pixels();
        copy(planes, from, pixels, start(n, c), picture.size);
      }
      String maskName = picture.mask.name();
      byte[] values =
          ImageDecoder.indices(maskName, picture.mask.bytes(MAX_FILE), picture.size, name);
      Labels.checkMask(maskName + ": class", values, CLASSES.size());
      copy(values, 0, masks, n * height * width, picture.size);
    }

    private int start(int n, int channel) {
      return (n * SegmentationSet.CHANNELS + channel) * height * width;
    }

    private void copy(byte[] from, int fromStart, byte[] to, int toStart, ImageDecoder.Size size) {
      for (int row = 0; row < size.height(); row++) {
        System.arraycopy(
            from, fromStart + row * size.width(), to, toStart + row * width, size.width());
      }
    }

    /** Returns the mean colour of the images. */
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

    /** Fills the canvases outside of the images. */
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
