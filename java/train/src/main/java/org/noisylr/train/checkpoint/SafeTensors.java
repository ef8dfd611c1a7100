package org.noisylr.train.checkpoint;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.noisylr.check.InputException;

/**
 * Named tensors in a file of the safetensors format: a little-endian uint64 header length, a JSON
 * header of names, types, shapes and offsets, then the values. Such a file holds no code.
 *
 * <p>The header's {@code __metadata__} carries what else belongs to the tensors, and under {@code
 * sha256} the digest of the whole file with that digest's own 64 characters taken as zeros. {@link
 * #read} insists on the digest; {@link #readForeign} is for files that other programs wrote.
 */
public final class SafeTensors implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String METADATA = "__metadata__";
  private static final String DIGEST = "sha256";
  private static final String NO_DIGEST = "0".repeat(64);
  private static final Map<String, ScalarType> TYPES = new TreeMap<>();

  static {
    TYPES.put("BOOL", ScalarType.Bool);
    TYPES.put("U8", ScalarType.Byte);
    TYPES.put("I32", ScalarType.Int);
    TYPES.put("I64", ScalarType.Long);
    TYPES.put("F16", ScalarType.Half);
    TYPES.put("BF16", ScalarType.BFloat16);
    TYPES.put("F32", ScalarType.Float);
    TYPES.put("F64", ScalarType.Double);
  }

  private final Map<String, Tensor> tensors;
  private final Map<String, String> metadata;

  private SafeTensors(Map<String, Tensor> tensors, Map<String, String> metadata) {
    this.tensors = tensors;
    this.metadata = metadata;
  }

  /** The tensors by name, on the CPU; owned by this object. */
  public Map<String, Tensor> tensors() {
    return tensors;
  }

  /** The texts stored beside the tensors. */
  public Map<String, String> metadata() {
    return metadata;
  }

  @Override
  public void close() {
    tensors.values().forEach(Tensor::close);
  }

  /** Writes tensors, of any device and memory format, and texts; replaces the file as a whole. */
  public static void write(Path file, Map<String, Tensor> tensors, Map<String, String> metadata)
      throws IOException {
    try (PointerScope scope = new PointerScope()) {
      ObjectNode header = JSON.createObjectNode();
      ObjectNode texts = header.putObject(METADATA);
      texts.put(DIGEST, NO_DIGEST);
      metadata.forEach(texts::put);
      List<ByteBuffer> parts = new ArrayList<>();
      long offset = 0;
      for (Map.Entry<String, Tensor> entry : tensors.entrySet()) {
        Tensor tensor = entry.getValue().detach().cpu().contiguous();
        ObjectNode description = header.putObject(entry.getKey());
        description.put("dtype", nameOf(tensor.scalar_type()));
        description.set("shape", JSON.valueToTree(tensor.shape()));
        description.putArray("data_offsets").add(offset).add(offset + tensor.nbytes());
        offset += tensor.nbytes();
        parts.add(bytes(tensor));
      }
      byte[] json = JSON.writeValueAsBytes(header);
      parts.add(
          0,
          ByteBuffer.allocate(8 + json.length)
              .order(ByteOrder.LITTLE_ENDIAN)
              .putLong(json.length)
              .put(json)
              .flip());
      MessageDigest sha256 = sha256();
      parts.forEach(part -> sha256.update(part.duplicate()));
      byte[] digest = HexFormat.of().formatHex(sha256.digest()).getBytes(StandardCharsets.US_ASCII);
      parts.get(0).put(digestPosition(parts.get(0)), digest);
      AtomicFile.write(file, parts);
    }
  }

  /**
   * Reads a file of our own whole.
   *
   * @throws InputException if it is not a safetensors file, is cut or is damaged, or has no digest
   * @throws IOException if it cannot be read
   */
  public static SafeTensors read(Path file) throws IOException {
    return read(file, true);
  }

  /**
   * Reads a file whole, whoever wrote it; a digest is checked where there is one.
   *
   * @throws InputException if it is not a safetensors file, is cut or is damaged
   * @throws IOException if it cannot be read
   */
  public static SafeTensors readForeign(Path file) throws IOException {
    return read(file, false);
  }

  private static SafeTensors read(Path file, boolean digestNeeded) throws IOException {
    ByteBuffer content = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    if (content.limit() < 8) {
      throw damaged(file, "it has " + content.limit() + " bytes, fewer than the 8 of a length");
    }
    long length = content.getLong(0);
    if (length < 2 || length > content.limit() - 8) {
      throw damaged(
          file,
          "its header claims %d bytes of the %d there are".formatted(length, content.limit()));
    }
    JsonNode header;
    try {
      header = JSON.readTree(content.array(), 8, (int) length);
    } catch (JsonProcessingException e) {
      throw damaged(file, "its header is not JSON");
    }
    if (!header.isObject()) {
      throw damaged(file, "its header is not a JSON object");
    }
    Map<String, String> metadata = new LinkedHashMap<>();
    header
        .path(METADATA)
        .properties()
        .forEach(text -> metadata.put(text.getKey(), text.getValue().asText()));
    String digest = metadata.remove(DIGEST);
    if (digest != null || digestNeeded) {
      checkDigest(file, content, digest);
    }

    Map<String, Tensor> tensors = new LinkedHashMap<>();
    int start = 8 + (int) length;
    for (Map.Entry<String, JsonNode> entry : header.properties()) {
      if (!entry.getKey().equals(METADATA)) {
        tensors.put(entry.getKey(), tensor(file, entry.getKey(), entry.getValue(), content, start));
      }
    }
    return new SafeTensors(tensors, metadata);
  }

  private static Tensor tensor(
      Path file, String name, JsonNode description, ByteBuffer content, int start) {
    ScalarType type = TYPES.get(description.path("dtype").asText());
    if (type == null) {
      throw damaged(file, "tensor '%s' is of type %s".formatted(name, description.path("dtype")));
    }
    long from = description.path("data_offsets").path(0).asLong(-1);
    long to = description.path("data_offsets").path(1).asLong(-1);
    if (from < 0 || to < from || to > content.limit() - start) {
      throw damaged(file, "tensor '%s' lies outside the file".formatted(name));
    }
    JsonNode sizes = description.path("shape");
    long[] shape = new long[sizes.size()];
    long count = 1;
    for (int i = 0; i < shape.length; i++) {
      shape[i] = sizes.get(i).asLong(-1);
      if (shape[i] < 0 || (count != 0 && shape[i] > (to - from) / count)) {
        throw damaged(file, "tensor '%s' has the shape %s".formatted(name, sizes));
      }
      count *= shape[i];
    }
    Tensor tensor = torch.empty(shape, new TensorOptions(type), new MemoryFormatOptional());
    if (tensor.nbytes() != to - from) {
      throw damaged(
          file,
          "tensor '%s' has %d bytes instead of %d".formatted(name, to - from, tensor.nbytes()));
    }
    if (to > from) {
      bytes(tensor).put(content.slice(start + (int) from, (int) (to - from)));
    }
    return tensor;
  }

  private static void checkDigest(Path file, ByteBuffer content, String expected) {
    if (expected == null) {
      throw damaged(file, "it has no digest");
    }
    int position = digestPosition(content);
    if (position < 0 || expected.length() != NO_DIGEST.length()) {
      throw damaged(file, "its digest is malformed");
    }
    MessageDigest sha256 = sha256();
    int end = position + NO_DIGEST.length();
    sha256.update(content.array(), 0, position);
    sha256.update(NO_DIGEST.getBytes(StandardCharsets.US_ASCII));
    sha256.update(content.array(), end, content.limit() - end);
    if (!HexFormat.of().formatHex(sha256.digest()).equals(expected)) {
      throw damaged(file, "its content does not match its digest");
    }
  }

  /** Where the 64 characters of the digest stand: it is the first text of the header. */
  private static int digestPosition(ByteBuffer start) {
    byte[] prefix =
        "{\"%s\":{\"%s\":\"".formatted(METADATA, DIGEST).getBytes(StandardCharsets.US_ASCII);
    for (int i = 0; i < prefix.length; i++) {
      if (8 + i >= start.limit() || start.get(8 + i) != prefix[i]) {
        return -1;
      }
    }
    return 8 + prefix.length;
  }

  private static ByteBuffer bytes(Tensor tensor) {
    return tensor.nbytes() == 0
        ? ByteBuffer.allocate(0)
        : new BytePointer(tensor.data_ptr()).capacity(tensor.nbytes()).asByteBuffer();
  }

  private static String nameOf(ScalarType type) {
    return TYPES.entrySet().stream()
        .filter(e -> e.getValue() == type.intern())
        .map(Map.Entry::getKey)
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("cannot store tensors of type " + type));
  }

  private static InputException damaged(Path file, String what) {
    return new InputException(file + " is not a sound safetensors file: " + what);
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
  }
}
