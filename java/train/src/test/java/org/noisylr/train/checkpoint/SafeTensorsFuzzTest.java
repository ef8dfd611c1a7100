package org.noisylr.train.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.noisylr.train.Untrusted;

/** The first byte of an input says what the others are. */
class SafeTensorsFuzzTest {
  private static final int FILE = 0;
  private static final int HEADER = 1;
  private static final int HEADER_AFTER_DIGEST = 2;
  private static final int VALUES = 16;
  private static final String DIGEST = "{\"__metadata__\":{\"sha256\":\"%s\"";
  private static final String TENSORS =
      "\"t\":{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":[0,8]},"
          + "\"u\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[8,16]}}";

  @TempDir Path temp;

  static Stream<byte[]> seeds() {
    return Stream.of(
        seed(FILE, file(bytes("{" + TENSORS))),
        seed(HEADER, bytes("{" + TENSORS)),
        seed(HEADER_AFTER_DIGEST, bytes(",\"epochs_done\":\"3\"}," + TENSORS)));
  }

  private static byte[] seed(int kind, byte[] content) {
    return ByteBuffer.allocate(1 + content.length).put((byte) kind).put(content).array();
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** A file of a header and zeros. */
  private static byte[] file(byte[] header) {
    return ByteBuffer.allocate(8 + header.length + VALUES)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(header.length)
        .put(header)
        .array();
  }

  private static byte[] digested(byte[] rest) {
    try {
      byte[] zeros = file(join(bytes(DIGEST.formatted("0".repeat(64))), rest));
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(zeros);
      return file(join(bytes(DIGEST.formatted(HexFormat.of().formatHex(digest))), rest));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  private static byte[] join(byte[] start, byte[] rest) {
    return ByteBuffer.allocate(start.length + rest.length).put(start).put(rest).array();
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
    Path folder = Files.createDirectories(temp.resolve("run"));
    Path file = folder.resolve("x.safetensors");
    int kind = Math.floorMod(input[0], 3);
    Files.write(
        file,
        switch (kind) {
          case FILE -> content;
          case HEADER -> file(content);
          default -> digested(content);
        });
    Untrusted.read(
        folder,
        file.toString(),
        64 << 20,
        () -> {
          try (PointerScope scope = new PointerScope();
              SafeTensors read =
                  kind == HEADER_AFTER_DIGEST
                      ? SafeTensors.read(file)
                      : SafeTensors.readForeign(file)) {
            read.tensors().values().forEach(tensor -> tensor.sum().close());
          }
        });
  }
}
