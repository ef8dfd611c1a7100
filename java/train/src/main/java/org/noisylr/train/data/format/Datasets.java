package org.noisylr.train.data.format;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.noisylr.check.InputException;
import org.noisylr.check.Reason;
import org.noisylr.train.data.Dataset;
import org.noisylr.train.data.GeneratedData;
import org.noisylr.train.data.ImageDataset;
import org.noisylr.train.data.ImageSet;
import org.noisylr.train.data.TextDataset;

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
 * content of a folder is a folder, that folder is read.
 */
public final class Datasets {
  /** The environment variable that sets the data home. */
  public static final String DATA_HOME_VARIABLE = "NOISYLR_DATA";

  /** The names of datasets, without the synthetic ones. */
  public static final List<String> NAMES =
      List.of(
          "fashion-mnist-mini",
          "fashion-mnist",
          "mnist",
          "cifar10",
          "cifar100",
          "svhn",
          "imdb",
          "voc2012");

  /** The most bytes that a tar may unpack to while its format is recognised. */
  private static final long MAX_ARCHIVE = 1L << 32;

  private static final List<String> DIGITS =
      IntStream.range(0, 10).mapToObj(Integer::toString).toList();

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

  private Datasets() {}

  /** {@code NOISYLR_DATA}, or {@code .noisylr/data} in the user's home folder. */
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
   * Opens a dataset.
   *
   * @param nameOrPath a name from {@link #NAMES}, the name of a synthetic dataset, or a path
   * @param dataHome the folder that holds the named datasets
   * @throws InputException if there is no such dataset, or one of its files is missing or damaged
   */
  public static Dataset open(String nameOrPath, Path dataHome) {
    return switch (nameOrPath) {
      case "fashion-mnist-mini" -> fashionMnistMini();
      case "fashion-mnist" -> idx(nameOrPath, FASHION, dataHome);
      case "mnist" -> idx(nameOrPath, DIGITS, dataHome);
      case "cifar10" -> cifar(Cifar.CIFAR10, dataHome);
      case "cifar100" -> cifar(Cifar.CIFAR100, dataHome);
      case "svhn" -> svhn(dataHome);
      case "imdb" -> imdb(dataHome);
      case "voc2012" -> voc(dataHome);
      default ->
          nameOrPath.startsWith(GeneratedData.PREFIX)
              ? GeneratedData.open(nameOrPath)
              : path(nameOrPath);
    };
  }

  /**
   * Returns a name unchanged and a path as an absolute path without links.
   *
   * @throws InputException if the path does not exist or cannot be resolved
   */
  public static String canonical(String nameOrPath) {
    if (NAMES.contains(nameOrPath) || nameOrPath.startsWith(GeneratedData.PREFIX)) {
      return nameOrPath;
    }
    try {
      return Path.of(nameOrPath).toRealPath().toString();
    } catch (IOException e) {
      throw new InputException("cannot read " + nameOrPath + ": " + Reason.of(e, nameOrPath), e);
    }
  }

  private static ImageDataset fashionMnistMini() {
    return new ImageDataset("fashion-mnist-mini", FASHION, embedded("train"), embedded("t10k"));
  }

  private static ImageSet embedded(String split) {
    return Idx.set(resource(Idx.imagesOf(split)), resource(Idx.labelsOf(split)), FASHION.size());
  }

  private static Source resource(String stem) {
    String name = "fashion-mnist-mini/" + stem + ".gz";
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

  /** Whether a named dataset is in the data home or part of this library. */
  public static boolean isAvailable(String name) {
    return name.equals("fashion-mnist-mini") || place(name, dataHome()).isPresent();
  }

  /** The folder or archive that a named dataset is read from. */
  private static Optional<Path> place(String name, Path dataHome) {
    Path home = dataHome.resolve(name);
    if (!Files.isDirectory(home)) {
      return Optional.empty();
    }
    Path folder = ImageFolder.unwrap(home);
    return switch (name) {
      case "mnist", "fashion-mnist" -> only(folder, Idx.isIn(folder));
      case "cifar10" -> folderOrArchive(Cifar.CIFAR10, folder, home);
      case "cifar100" -> folderOrArchive(Cifar.CIFAR100, folder, home);
      case Svhn.NAME -> only(home, Svhn.isIn(home));
      case Imdb.NAME ->
          only(home, Imdb.isIn(folder)).or(() -> existing(home.resolve(Imdb.ARCHIVE)));
      case Voc.NAME -> only(home, Voc.isIn(home)).or(() -> existing(home.resolve(Voc.ARCHIVE)));
      default -> Optional.empty();
    };
  }

  private static Optional<Path> only(Path path, boolean condition) {
    return condition ? Optional.of(path) : Optional.empty();
  }

  private static Optional<Path> existing(Path path) {
    return only(path, Files.exists(path));
  }

  private static Optional<Path> folderOrArchive(Cifar cifar, Path folder, Path home) {
    return only(folder, Cifar.in(folder).filter(cifar::equals).isPresent())
        .or(() -> existing(home.resolve(cifar.archiveName())));
  }

  private static Path placeOf(String name, Path dataHome, String files) {
    return place(name, dataHome).orElseThrow(() -> missing(name, dataHome.resolve(name), files));
  }

  private static ImageDataset idx(String name, List<String> classNames, Path dataHome) {
    String files =
        String.join(
            ", ",
            Idx.imagesOf("train"),
            Idx.labelsOf("train"),
            Idx.imagesOf("t10k"),
            Idx.labelsOf("t10k"));
    return Idx.read(name, classNames, placeOf(name, dataHome, files + " (plain or .gz)"));
  }

  private static ImageDataset cifar(Cifar cifar, Path dataHome) {
    return cifar.read(
        placeOf(cifar.datasetName(), dataHome, cifar.archiveName() + " or the files in it"));
  }

  private static ImageDataset svhn(Path dataHome) {
    return Svhn.read(placeOf(Svhn.NAME, dataHome, String.join(", ", Svhn.FILES)), DIGITS);
  }

  private static Dataset imdb(Path dataHome) {
    return imdbAt(placeOf(Imdb.NAME, dataHome, Imdb.ARCHIVE + " or the folder aclImdb in it"));
  }

  private static TextDataset imdbAt(Path folderOrArchive) {
    return Imdb.read(folderOrArchive, Imdb.VOCABULARY, Imdb.LENGTH);
  }

  private static Dataset voc(Path dataHome) {
    return Voc.read(placeOf(Voc.NAME, dataHome, Voc.ARCHIVE + " or the folder VOCdevkit in it"));
  }

  private static InputException missing(String name, Path home, String files) {
    return new InputException(
        "dataset %s must be in %s, but is missing; run 'noisylr data fetch %s', copy %s there, set %s to the folder that contains the folder %s, or give a path instead of the name"
            .formatted(name, home, name, files, DATA_HOME_VARIABLE, name));
  }

  private static Dataset path(String nameOrPath) {
    Path path;
    try {
      path = Path.of(nameOrPath);
    } catch (InvalidPathException e) {
      throw unknown(nameOrPath);
    }
    if (nameOrPath.isBlank() || !Files.exists(path)) {
      throw unknown(nameOrPath);
    }
    return Files.isDirectory(path) ? folder(path) : file(path);
  }

  private static Dataset folder(Path path) {
    Path folder = ImageFolder.unwrap(path);
    if (Voc.isIn(path) || Voc.isIn(folder)) {
      return Voc.read(Voc.isIn(path) ? path : folder);
    }
    if (Idx.isIn(folder)) {
      return Idx.read(nameOf(path), DIGITS, folder);
    }
    if (Svhn.isIn(folder)) {
      return Svhn.read(folder, DIGITS);
    }
    if (Imdb.isIn(folder)) {
      return imdbAt(folder);
    }
    if (ImageFolder.isIn(folder)) {
      return ImageFolder.read(nameOf(path), folder);
    }
    return Cifar.in(folder).orElseThrow(() -> unrecognised(path)).read(folder);
  }

  private static Dataset file(Path path) {
    byte[] start = Source.of(path).read(in -> in.readNBytes(2));
    if (Arrays.equals(start, new byte[] {'P', 'K'})) {
      return ImageFolder.read(nameOf(path), path);
    }
    if (Tar.mayBe(path)) {
      return tar(path).apply(path);
    }
    throw unrecognised(path);
  }

  /** The reader for the first file in a tar that belongs to a dataset. */
  private static Function<Path, Dataset> tar(Path path) {
    return Source.of(path)
        .read(
            in -> {
              Tar tar = Tar.of(path, in, Math.max(MAX_ARCHIVE, Files.size(path)));
              for (TarArchiveEntry entry; (entry = tar.next()) != null; ) {
                Optional<Function<Path, Dataset>> reader = readerOf(Tar.path(entry));
                if (reader.isPresent()) {
                  return reader.get();
                }
              }
              throw unrecognised(path);
            });
  }

  private static Optional<Function<Path, Dataset>> readerOf(String file) {
    Optional<Cifar> cifar = Cifar.of(file);
    if (cifar.isPresent()) {
      return Optional.of(cifar.get()::read);
    } else if (Imdb.isReview(file)) {
      return Optional.of(Datasets::imdbAt);
    } else if (Voc.isList(file)) {
      return Optional.of(Voc::read);
    } else if (ImageFolder.isImage(file)) {
      return Optional.of(path -> ImageFolder.read(nameOf(path), path));
    }
    return Optional.empty();
  }

  /** The last part of the path, without the extension of an archive. */
  private static String nameOf(Path path) {
    Path last = path.toAbsolutePath().normalize().getFileName();
    return last == null
        ? path.toString()
        : last.toString().replaceFirst("(?i)\\.(zip|tgz|tar(\\.(gz|xz))?)$", "");
  }

  private static InputException unknown(String nameOrPath) {
    return new InputException(
        "data must be one of %s, or the path of a dataset, but is \"%s\""
            .formatted(String.join(", ", NAMES), nameOrPath));
  }

  private static InputException unrecognised(Path path) {
    return new InputException(
        path
            + " must be a dataset in a known format: images in train/CLASS/*.jpg or *.png and test/CLASS/* (folder, zip or tar), IDX files such as train-images-idx3-ubyte (folder), CIFAR-10 or CIFAR-100 in binary form (folder or tar.gz), SVHN's train_32x32.mat and test_32x32.mat (folder), reviews as in aclImdb (folder or tar), or Pascal VOC 2012 (folder or tar)");
  }
}
