package org.noisylr.train.data.format;

import static org.noisylr.train.TestFiles.concat;
import static org.noisylr.train.TestFiles.gzip;
import static org.noisylr.train.TestFiles.random;
import static org.noisylr.train.TestFiles.tar;
import static org.noisylr.train.TestFiles.tarGz;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.noisylr.train.FuzzCase;
import org.noisylr.train.TestFiles;

/** Reads an archive, a tar in one, the records of a folder, or its names of classes. */
class CifarFuzzTest extends FuzzCase<CifarFuzzTest.Kind> {
  enum Kind {
    ARCHIVE,
    TAR,
    RECORDS,
    NAMES
  }

  private static final byte[] RECORD = concat(new byte[] {1, 99}, random(3072, 1));
  private static final byte[] CLASSES =
      IntStream.range(0, 100)
          .mapToObj(Integer::toString)
          .collect(Collectors.joining("\n"))
          .getBytes(StandardCharsets.UTF_8);

  CifarFuzzTest() {
    super(List.of(Kind.values()));
  }

  static Stream<byte[]> seeds() {
    Map<String, byte[]> files = new TreeMap<>();
    files.put("d/train.bin", RECORD);
    files.put("d/test.bin", RECORD);
    files.put("d/fine_label_names.txt", CLASSES);
    return Stream.of(
        seed(Kind.ARCHIVE, tarGz(files)),
        seed(Kind.TAR, tar(files)),
        seed(Kind.RECORDS, RECORD),
        seed(Kind.NAMES, CLASSES));
  }

  @Override
  protected Path write(Path folder, Kind kind, byte[] content) {
    if (kind == Kind.ARCHIVE || kind == Kind.TAR) {
      return TestFiles.write(
          folder.resolve("x.tar.gz"), kind == Kind.TAR ? gzip(content) : content);
    }
    Map<String, byte[]> files = new TreeMap<>();
    files.put("train.bin", kind == Kind.RECORDS ? content : RECORD);
    files.put("test.bin", RECORD);
    files.put("fine_label_names.txt", kind == Kind.NAMES ? content : CLASSES);
    return TestFiles.write(folder.resolve("files"), files);
  }

  @Override
  protected void open(Path place, Kind kind) {
    Datasets.open(place.toString());
  }
}
