package org.noisylr.train.data.format;

import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.noisylr.check.InputException;
import org.noisylr.train.data.ImageDataset;
import org.noisylr.train.data.ImageSet;

/**
 * Reads images that are sorted into folders, {@code train/CLASS/*} and {@code test/CLASS/*}, from a
 * folder, a zip or a tar, which may be compressed with gzip or xz. The two folders may be in one
 * outer folder. Images are the JPEG and PNG files with the extension {@code .jpg}, {@code .jpeg} or
 * {@code .png}; hidden files and other files are skipped. Nothing is written to disk.
 *
 * <p>Classes are numbered in the order of their names. Images are stored round-robin: the first
 * file of each class, then the second of each, in the order of the file names, so that every prefix
 * is as balanced as possible. If all images are grey (red, green and blue are equal everywhere),
 * the set has one channel, otherwise three. Alpha is dropped; 16-bit samples are rounded to 8 bits.
 *
 * <p>An archive may unpack to 4 GiB, a file to 64 MiB, the images of a split to 2 GiB of samples. A
 * tar may have 2 GiB of image files, which are kept in memory while they are decoded, and none may
 * be a link. An image is decoded only if its header declares the size of the first image.
 */
public final class ImageFolder {
  private static final String TRAIN = "train";
  private static final String TEST = "test";
  private static final String FOLDER = "/";
  private static final int MAX_FILE = 1 << 26;
  private static final long MAX_ARCHIVE = 1L << 32;
  private static final long MAX_KEPT = 1L << 31;
  private static final Pattern IMAGE = Pattern.compile("(?i).*\\.(jpg|jpeg|png)");
  private static final Pattern PLACE = Pattern.compile("([^/]+/)?(train|test)/[^/]+/[^/]+");

  private ImageFolder() {}

  /**
   * Reads a folder or an archive.
   *
   * @param name the name of the dataset
   * @throws InputException if {@code train} or {@code test} is missing, their classes differ, a
   *     class has no image, or an image cannot be decoded or differs in size from the first
   */
  public static ImageDataset read(String name, Path folderOrArchive) {
    if (Files.isDirectory(folderOrArchive)) {
      return read(name, folderOrArchive, tree(folderOrArchive));
    }
    if (Tar.mayBe(folderOrArchive)) {
      return read(name, folderOrArchive, tarTree(folderOrArchive));
    }
    return Source.reading(
        folderOrArchive,
        () -> {
          try (ZipFile zip = new ZipFile(Source.regular(folderOrArchive).toFile())) {
            return read(name, folderOrArchive, zipTree(folderOrArchive, zip));
          }
        });
  }

  /** Returns whether a path in an archive is that of an image in a class folder. */
  static boolean isImage(String path) {
    return PLACE.matcher(path).matches() && !isHidden(path) && IMAGE.matcher(path).matches();
  }

  static boolean isIn(Path folder) {
    return Files.isDirectory(folder.resolve(TRAIN)) || Files.isDirectory(folder.resolve(TEST));
  }

  /** Returns the folder itself or, if its only visible content is a folder, that folder. */
  static Path unwrap(Path folder) {
    List<Path> visible =
        Source.reading(
            folder,
            () -> {
              try (Stream<Path> children = Files.list(folder)) {
                return children
                    .filter(child -> !isHidden(child.getFileName().toString()))
                    .limit(2)
                    .toList();
              }
            });
    return visible.size() == 1 && Files.isDirectory(visible.get(0)) && !isIn(folder)
        ? visible.get(0)
        : folder;
  }

  /** Returns the content of a folder by relative path; paths of folders end in a slash. */
  private static SortedMap<String, Source> tree(Path folder) {
    Path root = unwrap(folder);
    return Source.reading(
        folder,
        () -> {
          SortedMap<String, Source> tree = new TreeMap<>();
          try (Stream<Path> paths = Files.walk(root, 3, FileVisitOption.FOLLOW_LINKS)) {
            paths.forEach(
                path -> {
                  String relative =
                      root.relativize(path).toString().replace(File.separatorChar, '/');
                  tree.put(Files.isDirectory(path) ? relative + FOLDER : relative, Source.of(path));
                });
          }
          return tree;
        });
  }

  private static SortedMap<String, Source> zipTree(Path path, ZipFile zip) {
    // Unpacking stops at the declared size of an entry, so this bounds the total.
    long unpacked = 0;
    for (ZipEntry entry : (Iterable<ZipEntry>) zip.stream().map(ZipEntry.class::cast)::iterator) {
      unpacked += Math.max(0, entry.getSize());
      if (unpacked > MAX_ARCHIVE || unpacked < 0) {
        throw new InputException(path + " must unpack to at most " + MAX_ARCHIVE + " bytes");
      }
    }
    SortedMap<String, Source> tree = new TreeMap<>();
    zip.stream()
        .forEach(
            entry -> {
              String name = path + "!" + entry.getName();
              tree.put(entry.getName(), new Source(name, () -> open(name, zip, entry)));
            });
    return unwrap(tree);
  }

  private static SortedMap<String, Source> tarTree(Path path) {
    return Source.of(path)
        .read(
            in -> {
              SortedMap<String, Source> tree = new TreeMap<>();
              Tar tar = Tar.of(path, in, MAX_ARCHIVE);
              long kept = 0;
              for (TarArchiveEntry entry; (entry = tar.next()) != null; ) {
                String file = Tar.path(entry);
                String name = path + "!" + file;
                boolean image = entry.isFile() && isImage(file);
                if (image) {
                  Tar.checkNoLink(name, entry);
                }
                byte[] bytes = image ? Source.readAll(name, tar.content(), MAX_FILE) : new byte[0];
                kept += bytes.length;
                if (kept > MAX_KEPT) {
                  throw new InputException(
                      path + " must have at most " + MAX_KEPT + " bytes of images");
                }
                tree.put(file, new Source(name, () -> new ByteArrayInputStream(bytes)));
              }
              tar.finish();
              return unwrap(tree);
            });
  }

  /** Returns the tree in the outer folder if there is one, or the tree itself. */
  private static SortedMap<String, Source> unwrap(SortedMap<String, Source> tree) {
    Set<String> tops =
        tree.keySet().stream()
            .filter(entry -> entry.contains(FOLDER) && !isHidden(entry))
            .map(entry -> entry.substring(0, entry.indexOf(FOLDER)))
            .collect(Collectors.toSet());
    if (tops.size() != 1 || tops.contains(TRAIN) || tops.contains(TEST)) {
      return tree;
    }
    String top = tops.iterator().next() + FOLDER;
    SortedMap<String, Source> inner = new TreeMap<>();
    tree.forEach(
        (entry, source) -> {
          if (entry.startsWith(top)) {
            inner.put(entry.substring(top.length()), source);
          }
        });
    return inner;
  }

  private static InputStream open(String name, ZipFile zip, ZipEntry entry) throws IOException {
    try (InputStream in = zip.getInputStream(entry)) {
      byte[] bytes =
          Source.readAll(name, in, (int) Math.min(Math.max(0, entry.getSize()), MAX_FILE));
      CRC32 crc = new CRC32();
      crc.update(bytes);
      if (entry.getCrc() != crc.getValue()) {
        throw new ZipException("wrong checksum");
      }
      return new ByteArrayInputStream(bytes);
    }
  }

  private static ImageDataset read(String name, Path path, SortedMap<String, Source> tree) {
    SortedMap<String, List<Source>> train = classes(path, tree, TRAIN);
    SortedMap<String, List<Source>> test = classes(path, tree, TEST);
    if (!train.keySet().equals(test.keySet())) {
      throw new InputException(
          "%s: train and test must have the same classes, but %s are only in train and %s only in test"
              .formatted(
                  path,
                  without(train.keySet(), test.keySet()),
                  without(test.keySet(), train.keySet())));
    }
    List<Labelled> trainFiles = roundRobin(train);
    List<Labelled> testFiles = roundRobin(test);
    Source first = trainFiles.get(0).source();
    ImageDecoder.Size size = ImageDecoder.size(first.name(), first.bytes(MAX_FILE));
    List<byte[]> trainPlanes = decode(path, trainFiles, size, first.name());
    List<byte[]> testPlanes = decode(path, testFiles, size, first.name());
    boolean grey =
        Stream.concat(trainPlanes.stream(), testPlanes.stream())
            .allMatch(planes -> planes.length == size.pixels());
    return new ImageDataset(
        name,
        List.copyOf(train.keySet()),
        set(trainFiles, trainPlanes, grey ? 1 : 3, size),
        set(testFiles, testPlanes, grey ? 1 : 3, size));
  }

  private static SortedMap<String, List<Source>> classes(
      Path path, SortedMap<String, Source> tree, String split) {
    SortedMap<String, List<Source>> classes = new TreeMap<>();
    tree.forEach(
        (file, source) -> {
          String[] parts = file.split(FOLDER);
          if (parts.length < 2 || !parts[0].equals(split) || isHidden(file)) {
            return;
          }
          if (parts.length > 2 || file.endsWith(FOLDER)) {
            List<Source> images = classes.computeIfAbsent(parts[1], c -> new ArrayList<>());
            if (parts.length == 3 && IMAGE.matcher(file).matches()) {
              images.add(source);
            }
          }
        });
    if (classes.isEmpty()) {
      throw new InputException(
          "%s must hold images as %s/CLASS/*.jpg or *.png, but has no class folder in %s"
              .formatted(path, split, split));
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

  private record Labelled(Source source, int label) {}

  private static List<Labelled> roundRobin(SortedMap<String, List<Source>> classes) {
    List<List<Source>> byLabel = List.copyOf(classes.values());
    int longest = Collections.max(byLabel.stream().map(List::size).toList());
    List<Labelled> files = new ArrayList<>();
    for (int rank = 0; rank < longest; rank++) {
      for (int label = 0; label < byLabel.size(); label++) {
        if (rank < byLabel.get(label).size()) {
          files.add(new Labelled(byLabel.get(label).get(rank), label));
        }
      }
    }
    return files;
  }

  private static List<byte[]> decode(
      Path path, List<Labelled> files, ImageDecoder.Size size, String first) {
    long bytes = 3L * size.pixels() * files.size();
    if (bytes > Source.MAX_BYTES) {
      throw new InputException(
          "%s: %d images of %s pixels with three channels take %d bytes, but the limit is %d"
              .formatted(path, files.size(), size, bytes, Source.MAX_BYTES));
    }
    return files.parallelStream()
        .map(
            file -> {
              Source source = file.source();
              return ImageDecoder.decode(source.name(), source.bytes(MAX_FILE), size, first);
            })
        .toList();
  }

  private static ImageSet set(
      List<Labelled> files, List<byte[]> planes, int channels, ImageDecoder.Size size) {
    int plane = size.pixels();
    byte[] pixels = new byte[files.size() * channels * plane];
    for (int i = 0; i < pixels.length / plane; i++) {
      byte[] image = planes.get(i / channels);
      int channel = image.length == plane ? 0 : i % channels;
      System.arraycopy(image, channel * plane, pixels, i * plane, plane);
    }
    int[] labels = files.stream().mapToInt(Labelled::label).toArray();
    return new ImageSet(pixels, labels, channels, size.height(), size.width());
  }

  /** Returns whether a part of the path is empty, starts with a dot or was added by macOS. */
  private static boolean isHidden(String path) {
    return Arrays.stream(path.split(FOLDER))
        .anyMatch(part -> part.isEmpty() || part.startsWith(".") || part.equals("__MACOSX"));
  }

  private static Set<String> without(Set<String> names, Set<String> others) {
    Set<String> rest = new TreeSet<>(names);
    rest.removeAll(others);
    return rest;
  }
}
