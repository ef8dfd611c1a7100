package org.noisylr.train.checkpoint;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
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
 * header of names, types, shapes and offsets, then the values. Such a file cannot hold code.
 *
 * <p>The header's {@code __metadata__} holds texts that belong to the tensors. Its {@code sha256}
 * is the digest of the whole file in which the digest's own 64 characters are zeros. {@link #read}
 * requires the digest; {@link #readForeign} reads files of other programs.
 *
 * <p>A file may have 2³¹ − 9 bytes. Reading allocates at most 16 MB, the size of the file, forty
 * times the size of its header and, outside the Java heap, the size of its values.
 */
public final class SafeTensors implements AutoCloseable {
  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();
  private static final int MAX_BYTES = Integer.MAX_VALUE - 8;
  private static final int MAX_DIMENSIONS = 64;
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

  /** Returns the tensors by name, on the CPU; owned by this object. */
  public Map<String, Tensor> tensors() {
    return tensors;
  }

  /** Returns the texts stored with the tensors. */
  public Map<String, String> metadata() {
    return metadata;
  }

  @Override
  public void close() {
    tensors.values().forEach(Tensor::close);
  }

  /** Replaces the file with tensors, of any device and memory format, and texts. */
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
      byte[] json = aligned(JSON.writeValueAsBytes(header));
      parts.add(
          0,
          ByteBuffer.allocate(8 + json.length)
              .order(ByteOrder.LITTLE_ENDIAN)
              .putLong(json.length)
              .put(json)
              .flip());
      MessageDigest sha256 = Digest.of("SHA-256");
      parts.forEach(part -> sha256.update(part.duplicate()));
      byte[] digest = HexFormat.of().formatHex(sha256.digest()).getBytes(StandardCharsets.US_ASCII);
      parts.get(0).put(digestPosition(parts.get(0)), digest);
      AtomicFile.write(file, parts);
    }
  }

  /** Adds blanks to the header, so that the values start at a multiple of 8 bytes. */
  private static byte[] aligned(byte[] json) {
    byte[] padded = Arrays.copyOf(json, (json.length + 7) / 8 * 8);
    Arrays.fill(padded, json.length, padded.length, (byte) ' ');
    return padded;
  }

  /**
   * Reads a file with a digest.
   *
   * @throws InputException if it is not a safetensors file, is truncated or damaged, or has no
   *     digest
   * @throws IOException if it cannot be read
   */
  public static SafeTensors read(Path file) throws IOException {
    return read(file, true);
  }

  /**
   * Reads a file of any program. Checks its digest if it has one.
   *
   * @throws InputException if it is not a safetensors file, is truncated or damaged
   * @throws IOException if it cannot be read
   */
  public static SafeTensors readForeign(Path file) throws IOException {
    return read(file, false);
  }

  private static SafeTensors read(Path file, boolean digestRequired) throws IOException {
    if (Files.exists(file) && !Files.isRegularFile(file)) {
      throw damaged(file, "it is not a regular file");
    }
    if (Files.size(file) > MAX_BYTES) {
      throw damaged(
          file,
          "it has %d bytes, more than the limit of %d".formatted(Files.size(file), MAX_BYTES));
    }
    ByteBuffer content = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    if (content.limit() < 8) {
      throw damaged(file, "it has " + content.limit() + " bytes, fewer than the 8 of a length");
    }
    long length = content.getLong(0);
    if (length < 2 || length > content.limit() - 8) {
      throw damaged(
          file,
          "its header claims %d bytes, but the file has %d".formatted(length, content.limit()));
    }
    JsonNode header;
    try {
      header = JSON.readTree(new String(content.array(), 8, (int) length, StandardCharsets.UTF_8));
    } catch (JsonProcessingException e) {
      throw damaged(file, "its header is not JSON: " + e.getOriginalMessage());
    }
    if (!header.isObject()) {
      throw damaged(file, "its header is not a JSON object");
    }
    Map<String, String> metadata = new LinkedHashMap<>();
    header
        .path(METADATA)
        .properties()
        .forEach(text -> metadata.put(text.getKey(), text.getValue().asText("")));
    String digest = metadata.remove(DIGEST);
    if (digest != null || digestRequired) {
      checkDigest(file, content, digest);
    }

    SafeTensors read = new SafeTensors(new LinkedHashMap<>(), metadata);
    try {
      int start = 8 + (int) length;
      long left = content.limit() - start;
      for (Map.Entry<String, JsonNode> entry : header.properties()) {
        String name = entry.getKey();
        if (!name.equals(METADATA)) {
          Tensor tensor = tensor(file, name, entry.getValue(), content, start, left);
          read.tensors.put(name, tensor);
          left -= tensor.nbytes();
        }
      }
      return read;
    } catch (RuntimeException e) {
      read.close();
      throw e;
    }
  }

  /**
   * Reads one tensor.
   *
   * @param left the bytes of values that earlier tensors do not use; tensors share none
   */
  private static Tensor tensor(
      Path file, String name, JsonNode description, ByteBuffer content, int start, long left) {
    JsonNode dtype = description.path("dtype");
    ScalarType type = dtype.isTextual() ? TYPES.get(dtype.textValue()) : null;
    if (type == null) {
      throw damaged(file, "tensor '%s' has the unsupported type %s".formatted(name, dtype));
    }
    long[] offsets = integers(description.path("data_offsets"));
    if (offsets == null
        || offsets.length != 2
        || offsets[0] > offsets[1]
        || offsets[1] > content.limit() - start) {
      throw damaged(file, "tensor '%s' has offsets outside the file".formatted(name));
    }
    int from = start + (int) offsets[0];
    int size = (int) (offsets[1] - offsets[0]);
    if (size > left) {
      throw damaged(file, "tensor '%s' overlaps another one".formatted(name));
    }
    long[] shape = integers(description.path("shape"));
    if (shape == null || !plausible(shape, size)) {
      throw damaged(
          file,
          "tensor '%s' has the impossible shape %s".formatted(name, description.path("shape")));
    }
    Tensor tensor = torch.empty(shape, new TensorOptions(type), new MemoryFormatOptional());
    if (tensor.nbytes() != size) {
      long expected = tensor.nbytes();
      tensor.close();
      throw damaged(
          file, "tensor '%s' must have %d bytes, but has %d".formatted(name, expected, size));
    }
    if (size > 0) {
      bytes(tensor).put(content.slice(from, size));
    }
    return tensor;
  }

  /** Returns an array of non-negative integers; null if the node is anything else. */
  private static long[] integers(JsonNode numbers) {
    if (!numbers.isArray() || numbers.size() > MAX_DIMENSIONS) {
      return null;
    }
    long[] integers = new long[numbers.size()];
    for (int i = 0; i < integers.length; i++) {
      JsonNode number = numbers.get(i);
      if (!number.isIntegralNumber() || !number.canConvertToLong() || number.longValue() < 0) {
        return null;
      }
      integers[i] = number.longValue();
    }
    return integers;
  }

  /**
   * Returns whether a tensor of this many bytes can have the shape. Sizes beside a 0 must be small
   * too.
   */
  private static boolean plausible(long[] shape, int size) {
    long count = 1;
    long most = size == 0 ? Integer.MAX_VALUE : size;
    for (long length : shape) {
      if (length > most / count) {
        return false;
      }
      count *= Math.max(1, length);
    }
    return true;
  }

  private static void checkDigest(Path file, ByteBuffer content, String expected) {
    if (expected == null) {
      throw damaged(file, "it has no digest");
    }
    int position = digestPosition(content);
    if (position < 0 || expected.length() != NO_DIGEST.length()) {
      throw damaged(file, "its digest is malformed");
    }
    MessageDigest sha256 = Digest.of("SHA-256");
    int end = position + NO_DIGEST.length();
    sha256.update(content.array(), 0, position);
    sha256.update(NO_DIGEST.getBytes(StandardCharsets.US_ASCII));
    sha256.update(content.array(), end, content.limit() - end);
    if (!HexFormat.of().formatHex(sha256.digest()).equals(expected)) {
      throw damaged(file, "its content does not match its digest");
    }
  }

  /**
   * Returns the position of the digest, which is the first text of the header; −1 if there is none.
   */
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

  /** Returns whether {@link #write} can store a tensor: it is dense and has a known type. */
  public static boolean canStore(Tensor tensor) {
    return TYPES.containsValue(tensor.scalar_type().intern())
        && tensor.layout().intern() == torch.Layout.Strided;
  }

  private static String nameOf(ScalarType type) {
    return TYPES.entrySet().stream()
        .filter(e -> e.getValue() == type.intern())
        .map(Map.Entry::getKey)
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("cannot store tensors of type " + type));
  }

  private static InputException damaged(Path file, String what) {
    return new InputException(file + " is not a valid safetensors file: " + what);
  }
}
