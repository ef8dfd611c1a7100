package org.noisylr.train.data.format;

import static org.noisylr.train.TestFiles.gzip;
import static org.noisylr.train.TestFiles.tar;
import static org.noisylr.train.TestFiles.xz;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.noisylr.train.FuzzCase;

/** Reads an archive, or a tar after it is compressed. */
class ImdbFuzzTest extends FuzzCase {
  private static final int ARCHIVE = 0;
  private static final int GZIP_COMPRESSED_TAR = 1;
  private static final int XZ_COMPRESSED_TAR = 2;

  ImdbFuzzTest() {
    super(3);
  }

  static Stream<byte[]> seeds() {
    Map<String, byte[]> files = new TreeMap<>();
    for (String folder : new String[] {"train/neg", "train/pos", "test/neg", "test/pos"}) {
      files.put("x/" + folder + "/0.txt", folder.getBytes(StandardCharsets.UTF_8));
    }
    byte[] tar = tar(files);
    return Stream.of(
        seed(ARCHIVE, gzip(tar)),
        seed(ARCHIVE, xz(tar)),
        seed(GZIP_COMPRESSED_TAR, tar),
        seed(XZ_COMPRESSED_TAR, tar));
  }

  @Override
  protected byte[] file(int kind, byte[] content) {
    return kind == ARCHIVE ? content : kind == GZIP_COMPRESSED_TAR ? gzip(content) : xz(content);
  }

  @Override
  protected void open(Path archive, int kind) {
    Imdb.read(archive, 20, 5);
  }
}
