package org.noisylr.train.data.format;

import static org.noisylr.train.TestFiles.gzip;
import static org.noisylr.train.TestFiles.tar;
import static org.noisylr.train.TestFiles.xz;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.noisylr.train.FuzzCase;

/** Reads an archive, or a tar after it is compressed. */
class ImdbFuzzTest extends FuzzCase<ImdbFuzzTest.Kind> {
  enum Kind {
    ARCHIVE,
    GZIP_COMPRESSED_TAR,
    XZ_COMPRESSED_TAR
  }

  ImdbFuzzTest() {
    super(List.of(Kind.values()));
  }

  static Stream<byte[]> seeds() {
    Map<String, byte[]> files = new TreeMap<>();
    for (String folder : new String[] {"train/neg", "train/pos", "test/neg", "test/pos"}) {
      files.put("x/" + folder + "/0.txt", folder.getBytes(StandardCharsets.UTF_8));
    }
    byte[] tar = tar(files);
    return Stream.of(
        seed(Kind.ARCHIVE, gzip(tar)),
        seed(Kind.ARCHIVE, xz(tar)),
        seed(Kind.GZIP_COMPRESSED_TAR, tar),
        seed(Kind.XZ_COMPRESSED_TAR, tar));
  }

  @Override
  protected byte[] file(Kind kind, byte[] content) {
    return switch (kind) {
      case ARCHIVE -> content;
      case GZIP_COMPRESSED_TAR -> gzip(content);
      case XZ_COMPRESSED_TAR -> xz(content);
    };
  }

  @Override
  protected void open(Path archive, Kind kind) {
    Imdb.read(archive, 20, 5);
  }
}
