package org.noisylr.train.data.format;

import static org.noisylr.train.TestFiles.gzip;
import static org.noisylr.train.TestFiles.idx;
import static org.noisylr.train.TestFiles.random;

import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.noisylr.train.FuzzCase;
import org.noisylr.train.TestFiles;

/** Reads a folder in which one file is the input, compressed or not. */
class IdxFuzzTest extends FuzzCase {
  private static final int IMAGES = 0;
  private static final int LABELS = 1;
  private static final int COMPRESSED_IMAGES = 2;
  private static final int COMPRESSED_LABELS = 3;
  private static final int GZIP = 4;

  private static final byte[] TWO_IMAGES = idx(0x803, new int[] {2, 3, 3}, random(18, 1));
  private static final byte[] TWO_LABELS = idx(0x801, new int[] {2}, new byte[] {0, 9});

  IdxFuzzTest() {
    super(5);
  }

  static Stream<byte[]> seeds() {
    return Stream.of(
        seed(IMAGES, TWO_IMAGES),
        seed(LABELS, TWO_LABELS),
        seed(COMPRESSED_IMAGES, TWO_IMAGES),
        seed(COMPRESSED_LABELS, TWO_LABELS),
        seed(GZIP, gzip(TWO_IMAGES)));
  }

  @Override
  protected Path write(Path folder, int kind, byte[] content) {
    boolean labels = kind == LABELS || kind == COMPRESSED_LABELS;
    byte[] file = kind == COMPRESSED_IMAGES || kind == COMPRESSED_LABELS ? gzip(content) : content;
    return TestFiles.write(
        folder,
        Map.of(
            "train-images-idx3-ubyte",
            labels ? TWO_IMAGES : file,
            "train-labels-idx1-ubyte",
            labels ? file : TWO_LABELS,
            "t10k-images-idx3-ubyte",
            TWO_IMAGES,
            "t10k-labels-idx1-ubyte",
            TWO_LABELS));
  }

  @Override
  protected void open(Path folder, int kind) {
    Datasets.open(folder.toString());
  }
}
