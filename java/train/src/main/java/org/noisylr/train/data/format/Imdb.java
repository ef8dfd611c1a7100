package org.noisylr.train.data.format;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.noisylr.check.InputException;
import org.noisylr.train.data.TextDataset;
import org.noisylr.train.data.TextSet;
import org.noisylr.train.data.Vocabulary;

/**
 * Reads the Large Movie Review Dataset (Maas et al. 2011), {@code aclImdb}: {@code
 * train/pos/*.txt}, {@code train/neg/*.txt}, {@code test/…}, from a folder or a {@code tar}, {@code
 * tar.gz} or {@code tar.xz}. The two folders may be in one outer folder.
 *
 * <p>Class 0 is negative, class 1 positive. Negative and positive texts alternate, in the order of
 * the file names, so that every prefix is balanced. The {@link Vocabulary} is that of the training
 * texts.
 *
 * <p>Reviews without a class, in {@code unsup}, and hidden files are skipped. Other files in class
 * folders are skipped with a warning.
 *
 * <p>An archive may unpack to 1 GiB. It may have 50,000 reviews of up to 1 MiB, and 256 MiB of
 * reviews in total. Allocation grows with the unpacked bytes, whatever the archive's headers claim.
 */
public final class Imdb {
  /** The name of the dataset. */
  public static final String NAME = "imdb";

  /** The published file. */
  static final String ARCHIVE = "aclImdb_v1.tar.gz";

  /** The number of tokens in Keras' example. */
  static final int VOCABULARY = 20_000;

  /** The number of tokens of a text in Keras' example. */
  static final int LENGTH = 80;

  private static final List<String> CLASSES = List.of("neg", "pos");
  private static final List<String> SPLITS = List.of("train", "test");
  private static final Pattern REVIEW =
      Pattern.compile("(?:[^/]+/)?(train|test)/(neg|pos)/([^/]+\\.txt)");

  /** Reviews without a class, for other methods. */
  private static final String UNLABELLED = "unsup";

  /** Files in class folders, which a user may expect to be read. */
  private static final Pattern SKIPPED =
      Pattern.compile("(?:[^/]+/)?(train|test)/(?!" + UNLABELLED + "/)[^/]+/.+");

  private static final int MAX_REVIEW = 1 << 20;
  private static final int MAX_REVIEWS = 50_000;
  private static final int MAX_TEXT = 1 << 28;
  private static final long MAX_ARCHIVE = 1L << 30;

  private Imdb() {}

  /**
   * Reads a folder or an archive.
   *
   * @param vocabulary the number of tokens, at least 4; 20,000 in the paper
   * @param length the number of tokens of a text, at least 1; 80 in the paper
   * @throws InputException if a split has no reviews of a class, or a file cannot be read
   */
  public static TextDataset read(Path folderOrArchive, int vocabulary, int length) {
    Reviews reviews = new Reviews(folderOrArchive);
    if (Files.isDirectory(folderOrArchive)) {
      readFolder(ImageTree.unwrap(folderOrArchive), reviews);
    } else {
      readArchive(folderOrArchive, reviews);
    }
    reviews.check();
    Vocabulary words =
        new Vocabulary(
            () -> Stream.concat(reviews.of("train", 0), reviews.of("train", 1)).iterator(),
            vocabulary);
    return new TextDataset(
        NAME,
        CLASSES,
        vocabulary,
        words.words(),
        set(reviews, "train", words, length),
        set(reviews, "test", words, length));
  }

  /** Returns whether a folder holds reviews. */
  static boolean isIn(Path folder) {
    return SPLITS.stream()
        .map(split -> folder.resolve(split + "/pos"))
        .filter(Files::isDirectory)
        .anyMatch(
            positive ->
                children(positive).stream().anyMatch(file -> file.toString().endsWith(".txt")));
  }

  /** Texts by folder, {@code train/neg} and so on, and by file name. */
  private static final class Reviews {
    private final Path place;
    private final Map<String, SortedMap<String, String>> texts = new TreeMap<>();
    private final List<String> skipped = new ArrayList<>();
    private int count;
    private long bytes;

    Reviews(Path place) {
      this.place = place;
      for (String split : SPLITS) {
        for (String label : CLASSES) {
          texts.put(split + "/" + label, new TreeMap<>());
        }
      }
    }

    /** Adds a file if it is a review. */
    void add(String path, Source.Action<byte[]> content) throws IOException {
      Matcher review = REVIEW.matcher(path);
      if (!review.matches()) {
        if (SKIPPED.matcher(path).matches() && !ImageTree.isHidden(path)) {
          skipped.add(path);
        }
        return;
      }
      if (++count > MAX_REVIEWS) {
        throw new InputException(place + " must have at most " + MAX_REVIEWS + " reviews");
      }
      byte[] text = content.run();
      bytes += text.length;
      if (bytes > MAX_TEXT) {
        throw new InputException(place + " must have at most " + MAX_TEXT + " bytes of reviews");
      }
      texts
          .get(review.group(1) + "/" + review.group(2))
          .put(review.group(3), new String(text, StandardCharsets.UTF_8));
    }

    void check() {
      texts.forEach(
          (folder, files) -> {
            if (files.isEmpty()) {
              throw new InputException(
                  place + " must have reviews " + folder + "/*.txt, but has none");
            }
          });
      Notes.skipped("file", place, skipped, "not pos/*.txt or neg/*.txt", "");
    }

    Stream<String> of(String split, int label) {
      return texts.get(split + "/" + CLASSES.get(label)).values().stream();
    }
  }

  private static void readFolder(Path folder, Reviews reviews) {
    for (String split : SPLITS) {
      for (Path label : children(folder.resolve(split))) {
        if (!Files.isDirectory(label) || label.endsWith(UNLABELLED)) {
          continue;
        }
        Source.reading(
            label,
            () -> {
              for (Path file : children(label)) {
                reviews.add(
                    "%s/%s/%s".formatted(split, label.getFileName(), file.getFileName()),
                    () -> Source.of(file).bytes(MAX_REVIEW));
              }
              return null;
            });
      }
    }
  }

  /** Returns the content of a folder in the order of names; empty if there is no such folder. */
  private static List<Path> children(Path folder) {
    return Source.reading(
        folder,
        () -> {
          if (!Files.isDirectory(folder)) {
            return List.of();
          }
          try (Stream<Path> children = Files.list(folder)) {
            return children.sorted().toList();
          }
        });
  }

  private static void readArchive(Path archive, Reviews reviews) {
    Source.of(archive)
        .read(
            raw -> {
              Tar tar = Tar.of(archive, raw, MAX_ARCHIVE);
              for (TarArchiveEntry entry; (entry = tar.next()) != null; ) {
                if (entry.isFile()) {
                  String path = Tar.path(entry);
                  String name = archive + "!" + path;
                  if (isReview(path)) {
                    Tar.checkNoLink(name, entry);
                  }
                  reviews.add(path, () -> Source.readAll(name, tar.content(), MAX_REVIEW));
                }
              }
              tar.finish();
              return null;
            });
  }

  /** Returns whether a path in an archive is that of a review. */
  static boolean isReview(String path) {
    return REVIEW.matcher(path).matches();
  }

  private static TextSet set(Reviews reviews, String split, Vocabulary words, int length) {
    List<int[]> texts = new ArrayList<>();
    List<Integer> labels = new ArrayList<>();
    List<Iterator<String>> byClass =
        List.of(reviews.of(split, 0).iterator(), reviews.of(split, 1).iterator());
    while (byClass.stream().anyMatch(Iterator::hasNext)) {
      for (int label = 0; label < byClass.size(); label++) {
        if (byClass.get(label).hasNext()) {
          texts.add(words.encode(byClass.get(label).next(), length));
          labels.add(label);
        }
      }
    }
    return new TextSet(
        texts.stream().flatMapToInt(Arrays::stream).toArray(),
        labels.stream().mapToInt(Integer::intValue).toArray(),
        length);
  }
}
