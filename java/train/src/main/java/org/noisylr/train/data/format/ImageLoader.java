package org.noisylr.train.data.format;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.noisylr.check.InputException;

/** Decodes image files in parallel to images of one size. */
final class ImageLoader implements AutoCloseable {
  private final Path place;
  private final ImageDecoder.Size size;
  private final String first;
  private final Resizer resizer;

  private ImageLoader(Path place, ImageDecoder.Size size, String first, Resizer resizer) {
    this.place = place;
    this.size = size;
    this.first = first;
    this.resizer = resizer;
  }

  /**
   * Returns a loader of images with the size of the first, or of any size.
   *
   * @param place the dataset, for messages
   * @param resize the new width and height; null to keep the size
   */
  static ImageLoader of(Path place, Source first, Integer resize) {
    if (resize != null) {
      Resizer resizer = new Resizer(resize);
      return new ImageLoader(place, resizer.size(), "", resizer);
    }
    ImageDecoder.Size size = ImageDecoder.size(first.name(), first.bytes(ImageTree.MAX_FILE));
    return new ImageLoader(place, size, first.name(), null);
  }

  /**
   * Decodes images.
   *
   * @throws InputException if an image cannot be decoded, has another size or, with all others,
   *     exceeds the limit of a set
   */
  List<ImageDecoder.Decoded> load(List<Source> files) {
    long bytes = 3L * size.pixels() * files.size();
    if (bytes > Source.MAX_BYTES) {
      throw new InputException(
          "%s: %d images of %s pixels with three channels take %d bytes, but the limit is %d"
              .formatted(place, files.size(), size, bytes, Source.MAX_BYTES));
    }
    return files.parallelStream().map(this::decode).toList();
  }

  private ImageDecoder.Decoded decode(Source file) {
    byte[] content = file.bytes(ImageTree.MAX_FILE);
    return resizer == null
        ? ImageDecoder.decode(file.name(), content, size, first)
        : resizer.decode(file.name(), content);
  }

  /**
   * Describes images of different sizes: those that differ from the most frequent size.
   *
   * @return empty if all have the same size, or a file cannot be read
   */
  static Optional<InputException> differentSizes(Path place, List<Source> files) {
    List<ImageDecoder.Size> sizes;
    try {
      sizes =
          files.parallelStream()
              .map(file -> ImageDecoder.size(file.name(), file.bytes(ImageTree.MAX_FILE)))
              .toList();
    } catch (InputException e) {
      return Optional.empty();
    }
    Map<ImageDecoder.Size, Long> counts =
        sizes.stream()
            .collect(
                Collectors.groupingBy(size -> size, LinkedHashMap::new, Collectors.counting()));
    long most = counts.values().stream().mapToLong(Long::longValue).max().orElseThrow();
    boolean hasUsual = 2 * most > sizes.size();
    ImageDecoder.Size usual =
        hasUsual
            ? sizes.stream().filter(size -> counts.get(size) == most).findFirst().orElseThrow()
            : sizes.get(0);
    return IntStream.range(0, sizes.size())
        .filter(i -> !sizes.get(i).equals(usual))
        .mapToObj(
            i -> {
              String other = files.get(i).name();
              return hasUsual
                  ? "%d of %d differ from %s pixels (width x height), first: %s with %s"
                      .formatted(sizes.size() - most, sizes.size(), usual, other, sizes.get(i))
                  : "%d images have %d sizes, for instance %s (%s) and %s (%s) (width x height)"
                      .formatted(
                          sizes.size(),
                          counts.size(),
                          usual,
                          files.get(0).name(),
                          sizes.get(i),
                          other);
            })
        .map(
            found ->
                new InputException(
                    "%s must have images of one size, but %s; give --resize N to bring all to N x N"
                        .formatted(place, found)))
        .findFirst();
  }

  @Override
  public void close() {
    if (resizer != null) {
      resizer.close();
    }
  }
}
