package org.noisylr.train.data.format;

import static org.noisylr.train.TestFiles.tar;

import java.nio.file.Path;
import java.util.stream.Stream;
import org.noisylr.train.FuzzCase;

/** Reads a tar. */
class VocFuzzTest extends FuzzCase {
  VocFuzzTest() {
    super(1);
  }

  static Stream<byte[]> seeds() {
    return Stream.of(seed(0, tar(VocTest.files())));
  }

  @Override
  protected void open(Path tar, int kind) {
    Voc.read(tar);
  }
}
