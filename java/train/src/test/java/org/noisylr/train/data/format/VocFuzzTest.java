package org.noisylr.train.data.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.noisylr.train.TestFiles.tar;
import static org.noisylr.train.TestFiles.write;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.noisylr.train.Untrusted;

/** An input is the tar. */
class VocFuzzTest {
  @TempDir Path temp;

  static Stream<byte[]> seeds() {
    return Stream.of(tar(VocTest.files()));
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void seedsAreValid(byte[] seed) throws IOException {
    assertThat(Untrusted.accepts(() -> read(seed))).isTrue();
  }

  @MethodSource("seeds")
  @FuzzTest
  void read(byte[] tar) throws IOException {
    Path folder = temp.resolve("voc");
    Path file = write(folder.resolve("x.tar"), tar);
    Untrusted.read(folder, file.toString(), 64 << 20, () -> Voc.read(file));
  }
}
