package org.noisylr.train.data.format;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.noisylr.check.InputException;
import org.noisylr.check.Reason;
import org.noisylr.train.data.Dataset;
import org.noisylr.train.data.GeneratedData;
import org.noisylr.train.data.ImageDataset;
import org.noisylr.train.data.ImageSet;

/**
 * Opens a dataset by name or path.
 *
 * <p>Names: {@code fashion-mnist-mini} (6,000 + 1,000 images of Fashion-MNIST) is part of this
 * library. {@code mnist}, {@code fashion-mnist}, {@code cifar10}, {@code cifar100}, {@code svhn},
 * {@code imdb} and {@code voc2012} are read from the folder NAME of the data home. {@code
 * generated:NAME} is a synthetic dataset, see {@link GeneratedData}. A name takes precedence over a
 * file of that name; write {@code ./mnist} for the file.
 *
 * <p>The format of a path is recognised by its content: a folder of IDX files ({@link Idx}; the
 * classes are named 0 … 9), a CIFAR folder or {@code tar.gz} ({@link Cifar}), a folder of SVHN's
 * MATLAB files, a folder, zip or tar of images ({@link ImageFolder}), a folder or tar of reviews
 * ({@link Imdb}; 20,000 words, 80 per text), or a folder or tar of Pascal VOC 2012. If the only
 * content of a folder is a folder, that folder is read. Warnings count the files that are skipped
 * or converted.
 */
public final class Datasets {
  /** The environment variable that sets the data home. */
  private static final String DATA_HOME_VARIABLE = "NOISYLR_DATA";

  private static final String EMBEDDED = "fashion-mnist-mini";
  private static final String FASHION_MNIST = "fashion-mnist";

  /** The names of datasets, without the synthetic ones. */
  public static final List<String> NAMES =
      List.of(EMBEDDED, FASHION_MNIST, "mnist", "cifar10", "cifar100", "svhn", "imdb", "voc2012");

  /** The most bytes that a tar may unpack to while its format is recognised. */
  private static final long MAX_ARCHIVE = 1L << 32;

  static final List<String> DIGITS = IntStream.range(0, 10).mapToObj(Integer::toString).toList();

  private static final List<String> FASHION =
      List.of(
          "T-shirt/top",
          "Trouser",
          "Pullover",
          "Dress",
          "Coat",
          "Sandal",
          "Shirt",
          "Sneaker",
          "Bag",
          "Ankle boot");

  /**
   * A dataset in the data home.
   *
   * @param archive the archive in its folder that may replace the files; empty if there is none
   * @param files the files that a user may copy to its folder, for messages
   */
  private record Named(Format format, String archive, String files) {}

  private static final String IDX_FILES =
      "train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte (plain or .gz)";

  private static final Map<String, Named> NAMED =
      Map.of(
          FASHION_MNIST,
          new Named(Format.IDX, "", IDX_FILES),
          "mnist",
          new Named(Format.IDX, "", IDX_FILES),
          "cifar10",
          archived(Format.CIFAR10, Cifar.CIFAR10.archiveName(), "files"),
          "cifar100",
          archived(Format.CIFAR100, Cifar.CIFAR100.archiveName(), "files"),
          Svhn.NAME,
          new Named(Format.SVHN, "", String.join(", ", Svhn.FILES)),
          Imdb.NAME,
          archived(Format.IMDB, Imdb.ARCHIVE, "folder aclImdb"),
          Voc.NAME,
          archived(Format.VOC, Voc.ARCHIVE, "folder VOCdevkit"));

  private static Named archived(Format format, String archive, String content) {
    return new Named(format, archive, archive + " or the " + content + " in it");
  }

  private Datasets() {}

  /** Returns {@code NOISYLR_DATA}, or {@code .noisylr/data} in the user's home folder. */
  public static Path dataHome() {
    return dataHome(System.getenv(DATA_HOME_VARIABLE), System.getProperty("user.home"));
  }

  static Path dataHome(String variable, String userHome) {
    if (variable == null || variable.isBlank()) {
      return Path.of(userHome, ".noisylr", "data");
    }
    try {
      return Path.of(variable);
    } catch (InvalidPathException e) {
      throw new InputException(DATA_HOME_VARIABLE + " must be a path, but is " + variable, e);
    }
  }

  /** Opens a dataset with the default {@link #dataHome}. */
  public static Dataset open(String nameOrPath) {
    return open(nameOrPath, dataHome());
  }

  /**
   * Opens a dataset with the default {@link #dataHome} and resizes its images.
   *
   * @param resize the new width and height, see {@link ImageFolder}; null to keep the size
   * @throws InputException if there is no such dataset, one of its files is missing or damaged, or
   *     its images cannot be resized
   */
  public static Dataset open(String nameOrPath, Integer resize) {
    ImageDataset.checkResize(resize);
    if (resize == null) {
      return open(nameOrPath);
    }
    Place place = isName(nameOrPath) ? null : place(nameOrPath);
    if (place == null || place.format != Format.IMAGES) {
      throw InputException.of(
          "resize", "requires a folder or archive of images, but the data is " + nameOrPath);
    }
    return ImageFolder.read(place.name, place.path, resize);
  }

  /**
   * Opens a dataset.
   *
   * @param nameOrPath a name from {@link #NAMES}, the name of a synthetic dataset, or a path
   * @param dataHome the folder that holds the named datasets
   * @throws InputException if there is no such dataset, or one of its files is missing or damaged
   */
  public static Dataset open(String nameOrPath, Path dataHome) {
    if (nameOrPath.equals(EMBEDDED)) {
      return new ImageDataset(EMBEDDED, FASHION, embedded("train"), embedded("t10k"));
    }
    if (NAMED.containsKey(nameOrPath)) {
      return named(nameOrPath, dataHome);
    }
    if (nameOrPath.startsWith(GeneratedData.PREFIX)) {
      return GeneratedData.open(nameOrPath);
    }
    Place place = place(nameOrPath);
    return place.format.read(place.name, place.path);
  }

  /**
   * Returns the format of a dataset in words.
   *
   * @throws InputException if there is no such dataset
   */
  public static String formatOf(String nameOrPath) {
    if (nameOrPath.equals(EMBEDDED)) {
      return "embedded";
    }
    if (NAMED.containsKey(nameOrPath)) {
      return NAMED.get(nameOrPath).format.toString();
    }
    return nameOrPath.startsWith(GeneratedData.PREFIX)
        ? "synthetic"
        : place(nameOrPath).format.toString();
  }

  /** Returns whether this is the name of a dataset, not a path. */
  public static boolean isName(String nameOrPath) {
    return NAMES.contains(nameOrPath) || nameOrPath.startsWith(GeneratedData.PREFIX);
  }

  /**
   * Returns a name unchanged and a path as an absolute path without links.
   *
   * @throws InputException if the path does not exist or cannot be resolved
   */
  public static String canonical(String nameOrPath) {
    if (isName(nameOrPath)) {
      return nameOrPath;
    }
    try {
      return Path.of(nameOrPath).toRealPath().toString();
    } catch (InvalidPathException e) {
      throw unknown(nameOrPath);
    } catch (IOException e) {
      throw Reason.unreadable(nameOrPath, e);
    }
  }

  private static ImageSet embedded(String split) {
    return Idx.set(resource(Idx.imagesOf(split)), resource(Idx.labelsOf(split)), FASHION.size());
  }

  private static Source resource(String stem) {
    String name = EMBEDDED + "/" + stem + ".gz";
    return new Source(
        name,
        () -> {
          InputStream in = Dataset.class.getResourceAsStream(name);
          if (in == null) {
            throw new IllegalStateException("this build lacks its resource " + name);
          }
          return in;
        });
  }

  /** Returns whether a named dataset is in the data home or part of this library. */
  public static boolean isAvailable(String name) {
    return name.equals(EMBEDDED)
        || NAMED.containsKey(name) && place(name, dataHome().resolve(name)).isPresent();
  }

  private static Dataset named(String name, Path dataHome) {
    Path home = dataHome.resolve(name);
    Path place =
        place(name, home)
            .orElseThrow(
                () ->
                    new InputException(
                        "dataset %s must be in %s, but is missing; run 'noisylr data fetch %s', copy %s there, set %s to the folder that contains the folder %s, or give a path instead of the name"
                            .formatted(
                                name,
                                home,
                                name,
                                NAMED.get(name).files,
                                DATA_HOME_VARIABLE,
                                name)));
    return name.equals(FASHION_MNIST)
        ? Idx.read(name, FASHION, place)
        : NAMED.get(name).format.read(name, place);
  }

  /** Returns the folder or archive of a named dataset in its folder of the data home. */
  private static Optional<Path> place(String name, Path home) {
    if (!Files.isDirectory(home)) {
      return Optional.empty();
    }
    Named named = NAMED.get(name);
    Path archive = home.resolve(named.archive);
    return Stream.of(ImageTree.unwrap(home), home)
        .filter(named.format::isIn)
        .findFirst()
        .or(() -> Files.isRegularFile(archive) ? Optional.of(archive) : Optional.empty());
  }

  /**
   * A dataset that is not a named one.
   *
   * @param path the folder or archive to read
   */
  private record Place(Format format, String name, Path path) {}

  private static Place place(String nameOrPath) {
    Path path;
    try {
      path = Path.of(nameOrPath);
    } catch (InvalidPathException e) {
      throw unknown(nameOrPath);
    }
    if (!nameOrPath.isBlank() && Files.isDirectory(path)) {
      Path folder = ImageTree.unwrap(path);
      return new Place(formatOfFolder(folder), nameOf(path), folder);
    }
    if (nameOrPath.isBlank() || !Files.exists(path)) {
      throw unknown(nameOrPath);
    }
    return new Place(formatOfFile(path), nameOf(path), path);
  }

  private static Format formatOfFolder(Path folder) {
    return Format.all()
        .filter(format -> format.isIn(folder))
        .findFirst()
        .orElseThrow(() -> Diagnosis.of(folder, ImageTree.sample(folder)));
  }

  private static Format formatOfFile(Path path) {
    byte[] start = Source.of(path).read(in -> in.readNBytes(2));
    if (Arrays.equals(start, new byte[] {'P', 'K'})) {
      return Format.IMAGES;
    }
    if (!Tar.mayBe(path) || Source.isGzip(start) && isNoTar(path)) {
      throw Diagnosis.of(path);
    }
    return formatOfTar(path);
  }

  /** Returns whether a file that is compressed with gzip has the start of another format in it. */
  private static boolean isNoTar(Path path) {
    return Source.of(path).readUncompressed(in -> Idx.isStart(in.readNBytes(4)));
  }

  /** Returns the format of the first file that has one. */
  private static Format formatOfTar(Path path) {
    List<String> files = new ArrayList<>();
    return Source.of(path)
        .read(
            in -> {
              Tar tar = Tar.of(path, in, Math.max(MAX_ARCHIVE, Files.size(path)));
              for (TarArchiveEntry entry; (entry = tar.next()) != null; ) {
                String file = Tar.path(entry);
                Optional<Format> found =
                    Format.all().filter(format -> format.hasFile(file)).findFirst();
                if (found.isPresent()) {
                  return found.get();
                }
                if (!ImageTree.isHidden(file)) {
                  files.add(file);
                }
              }
              throw Diagnosis.of(path, files);
            });
  }

  /** Returns the last part of the path, without the extension of an archive. */
  private static String nameOf(Path path) {
    Path last = path.toAbsolutePath().normalize().getFileName();
    return last == null
        ? path.toString()
        : last.toString().replaceFirst("(?i)\\.(zip|tgz|tar(\\.(gz|xz))?)$", "");
  }

  private static InputException unknown(String nameOrPath) {
    return new InputException(
        nameOrPath.matches(".*[./\\\\].*")
            ? nameOrPath + " cannot be read: no such file or folder"
            : "data must be one of %s, or the path of a dataset, but is \"%s\""
                .formatted(String.join(", ", NAMES), nameOrPath));
  }
}
