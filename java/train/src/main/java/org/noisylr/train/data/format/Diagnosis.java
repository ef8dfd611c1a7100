package org.noisylr.train.data.format;

import static java.util.stream.Collectors.joining;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.noisylr.check.InputException;

/** Says why a file or folder is not a dataset: what was found, and what is missing. */
final class Diagnosis {
  private static final String IMAGES =
      "images are read from train/CLASS/*.jpg or *.png and test/CLASS/*";

  private static final String FORMATS =
      "a dataset is a folder or archive, for instance of images in train/CLASS/*.jpg or *.png and test/CLASS/*; 'noisylr train --help' lists the formats";

  private static final String HELD_OUT = "(?:test|val|valid|validation)";
  private static final Pattern NESTED =
      Pattern.compile("(.+)/(?:train|" + HELD_OUT + ")/[^/]+/[^/]+");
  private static final Pattern TEXT = Pattern.compile("(train|test)/([^/]+)/[^/]+\\.txt");
  private static final int MOST_NAMES = 5;
  private static final int START = 16;

  /** The first bytes of files, in hexadecimal digits. */
  private static final Map<String, String> KINDS = new LinkedHashMap<>();

  static {
    KINDS.put("894844460d0a1a0a", "an HDF5 file");
    KINDS.put("50415231", "a Parquet file");
    KINDS.put("4152524f5731", "an Arrow file");
    KINDS.put("934e554d5059", "a NumPy array");
    KINDS.put("89504e470d0a1a0a", "a single PNG image");
    KINDS.put("ffd8ff", "a single JPEG image");
    KINDS.put("47494638", "a GIF image");
    KINDS.put("52494646", "a WebP, WAV or AVI file");
    KINDS.put("526172211a07", "a RAR archive");
    KINDS.put("377abcaf271c", "a 7z archive");
    KINDS.put("425a68", "compressed with bzip2");
    KINDS.put("28b52ffd", "compressed with zstd");
    KINDS.put("4d41544c4142", "a MATLAB file");
    KINDS.put("53514c697465", "an SQLite database");
    KINDS.put("25504446", "a PDF file");
    KINDS.put("00000801", "an IDX file of labels");
    KINDS.put("00000803", "an IDX file of images");
    KINDS.put("1f8b", "compressed with gzip, but not a tar");
    KINDS.put("8002", "a Python pickle");
    KINDS.put("8003", "a Python pickle");
    KINDS.put("8004", "a Python pickle");
    KINDS.put("8005", "a Python pickle");
  }

  private Diagnosis() {}

  /** Returns the error that a file has no known format. */
  static InputException of(Path file) {
    Path parent = file.toAbsolutePath().normalize().getParent();
    String found = file + " is " + kind(file);
    return parent != null && Format.all().anyMatch(format -> format.isIn(parent))
        ? new InputException(found + "; to read the dataset around it, give its folder, " + parent)
        : new InputException(found + ", not a dataset; " + FORMATS);
  }

  private static String kind(Path file) {
    byte[] start = Source.of(file).read(in -> in.readNBytes(START));
    String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
    if (start.length == 0) {
      return "empty";
    }
    if (name.matches(".*\\.(csv|tsv|json|jsonl|txt|xml|html?)")) {
      return "a text file (" + name.substring(name.lastIndexOf('.')) + ")";
    }
    String digits = HexFormat.of().formatHex(start);
    return KINDS.entrySet().stream()
        .filter(kind -> digits.startsWith(kind.getKey()))
        .findFirst()
        .map(Map.Entry::getValue)
        .orElse("a file of an unknown kind");
  }

  /**
   * Returns the error that a folder or archive has no known format, or lacks training or test
   * examples.
   *
   * @param paths of its files, relative to its only folder if it has no other content; those of
   *     folders end in a slash
   */
  static InputException of(Path place, Collection<String> paths) {
    List<String> files = paths.stream().filter(path -> !path.endsWith("/")).toList();
    List<String> images = files.stream().filter(ImageFolder::isImageFile).toList();
    String reason = images.isEmpty() ? withoutImages(files) : withImages(place, images);
    return new InputException(place + " " + reason);
  }

  private static String withImages(Path place, List<String> images) {
    if (images.stream().anyMatch(image -> image.matches("train/[^/]+/[^/]+"))) {
      return "has no test images in test/CLASS/ or val/CLASS/: move a part of the images of each class from train/ to test/";
    }
    if (images.stream().anyMatch(image -> image.matches(HELD_OUT + "/[^/]+/[^/]+"))) {
      return "has no training images in train/CLASS/";
    }
    for (String image : images) {
      Matcher nested = NESTED.matcher(image);
      if (nested.matches()) {
        return "has its images too deep, in %s: %s"
            .formatted(
                nested.group(1),
                Files.isDirectory(place)
                    ? "give the folder " + place.resolve(nested.group(1))
                    : "pack the content of that folder");
      }
    }
    if (images.stream().anyMatch(image -> image.matches("(train|test)/[^/]+"))) {
      return "has images in train/ or test/, but not in class folders: move them to train/CLASS/ and test/CLASS/";
    }
    SortedSet<String> classes = new TreeSet<>();
    images.stream()
        .filter(image -> image.matches("[^/]+/[^/]+"))
        .forEach(image -> classes.add(image.substring(0, image.indexOf('/'))));
    if (!classes.isEmpty()) {
      return "has images in the folders %s, but neither train/ nor test/: move the class folders to train/, and a part of the images of each to test/CLASS/"
          .formatted(names(classes));
    }
    return "has %s, the first %s, but not in class folders; %s"
        .formatted(Notes.count(images.size(), "image"), images.get(0), IMAGES);
  }

  private static String withoutImages(List<String> files) {
    SortedSet<String> classes = new TreeSet<>();
    files.forEach(
        file -> {
          Matcher text = TEXT.matcher(file);
          if (text.matches()) {
            classes.add(text.group(2));
          }
        });
    if (!classes.isEmpty()) {
      return "has texts in the class folders %s, but texts are read from pos and neg only: train/pos/*.txt, train/neg/*.txt, test/pos/*.txt and test/neg/*.txt"
          .formatted(names(classes));
    }
    if (files.isEmpty()) {
      return "has no visible files; " + FORMATS;
    }
    if (files.stream().allMatch(file -> file.endsWith(".npy"))) {
      return "is an archive of NumPy arrays, not a dataset; " + FORMATS;
    }
    return "has no JPEG or PNG image, but %s (%s); %s"
        .formatted(Notes.count(files.size(), "other file"), Notes.extensions(files), FORMATS);
  }

  private static String names(SortedSet<String> names) {
    return Stream.concat(
            names.stream().limit(MOST_NAMES),
            names.size() > MOST_NAMES ? Stream.of("…") : Stream.empty())
        .collect(joining(", "));
  }
}
