package org.noisylr.train.data.format;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.noisylr.train.InputErrors.assertRejected;
import static org.noisylr.train.TestFiles.tar;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.util.Arrays;
import java.util.Collections;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TarTest {
  private static Tar open(byte[] tar, long limit) {
    return new Tar("x.tar", new ByteArrayInputStream(tar), limit);
  }

  private static Void readAll(Tar tar) throws IOException {
    while (tar.next() != null) {
      // Skips all entries.
    }
    tar.finish();
    return null;
  }

  private static void assertTarRejected(byte[] tar, String message) {
    assertRejected(() -> Source.reading("x.tar", () -> readAll(open(tar, 1 << 20))), message);
  }

  private static byte[] named(String name, int longFileMode) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (TarArchiveOutputStream out = new TarArchiveOutputStream(bytes)) {
      out.setLongFileMode(longFileMode);
      out.putArchiveEntry(new TarArchiveEntry(name));
      out.closeArchiveEntry();
    }
    return bytes.toByteArray();
  }

  @Test
  void entriesHaveAPositionAndContent() throws IOException {
    byte[] file = "content".getBytes(UTF_8);
    byte[] archive = tar(Map.of("a.txt", file));
    Tar tar = open(archive, archive.length);
    assertThat(tar.next().getName()).isEqualTo("a.txt");
    int start = (int) tar.position();
    assertThat(Arrays.copyOfRange(archive, start, start + file.length)).isEqualTo(file);
    assertThat(tar.content().readAllBytes()).isEqualTo(file);
    assertThat(tar.next()).isNull();
    tar.finish();
  }

  @Test
  void aTarLongerThanItsLimitIsRejected() {
    byte[] archive = tar(Map.of("a", new byte[5000], "b", new byte[10]));
    assertRejected(
        () -> Source.reading("x.tar", () -> readAll(open(archive, 4000))),
        "x.tar must unpack to at most 4000 bytes");
  }

  @ParameterizedTest
  @ValueSource(chars = {'L', 'x', 'g'})
  void longHeadersAreRejected(char type) {
    byte[] archive = tar(Map.of("a", ("100000 path=" + "a".repeat(99_987) + "\n").getBytes(UTF_8)));
    archive[156] = (byte) type;
    assertTarRejected(archive, "x.tar must have at most 65536 bytes of headers for an entry");
  }

  @Test
  void longNamesAreRejected() throws IOException {
    assertTarRejected(
        named("a".repeat(300), TarArchiveOutputStream.LONGFILE_POSIX),
        "x.tar must have names of at most 255 characters, but has " + "a".repeat(300));
  }

  @Test
  void headersWithoutAnEntryAreRejected() throws IOException {
    byte[] archive = named("a".repeat(300), TarArchiveOutputStream.LONGFILE_GNU);
    String block = new String(archive, 0, 1024, ISO_8859_1);
    byte[] endless =
        IntStream.range(0, 1000)
            .mapToObj(i -> block)
            .collect(Collectors.joining())
            .getBytes(ISO_8859_1);
    assertTarRejected(endless, "x.tar must have at most 65536 bytes of headers for an entry");
  }

  @Test
  void sparseFilesAreRejected() throws IOException {
    byte[] archive = named("a", TarArchiveOutputStream.LONGFILE_ERROR);
    archive[156] = 'S';
    assertTarRejected(archive, "x.tar must not have sparse files, but has a");
  }

  @Test
  void tooManyEntriesAreRejected() throws IOException {
    byte[] entry = named("a", TarArchiveOutputStream.LONGFILE_ERROR);
    Stream<InputStream> entries =
        Collections.nCopies(200_001, entry).stream()
            .map(bytes -> new ByteArrayInputStream(bytes, 0, 512));
    InputStream archive = new SequenceInputStream(Collections.enumeration(entries.toList()));
    assertRejected(
        () -> Source.reading("x.tar", () -> readAll(new Tar("x.tar", archive, Long.MAX_VALUE))),
        "x.tar must have at most 200000 entries");
  }
}
