package org.noisylr.train.data.format;

import java.nio.file.Path;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.noisylr.train.data.Dataset;

/** The formats of datasets, in the order in which they are tried on unknown content. */
enum Format {
  VOC("Pascal VOC 2012", Voc::isIn, Voc::isList, (name, place) -> Voc.read(place)),
  IDX("IDX", Idx::isIn, path -> false, (name, place) -> Idx.read(name, Datasets.DIGITS, place)),
  SVHN("SVHN", Svhn::isIn, path -> false, (name, place) -> Svhn.read(place, Datasets.DIGITS)),
  IMDB(
      "reviews",
      Imdb::isIn,
      Imdb::isReview,
      (name, place) -> Imdb.read(place, Imdb.VOCABULARY, Imdb.LENGTH)),
  IMAGES("images in class folders", ImageFolder::isIn, ImageFolder::isImage, ImageFolder::read),
  CIFAR10(
      "CIFAR-10",
      Cifar.CIFAR10::isIn,
      Cifar.CIFAR10::hasFile,
      (name, place) -> Cifar.CIFAR10.read(place)),
  CIFAR100(
      "CIFAR-100",
      Cifar.CIFAR100::isIn,
      Cifar.CIFAR100::hasFile,
      (name, place) -> Cifar.CIFAR100.read(place));

  private interface Reader {
    Dataset read(String name, Path place);
  }

  private final String title;
  private final Predicate<Path> folders;
  private final Predicate<String> files;
  private final Reader reader;

  Format(String title, Predicate<Path> folders, Predicate<String> files, Reader reader) {
    this.title = title;
    this.folders = folders;
    this.files = files;
    this.reader = reader;
  }

  static Stream<Format> all() {
    return Stream.of(values());
  }

  /** Returns whether a folder has this format. */
  boolean isIn(Path folder) {
    return folders.test(folder);
  }

  /** Returns whether a tar with a file of this path has this format. */
  boolean hasFile(String path) {
    return files.test(path);
  }

  /**
   * Reads a folder or an archive.
   *
   * @param name the name of the dataset, unless the format has one of its own
   */
  Dataset read(String name, Path place) {
    return reader.read(name, place);
  }

  /** Returns its name for messages. */
  @Override
  public String toString() {
    return title;
  }
}
