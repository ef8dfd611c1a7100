package org.noisylr.train.data.format;

import static org.noisylr.train.TestFiles.gzip;
import static org.noisylr.train.TestFiles.idx;
import static org.noisylr.train.TestFiles.random;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.noisylr.train.FuzzCase;
import org.noisylr.train.TestFiles;

/** Reads a folder in which one file is the input, compressed or not. */
class IdxFuzzTest extends FuzzCase<IdxFuzzTest.Kind> {
  enum Kind {
    IMAGES,
    LABELS,
    COMPRESSED_IMAGES,
    COMPRESSED_LABELS,
    GZIP
  }

  private static final byte[] TWO_IMAGES = idx(0x803, new int[] {2, 3, 3}, random(18, 1));
  private static final byte[] TWO_LABELS = idx(0x801, new int[] {2}, new byte[] {0, 9});

  IdxFuzzTest() {
    super(List.of(Kind.values()));
  }

  static Stream<byte[]> seeds() {
    return Stream.of(
        seed(Kind.IMAGES, TWO_IMAGES),
        seed(Kind.LABELS, TWO_LABELS),
        seed(Kind.COMPRESSED_IMAGES, TWO_IMAGES),
        seed(Kind.COMPRESSED_LABELS, TWO_LABELS),
        seed(Kind.GZIP, gzip(TWO_IMAGES)));
  }

  @Override
  protected Path write(Path folder, Kind kind, byte[] content) {
    boolean labels = kind == Kind.LABELS || kind == Kind.COMPRESSED_LABELS;
    byte[] file =
        kind == Kind.COMPRESSED_IMAGES || kind == Kind.COMPRESSED_LABELS ? gzip(content) : content;
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
  protected void open(Path folder, Kind kind) {
    Datasets.open(folder.toString());
  }
}
