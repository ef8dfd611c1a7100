package org.noisylr.train.data.format;

import static org.noisylr.train.TestFiles.tar;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.noisylr.train.FuzzCase;

/** Reads a tar. */
class VocFuzzTest extends FuzzCase<String> {
  VocFuzzTest() {
    super(List.of("tar"));
  }

  static Stream<byte[]> seeds() {
    return Stream.of(seed(0, tar(VocTest.files())));
  }

  @Override
  protected void open(Path tar, String kind) {
    Voc.read(tar);
  }
}
