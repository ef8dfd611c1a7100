package org.noisylr.train.data.format;

import static org.noisylr.train.TestFiles.concat;
import static org.noisylr.train.TestFiles.gzip;
import static org.noisylr.train.TestFiles.random;
import static org.noisylr.train.TestFiles.tar;
import static org.noisylr.train.TestFiles.tarGz;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.noisylr.train.FuzzCase;
import org.noisylr.train.TestFiles;

/** Reads an archive, a tar in one, the records of a folder, or its names of classes. */
class CifarFuzzTest extends FuzzCase {
  private static final int ARCHIVE = 0;
  private static final int TAR = 1;
  private static final int RECORDS = 2;
  private static final int NAMES = 3;

  private static final byte[] RECORD = concat(new byte[] {1, 99}, random(3072, 1));
  private static final byte[] CLASSES =
      IntStream.range(0, 100)
          .mapToObj(Integer::toString)
          .collect(Collectors.joining("\n"))
          .getBytes(StandardCharsets.UTF_8);

  CifarFuzzTest() {
    super(4);
  }

  static Stream<byte[]> seeds() {
    Map<String, byte[]> files = new TreeMap<>();
    files.put("d/train.bin", RECORD);
    files.put("d/test.bin", RECORD);
    files.put("d/fine_label_names.txt", CLASSES);
    return Stream.of(
        seed(ARCHIVE, tarGz(files)),
        seed(TAR, tar(files)),
        seed(RECORDS, RECORD),
        seed(NAMES, CLASSES));
  }

  @Override
  protected Path write(Path folder, int kind, byte[] content) {
    if (kind == ARCHIVE || kind == TAR) {
      return TestFiles.write(folder.resolve("x.tar.gz"), kind == TAR ? gzip(content) : content);
    }
    Map<String, byte[]> files = new TreeMap<>();
    files.put("train.bin", kind == RECORDS ? content : RECORD);
    files.put("test.bin", RECORD);
    files.put("fine_label_names.txt", kind == NAMES ? content : CLASSES);
    return TestFiles.write(folder.resolve("files"), files);
  }

  @Override
  protected void open(Path place, int kind) {
    Datasets.open(place.toString());
  }
}
