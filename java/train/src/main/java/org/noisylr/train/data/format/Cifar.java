package org.noisylr.train.data.format;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.noisylr.check.InputException;
import org.noisylr.train.data.ImageDataset;
import org.noisylr.train.data.ImageSet;
import org.noisylr.train.data.Labels;

/**
 * Reads the binary versions of CIFAR-10 and CIFAR-100 (Krizhevsky 2009) from a folder or from the
 * published {@code tar.gz}.
 *
 * <p>A file is a sequence of records. A record has the label bytes (CIFAR-10: one; CIFAR-100: the
 * coarse label, which is ignored, and the fine label) and 3 × 32 × 32 samples, the planes red,
 * green and blue.
 *
 * <p>An archive may unpack to 1 GiB. Reading allocates at most four times the unpacked bytes,
 * whatever the archive's headers claim.
 */
public enum Cifar {
  /** CIFAR-10: 10 classes; {@code data_batch_1.bin} … {@code data_batch_5.bin}. */
  CIFAR10(
      10,
      1,
      List.of(
          "data_batch_1.bin",
          "data_batch_2.bin",
          "data_batch_3.bin",
          "data_batch_4.bin",
          "data_batch_5.bin"),
      "test_batch.bin",
      "batches.meta.txt"),

  /** CIFAR-100 with its 100 fine classes; {@code train.bin}. */
  CIFAR100(100, 2, List.of("train.bin"), "test.bin", "fine_label_names.txt");

  private static final int SIDE = 32;
  private static final int PIXELS = 3 * SIDE * SIDE;
  private static final int MAX_RECORDS = 50_000;
  private static final int MAX_TEXT = 1 << 16;
  private static final long MAX_ARCHIVE = 1L << 30;

  private final int classes;
  private final int labelBytes;
  private final List<String> trainFiles;
  private final String testFile;
  private final String classFile;

  Cifar(int classes, int labelBytes, List<String> trainFiles, String testFile, String classFile) {
    this.classes = classes;
    this.labelBytes = labelBytes;
    this.trainFiles = trainFiles;
    this.testFile = testFile;
    this.classFile = classFile;
  }

  /**
   * Reads a folder that holds the files, or a {@code tar.gz} that holds them in any folder.
   *
   * @throws InputException if a file is missing, cannot be read, does not have a whole number of
   *     records, or holds a label without a class
   */
  public ImageDataset read(Path folderOrArchive) {
    Map<String, byte[]> files =
        Files.isDirectory(folderOrArchive) ? folder(folderOrArchive) : archive(folderOrArchive);
    for (String file : files().toList()) {
      if (!files.containsKey(file)) {
        throw new InputException(
            "%s must have the file %s of %s".formatted(folderOrArchive, file, datasetName()));
      }
    }
    return new ImageDataset(
        datasetName(),
        classNames(folderOrArchive, files.get(classFile)),
        set(folderOrArchive, files, trainFiles),
        set(folderOrArchive, files, List.of(testFile)));
  }

  String datasetName() {
    return "cifar" + classes;
  }

  String archiveName() {
    return "cifar-%d-binary.tar.gz".formatted(classes);
  }

  /** Returns all files of the dataset. */
  Stream<String> files() {
    return Stream.concat(trainFiles.stream(), Stream.of(testFile, classFile));
  }

  /** Returns whether a folder has one of the files. */
  boolean isIn(Path folder) {
    return files().map(folder::resolve).anyMatch(Files::exists);
  }

  /** Returns whether a path in an archive is that of one of the files. */
  boolean hasFile(String path) {
    return files().anyMatch(baseName(path)::equals);
  }

  private Map<String, byte[]> folder(Path folder) {
    Map<String, byte[]> files = new HashMap<>();
    for (String file : files().toList()) {
      Path path = folder.resolve(file);
      if (Files.exists(path)) {
        files.put(file, Source.of(path).bytes(limit(file)));
      }
    }
    return files;
  }

  private Map<String, byte[]> archive(Path archive) {
    return Source.of(archive)
        .read(
            in -> {
              Map<String, byte[]> files = new HashMap<>();
              Tar tar = Tar.of(archive, in, MAX_ARCHIVE);
              for (TarArchiveEntry entry; (entry = tar.next()) != null; ) {
                String file = baseName(entry.getName());
                if (entry.isFile() && files().anyMatch(file::equals)) {
                  files.put(file, Source.readAll(name(archive, file), tar.content(), limit(file)));
                }
              }
              tar.finish();
              return files;
            });
  }

  private int limit(String file) {
    return file.equals(classFile) ? MAX_TEXT : MAX_RECORDS * recordBytes();
  }

  private int recordBytes() {
    return labelBytes + PIXELS;
  }

  private List<String> classNames(Path place, byte[] text) {
    List<String> names = Source.lines(text);
    if (names.size() != classes) {
      throw new InputException(
          "%s must name %d classes, one per line, but names %d"
              .formatted(name(place, classFile), classes, names.size()));
    }
    if (new HashSet<>(names).size() < classes) {
      throw new InputException(name(place, classFile) + " must name each class once");
    }
    return names;
  }

  private ImageSet set(Path place, Map<String, byte[]> contents, List<String> files) {
    int total = 0;
    for (String file : files) {
      int length = contents.get(file).length;
      if (length == 0 || length % recordBytes() != 0) {
        throw new InputException(
            "%s must have a multiple of %d bytes (records of %s), but has %d bytes"
                .formatted(name(place, file), recordBytes(), datasetName(), length));
      }
      total += length / recordBytes();
    }
    byte[] pixels = new byte[total * PIXELS];
    List<int[]> labels = new ArrayList<>();
    int image = 0;
    for (String file : files) {
      byte[] records = contents.get(file);
      int[] fileLabels = new int[records.length / recordBytes()];
      for (int i = 0; i < fileLabels.length; i++) {
        int start = i * recordBytes();
        fileLabels[i] = records[start + labelBytes - 1] & 0xff;
        System.arraycopy(records, start + labelBytes, pixels, PIXELS * image++, PIXELS);
      }
      Labels.check(name(place, file), fileLabels, classes);
      labels.add(fileLabels);
    }
    return new ImageSet(
        pixels, labels.stream().flatMapToInt(Arrays::stream).toArray(), 3, SIDE, SIDE);
  }

  private static String baseName(String path) {
    return path.substring(path.lastIndexOf('/') + 1);
  }

  private static String name(Path place, String file) {
    return Files.isDirectory(place) ? place.resolve(file).toString() : place + "!" + file;
  }
}
