package org.noisylr.train.data.format;

import static org.noisylr.train.TestFiles.png;
import static org.noisylr.train.TestFiles.random;
import static org.noisylr.train.TestFiles.tar;
import static org.noisylr.train.TestFiles.zip;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.noisylr.train.FuzzCase;

/** Reads a file, a zip or tar, or one with the images that the input names, one a line. */
class ImageFolderFuzzTest extends FuzzCase<ImageFolderFuzzTest.Kind> {
  enum Kind {
    ARCHIVE,
    NAMES_IN_ZIP,
    NAMES_IN_TAR,
    RESIZED,
    OPENED
  }

  private static final byte[] IMAGE = png(2, 2, random(12, 1));

  ImageFolderFuzzTest() {
    super(List.of(Kind.values()));
  }

  static Stream<byte[]> seeds() {
    Map<String, byte[]> files = new TreeMap<>();
    files.put("x/train/a/1.png", IMAGE);
    files.put("x/test/a/1.png", IMAGE);
    byte[] names =
        "train/a/1.png\ntrain/b/1.png\ntest/a/1.png\ntest/b/1.png".getBytes(StandardCharsets.UTF_8);
    return Stream.of(
        seed(Kind.ARCHIVE, zip(files)),
        seed(Kind.ARCHIVE, tar(files)),
        seed(Kind.NAMES_IN_ZIP, names),
        seed(Kind.NAMES_IN_TAR, names),
        seed(Kind.RESIZED, zip(files)),
        seed(Kind.RESIZED, tar(files)),
        seed(Kind.OPENED, zip(files)),
        seed(Kind.OPENED, tar(files)));
  }

  @Override
  protected byte[] file(Kind kind, byte[] content) {
    return switch (kind) {
      case NAMES_IN_ZIP -> zip(named(content));
      case NAMES_IN_TAR -> tar(named(content));
      default -> content;
    };
  }

  @Override
  protected void open(Path archive, Kind kind) {
    if (kind == Kind.OPENED) {
      Datasets.open(archive.toString());
    } else {
      ImageFolder.read("x", archive, kind == Kind.RESIZED ? 8 : null);
    }
  }

  private static Map<String, byte[]> named(byte[] names) {
    Map<String, byte[]> files = new TreeMap<>();
    for (String name : new String(names, StandardCharsets.UTF_8).split("\n")) {
      files.put(name, name.endsWith("/") ? new byte[0] : IMAGE);
    }
    return files;
  }
}
