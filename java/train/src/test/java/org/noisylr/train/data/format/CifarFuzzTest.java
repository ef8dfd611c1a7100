package org.noisylr.train.data.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.noisylr.train.TestFiles.concat;
import static org.noisylr.train.TestFiles.gzip;
import static org.noisylr.train.TestFiles.random;
import static org.noisylr.train.TestFiles.tar;
import static org.noisylr.train.TestFiles.tarGz;
import static org.noisylr.train.TestFiles.write;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.noisylr.train.Untrusted;

/** The first byte of an input says what becomes of the others. */
class CifarFuzzTest {
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

  @TempDir Path temp;

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

  private static byte[] seed(int kind, byte[] content) {
    return concat(new byte[] {(byte) kind}, content);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void seedsAreValid(byte[] seed) throws IOException {
    assertThat(Untrusted.accepts(() -> read(seed))).isTrue();
  }

  @MethodSource("seeds")
  @FuzzTest
  void read(byte[] input) throws IOException {
    if (input.length == 0) {
      return;
    }
    byte[] content = Arrays.copyOfRange(input, 1, input.length);
    int kind = Math.floorMod(input[0], 4);
    Path folder = temp.resolve("cifar");
    if (kind == ARCHIVE || kind == TAR) {
      Path archive = write(folder.resolve("x.tar.gz"), kind == TAR ? gzip(content) : content);
      read(folder, archive);
    } else {
      Path files = folder.resolve("files");
      write(files.resolve("train.bin"), kind == RECORDS ? content : RECORD);
      write(files.resolve("test.bin"), RECORD);
      write(files.resolve("fine_label_names.txt"), kind == NAMES ? content : CLASSES);
      read(folder, files);
    }
  }

  private void read(Path folder, Path place) throws IOException {
    Untrusted.read(folder, place.toString(), 64 << 20, () -> Datasets.open(place.toString(), temp));
  }
}
