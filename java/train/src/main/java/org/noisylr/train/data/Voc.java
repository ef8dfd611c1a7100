package org.noisylr.train.data;

import java.io.FileNotFoundException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarFile;
import org.noisylr.check.Check;
import org.noisylr.check.InputException;

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

  /** Whether a {@code tar} holds the lists of images. */
  static boolean inArchive(Path tar) {
    return Source.reading(
        tar,
        () -> {
          try (TarFile archive = new TarFile(tar)) {
            return archive.getEntries().stream().anyMatch(e -> e.getName().endsWith(TRAIN));
          }
        });
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
    return Source.reading(
        folderOrTar,
        () -> {
          try (TarFile archive = new TarFile(folderOrTar)) {
            return read(place(folderOrTar, archive));
          }
        });
  }

  private static Place place(Path tar, TarFile archive) {
    Map<String, TarArchiveEntry> entries = new HashMap<>();
    String top =
        archive.getEntries().stream()
            .map(TarArchiveEntry::getName)
            .filter(name -> name.endsWith(TRAIN))
            .findFirst()
            .map(name -> name.substring(0, name.length() - TRAIN.length()))
            .orElseThrow(() -> new InputException(tar + " has no file " + TRAIN));
    archive.getEntries().stream()
        .filter(entry -> entry.isFile() && entry.getName().startsWith(top))
        .forEach(entry -> entries.put(entry.getName().substring(top.length()), entry));
    return path ->
        new Source(
            tar + "!" + top + path,
            () -> {
              TarArchiveEntry entry = entries.get(path);
              if (entry == null) {
                throw new FileNotFoundException("there is no such file in the archive");
              }
              return archive.getInputStream(entry);
            });
  }

  private static SegmentationDataset read(Place place) {
    List<Picture> train = pictures(place, TRAIN);
    List<Picture> test = pictures(place, VAL);
    int height = side(train, test, ImageDecoder.Size::height);
    int width = side(train, test, ImageDecoder.Size::width);
    byte[] mean = mean(train);
    return new SegmentationDataset(
        NAME, CLASSES, set(train, mean, height, width), set(test, mean, height, width));
  }

  /** An image as it is stored: planes {@code [3, H, W]}, classes {@code [H, W]}. */
  private record Picture(ImageDecoder.Size size, byte[] planes, byte[] mask) {}

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
                .formatted(source.name(), Source.oneLine(name)));
      }
    }
    if (new HashSet<>(names).size() < names.size()) {
      throw new InputException(source.name() + " must name each image once, but repeats one");
    }
    return names.parallelStream().map(name -> picture(place, name)).toList();
  }

  private static Picture picture(Place place, String name) {
    Source image = place.file("JPEGImages/" + name + ".jpg");
    byte[] file = image.bytes(MAX_FILE);
    ImageDecoder.Size size = ImageDecoder.size(image.name(), file);
    byte[] planes = ImageDecoder.decode(image.name(), file, size, image.name());
    if (planes.length == size.pixels()) {
      byte[] grey = planes;
      planes = new byte[SegmentationSet.CHANNELS * grey.length];
      for (int c = 0; c < SegmentationSet.CHANNELS; c++) {
        System.arraycopy(grey, 0, planes, c * grey.length, grey.length);
      }
    }
    Source mask = place.file("SegmentationClass/" + name + ".png");
    byte[] values = ImageDecoder.indices(mask.name(), mask.bytes(MAX_FILE), size, image.name());
    for (byte value : values) {
      if ((value & 0xff) >= CLASSES.size() && value != SegmentationSet.VOID) {
        throw Check.outside(
            mask.name() + ": class", value & 0xff, "[0, " + (CLASSES.size() - 1) + "] or 255");
      }
    }
    return new Picture(size, planes, values);
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

  private static byte[] mean(List<Picture> pictures) {
    byte[] mean = new byte[SegmentationSet.CHANNELS];
    for (int c = 0; c < mean.length; c++) {
      long sum = 0;
      long count = 0;
      for (Picture picture : pictures) {
        int plane = picture.size.pixels();
        for (int i = c * plane; i < (c + 1) * plane; i++) {
          sum += picture.planes[i] & 0xff;
        }
        count += plane;
      }
      mean[c] = (byte) Math.round((double) sum / count);
    }
    return mean;
  }

  private static SegmentationSet set(List<Picture> pictures, byte[] mean, int height, int width) {
    long needed = (long) SegmentationSet.CHANNELS * height * width * pictures.size();
    if (needed > Source.MAX_BYTES) {
      throw new InputException(
          "%d images on a canvas of %d x %d pixels need %d bytes, but at most %d are possible"
              .formatted(pictures.size(), width, height, needed, Source.MAX_BYTES));
    }
    byte[] pixels = new byte[(int) needed];
    byte[] masks = new byte[pixels.length / SegmentationSet.CHANNELS];
    Arrays.fill(masks, SegmentationSet.VOID);
    int plane = height * width;
    IntStream.range(0, pictures.size())
        .forEach(
            n -> {
              Picture picture = pictures.get(n);
              lay(picture.mask, 0, masks, n * plane, width, picture.size);
              for (int c = 0; c < SegmentationSet.CHANNELS; c++) {
                int start = (n * SegmentationSet.CHANNELS + c) * plane;
                Arrays.fill(pixels, start, start + plane, mean[c]);
                lay(picture.planes, c * picture.size.pixels(), pixels, start, width, picture.size);
              }
            });
    return new SegmentationSet(pixels, masks, height, width);
  }

  private static void lay(
      byte[] from, int fromStart, byte[] to, int toStart, int toWidth, ImageDecoder.Size size) {
    for (int row = 0; row < size.height(); row++) {
      System.arraycopy(
          from, fromStart + row * size.width(), to, toStart + row * toWidth, size.width());
    }
  }
}
