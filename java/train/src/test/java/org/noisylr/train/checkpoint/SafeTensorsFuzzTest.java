package org.noisylr.train.checkpoint;

import static org.noisylr.train.TestFiles.concat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.noisylr.train.FuzzCase;

/** Reads a safetensors file, a header for one, or the end of a header with a correct digest. */
class SafeTensorsFuzzTest extends FuzzCase<SafeTensorsFuzzTest.Kind> {
  enum Kind {
    FILE,
    HEADER,
    HEADER_AFTER_DIGEST
  }

  private static final int VALUES = 16;
  private static final String DIGEST = "{\"__metadata__\":{\"sha256\":\"%s\"";
  private static final String TENSORS =
      "\"t\":{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":[0,8]},"
          + "\"u\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[8,16]}}";

  SafeTensorsFuzzTest() {
    super(List.of(Kind.values()));
  }

  static Stream<byte[]> seeds() {
    return Stream.of(
        seed(Kind.FILE, file(bytes("{" + TENSORS))),
        seed(Kind.HEADER, bytes("{" + TENSORS)),
        seed(Kind.HEADER_AFTER_DIGEST, bytes(",\"epochs_done\":\"3\"}," + TENSORS)));
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
      byte[] zeros = file(concat(bytes(DIGEST.formatted("0".repeat(64))), rest));
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(zeros);
      return file(concat(bytes(DIGEST.formatted(HexFormat.of().formatHex(digest))), rest));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  @Override
  protected byte[] file(Kind kind, byte[] content) {
    return kind == Kind.FILE ? content : kind == Kind.HEADER ? file(content) : digested(content);
  }

  @Override
  protected void open(Path file, Kind kind) throws IOException {
    try (PointerScope scope = new PointerScope();
        SafeTensors read =
            kind == Kind.HEADER_AFTER_DIGEST
                ? SafeTensors.read(file)
                : SafeTensors.readForeign(file)) {
      read.tensors().values().forEach(tensor -> tensor.sum().close());
    }
  }
}
