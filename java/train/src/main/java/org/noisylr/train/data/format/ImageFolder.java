package org.noisylr.train.data.format;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.noisylr.check.InputException;
import org.noisylr.train.data.ImageDataset;
import org.noisylr.train.data.ImageSet;

/**
 * Reads images that are sorted into folders, {@code train/CLASS/*} and {@code test/CLASS/*}, from a
 * folder, a zip or a tar, which may be compressed with gzip or xz. The two folders may be in one
 * outer folder. Without {@code test/}, the folder {@code val/}, {@code valid/} or {@code
 * validation/} has the test images. Nothing is written to disk.
 *
 * <p>Images are the JPEG and PNG files with the extension {@code .jpg}, {@code .jpeg} or {@code
 * .png}. Hidden files are skipped. Other files in the folders, images outside of class folders and
 * a {@code val/} beside {@code test/} are skipped with a warning for each kind, which has their
 * number and the first.
 *
 * <p>Classes are numbered in the order of their names. Images are stored round-robin: the first
 * file of each class, then the second of each, in the order of the file names, so that every prefix
 * is as balanced as possible. If all images are grey (red, green and blue are equal everywhere),
 * the set has one channel, otherwise three. Alpha is dropped; 16-bit samples are rounded to 8 bits.
 * A warning has the number of images that are converted.
 *
 * <p>All images must have one size, or are resized to N x N pixels: the shorter side becomes N
 * pixels by antialiased bilinear interpolation, then the centre is cropped, like torchvision's
 * {@code Resize} and {@code CenterCrop}.
 *
 * <p>An archive may unpack to 4 GiB, a file to 64 MiB, the images of a split to 2 GiB of samples. A
 * tar may have 2 GiB of image files, which are kept in memory while they are decoded, and none may
 * be a link. An image has sides of at most 4096 pixels and is decoded only if its header declares
 * the size of the first image. An image to resize has sides of at most 8192 pixels, the longer of
 * at most 32 times the shorter.
 */
public final class ImageFolder {
  private static final String TRAIN = "train";
  private static final String TEST = "test";

  /** Names of the test folder where there is none. */
  private static final List<String> VALIDATION = List.of("val", "valid", "validation");

  private static final Pattern IMAGE = Pattern.compile("(?i).*\\.(jpg|jpeg|png)");
  private static final Pattern PLACE =
      Pattern.compile("([^/]+/)?(train|test|val|valid|validation)/[^/]+/[^/]+");

  private ImageFolder() {}

  /**
   * Reads a folder or an archive.
   *
   * @param name the name of the dataset
   * @throws InputException if training or test images are missing, their classes differ, a class
   *     has no image, or an image cannot be decoded or differs in size from the others
   */
  public static ImageDataset read(String name, Path folderOrArchive) {
    return read(name, folderOrArchive, null);
  }

  /**
   * Reads a folder or an archive and resizes the images.
   *
   * @param name the name of the dataset
   * @param resize the new width and height, in [8, 512]; null to keep the size
   * @throws InputException if {@code resize} is outside its interval, training or test images are
   *     missing, their classes differ, a class has no image, or an image cannot be decoded or,
   *     without {@code resize}, differs in size from the others
   */
  public static ImageDataset read(String name, Path folderOrArchive, Integer resize) {
    ImageDataset.checkResize(resize);
    return ImageTree.read(folderOrArchive, tree -> read(name, folderOrArchive, tree, resize));
  }

  /** Returns whether a file has the extension of an image. */
  static boolean isImageFile(String path) {
    return IMAGE.matcher(path).matches();
  }

  /** Returns whether a path in an archive is that of an image in a class folder. */
  static boolean isImage(String path) {
    return PLACE.matcher(path).matches() && !ImageTree.isHidden(path) && isImageFile(path);
  }

  /** Returns whether a folder of this name has training or test images. */
  static boolean isSplit(String folder) {
    return folder.equals(TRAIN) || folder.equals(TEST) || VALIDATION.contains(folder);
  }

  static boolean isIn(Path folder) {
    return Stream.concat(Stream.of(TRAIN, TEST), VALIDATION.stream())
        .anyMatch(split -> Files.isDirectory(folder.resolve(split)));
  }

  private static ImageDataset read(
      String name, Path path, SortedMap<String, Source> tree, Integer resize) {
    Optional<String> validation = VALIDATION.stream().filter(split -> has(tree, split)).findFirst();
    String testFolder = has(tree, TEST) ? TEST : validation.orElse(TEST);
    SortedMap<String, List<String>> train = classes(path, tree, TRAIN);
    SortedMap<String, List<String>> test = classes(path, tree, testFolder);
    if (!train.keySet().equals(test.keySet())) {
      throw new InputException(
          "%s: %s and %s must have the same classes, but %s alone has %s, and %s alone has %s"
              .formatted(
                  path,
                  TRAIN,
                  testFolder,
                  TRAIN,
                  listed(without(train.keySet(), test.keySet())),
                  testFolder,
                  listed(without(test.keySet(), train.keySet()))));
    }
    noteSkipped(path, tree, testFolder);
    List<Labelled> trainFiles = roundRobin(tree, train);
    List<Labelled> testFiles = roundRobin(tree, test);
    List<ImageDecoder.Decoded> trainImages;
    List<ImageDecoder.Decoded> testImages;
    try (ImageLoader loader = ImageLoader.of(path, trainFiles.get(0).source, resize)) {
      trainImages = loader.load(sources(trainFiles.stream()));
      testImages = loader.load(sources(testFiles.stream()));
    } catch (InputException e) {
      Stream<Labelled> all = Stream.concat(trainFiles.stream(), testFiles.stream());
      throw resize == null ? ImageLoader.differentSizes(path, sources(all)).orElse(e) : e;
    }
    boolean grey =
        Stream.concat(trainImages.stream(), testImages.stream())
            .allMatch(ImageDecoder.Decoded::isGrey);
    ImageDataset data =
        new ImageDataset(
            name,
            List.copyOf(train.keySet()),
            set(trainFiles, trainImages, grey ? 1 : 3),
            set(testFiles, testImages, grey ? 1 : 3),
            resize);
    Map<String, ImageDecoder.Decoded> images = new LinkedHashMap<>();
    put(images, trainFiles, trainImages);
    put(images, testFiles, testImages);
    noteConverted(path, images, grey);
    return data;
  }

  /** Returns whether a folder has class folders. */
  private static boolean has(SortedMap<String, Source> tree, String split) {
    String start = split + ImageTree.FOLDER;
    return tree.tailMap(start).keySet().stream()
        .takeWhile(file -> file.startsWith(start))
        .anyMatch(file -> file.indexOf('/', start.length()) > 0);
  }

  /** Returns the paths of the images of each class. */
  private static SortedMap<String, List<String>> classes(
      Path path, SortedMap<String, Source> tree, String split) {
    SortedMap<String, List<String>> classes = new TreeMap<>();
    tree.forEach(
        (file, source) -> {
          String[] parts = file.split(ImageTree.FOLDER);
          if (parts.length < 2 || !parts[0].equals(split)) {
            return;
          }
          if (parts.length > 2 || file.endsWith(ImageTree.FOLDER)) {
            List<String> images = classes.computeIfAbsent(parts[1], c -> new ArrayList<>());
            if (parts.length == 3 && isImageFile(file)) {
              images.add(file);
            }
          }
        });
    if (classes.isEmpty() || tree.keySet().stream().noneMatch(ImageFolder::isImageFile)) {
      throw Diagnosis.of(path, tree.keySet());
    }
    classes.forEach(
        (name, images) -> {
          if (images.isEmpty()) {
            throw new InputException(
                "%s: class folder %s/%s must hold JPEG or PNG images, but has none"
                    .formatted(path, split, name));
          }
        });
    return classes;
  }

  private static void noteSkipped(Path path, SortedMap<String, Source> tree, String testFolder) {
    List<String> notImages = new ArrayList<>();
    List<String> misplaced = new ArrayList<>();
    List<String> unused = new ArrayList<>();
    for (String file : tree.keySet()) {
      String[] parts = file.split(ImageTree.FOLDER);
      boolean isRead = parts[0].equals(TRAIN) || parts[0].equals(testFolder);
      if (file.endsWith(ImageTree.FOLDER)) {
        continue;
      }
      if (!isImageFile(file)) {
        if (isRead) {
          notImages.add(file);
        }
      } else if (!isRead && VALIDATION.contains(parts[0])) {
        unused.add(file);
      } else if (!isRead || parts.length != 3) {
        misplaced.add(file);
      }
    }
    Notes.skipped(
        "file", path, notImages, "neither JPEG nor PNG", "convert images to PNG to use them");
    Notes.skipped(
        "image",
        path,
        misplaced,
        "not in %s/CLASS or %s/CLASS".formatted(TRAIN, testFolder),
        "move images there to use them");
    Notes.skipped("image", path, unused, testFolder + "/ has the test images", "");
    if (!testFolder.equals(TEST)) {
      Notes.info(
          "%s: the test images are those in %s/, because test/ has none"
              .formatted(path, testFolder));
    }
  }

  private static String listed(Set<String> names) {
    return names.isEmpty() ? "none" : String.join(", ", names);
  }

  private static void put(
      Map<String, ImageDecoder.Decoded> images,
      List<Labelled> files,
      List<ImageDecoder.Decoded> decoded) {
    for (int i = 0; i < files.size(); i++) {
      images.put(files.get(i).path, decoded.get(i));
    }
  }

  private static void noteConverted(
      Path path, Map<String, ImageDecoder.Decoded> images, boolean grey) {
    if (!grey) {
      noteConverted(path, images, ImageDecoder.Decoded::isGrey, "%s grey and read as colour");
    }
    noteConverted(
        path,
        images,
        ImageDecoder.Decoded::isTransparent,
        "%s transparent in parts and read as opaque");
    noteConverted(
        path, images, ImageDecoder.Decoded::isDeep, "%s of 16 bits a sample and rounded to 8");
    noteConverted(
        path,
        images,
        ImageDecoder.Decoded::isRotated,
        "%s with an Exif orientation, which is ignored: rotate the pixels to use it");
  }

  private static void noteConverted(
      Path path,
      Map<String, ImageDecoder.Decoded> images,
      Predicate<ImageDecoder.Decoded> isConverted,
      String conversion) {
    List<String> converted =
        images.entrySet().stream()
            .filter(image -> isConverted.test(image.getValue()))
            .map(Map.Entry::getKey)
            .toList();
    Notes.converted("image", path, converted, images.size(), conversion);
  }

  private record Labelled(String path, Source source, int label) {}

  private static List<Labelled> roundRobin(
      SortedMap<String, Source> tree, SortedMap<String, List<String>> classes) {
    List<List<String>> byLabel = List.copyOf(classes.values());
    int longest = Collections.max(byLabel.stream().map(List::size).toList());
    List<Labelled> files = new ArrayList<>();
    for (int rank = 0; rank < longest; rank++) {
      for (int label = 0; label < byLabel.size(); label++) {
        if (rank < byLabel.get(label).size()) {
          String path = byLabel.get(label).get(rank);
          files.add(new Labelled(path, tree.get(path), label));
        }
      }
    }
    return files;
  }

  private static List<Source> sources(Stream<Labelled> files) {
    return files.map(Labelled::source).toList();
  }

  private static ImageSet set(
      List<Labelled> files, List<ImageDecoder.Decoded> images, int channels) {
    ImageDecoder.Size size = images.get(0).size();
    int plane = size.pixels();
    byte[] pixels = new byte[files.size() * channels * plane];
    for (int i = 0; i < pixels.length / plane; i++) {
      ImageDecoder.Decoded image = images.get(i / channels);
      int channel = image.isGrey() ? 0 : i % channels;
      System.arraycopy(image.planes(), channel * plane, pixels, i * plane, plane);
    }
    int[] labels = files.stream().mapToInt(Labelled::label).toArray();
    return new ImageSet(pixels, labels, channels, size.height(), size.width());
  }

  private static Set<String> without(Set<String> names, Set<String> others) {
    Set<String> rest = new TreeSet<>(names);
    rest.removeAll(others);
    return rest;
  }
}
