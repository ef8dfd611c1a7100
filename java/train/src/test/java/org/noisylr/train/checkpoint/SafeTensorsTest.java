package org.noisylr.train.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.noisylr.train.InputErrors.assertRejected;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.noisylr.check.InputException;

class SafeTensorsTest {
  @TempDir private Path directory;

  private Path file() {
    return directory.resolve("tensors.safetensors");
  }

  @ParameterizedTest
  @EnumSource(
      value = ScalarType.class,
      names = {"Bool", "Byte", "Int", "Long", "Half", "BFloat16", "Float", "Double"})
  void tensorsOfEveryTypeAreRestored(ScalarType type) throws IOException {
    Tensor tensor = torch.arange(new Scalar(24)).remainder(new Scalar(2)).to(type).view(2, 3, 4);
    SafeTensors.write(file(), Map.of("t", tensor), Map.of());
    try (SafeTensors read = SafeTensors.read(file())) {
      assertThat(read.tensors()).containsOnlyKeys("t");
      assertThat(read.tensors().get("t").scalar_type().intern()).isEqualTo(type);
      assertThat(read.tensors().get("t").equal(tensor)).isTrue();
    }
  }

  @Test
  void scalarsEmptyAndChannelsLastTensorsAndTextsAreRestoredInOrder() throws IOException {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    tensors.put("z", torch.randn(2, 3, 4, 5).contiguous(torch.MemoryFormat.ChannelsLast));
    tensors.put("scalar", torch.tensor(7L));
    tensors.put("empty", torch.zeros(0, 3));
    tensors.put("a", torch.randn(3).set_requires_grad(true));
    Map<String, String> texts = Map.of("note", "zwölf \"Boxkämpfer\"\n");
    SafeTensors.write(file(), tensors, texts);
    try (SafeTensors read = SafeTensors.read(file())) {
      assertThat(read.tensors().keySet()).containsExactlyElementsOf(tensors.keySet());
      tensors.forEach((name, t) -> assertThat(read.tensors().get(name).equal(t)).isTrue());
      assertThat(read.metadata()).isEqualTo(texts);
    }
  }

  @Test
  void aFileIsReplacedWithoutALeftOverTemporary() throws IOException {
    SafeTensors.write(file(), Map.of("t", torch.zeros(3)), Map.of());
    SafeTensors.write(file(), Map.of("t", torch.ones(3)), Map.of());
    try (SafeTensors read = SafeTensors.read(file());
        Stream<Path> files = Files.list(directory)) {
      assertThat(read.tensors().get("t").equal(torch.ones(3))).isTrue();
      assertThat(files).containsExactly(file());
    }
  }

  @Test
  void theValuesStartAtAMultipleOfEightBytes() throws IOException {
    for (String text : List.of("", "a", "ab", "abc", "abcd", "abcde", "abcdef", "abcdefg")) {
      SafeTensors.write(file(), Map.of("t", torch.ones(1)), Map.of("k", text));
      byte[] whole = Files.readAllBytes(file());
      assertThat(whole[0] % 8).isZero();
      try (SafeTensors read = SafeTensors.read(file())) {
        assertThat(read.metadata()).containsEntry("k", text);
      }
    }
  }

  @Test
  void everyTruncationIsRejected() throws IOException {
    SafeTensors.write(file(), Map.of("t", torch.randn(4)), Map.of("k", "v"));
    byte[] whole = Files.readAllBytes(file());
    for (int length = 0; length < whole.length; length++) {
      Files.write(file(), Arrays.copyOf(whole, length));
      assertThatThrownBy(() -> SafeTensors.read(file()))
          .as("truncated to %d of %d bytes", length, whole.length)
          .isInstanceOf(InputException.class)
          .hasMessageContaining(file() + " is not a valid safetensors file: ");
    }
  }

  @Test
  void everyFlippedBitIsDetected() throws IOException {
    SafeTensors.write(file(), Map.of("t", torch.randn(4)), Map.of("k", "v"));
    byte[] whole = Files.readAllBytes(file());
    for (int i = 0; i < whole.length; i++) {
      byte[] damaged = whole.clone();
      damaged[i] ^= 1;
      Files.write(file(), damaged);
      assertThatThrownBy(() -> SafeTensors.read(file()))
          .as("bit 0 of byte %d", i)
          .isInstanceOf(InputException.class)
          .hasMessageContaining(file().toString());
    }
  }

  @Test
  void headersThatContradictTheFileAreRejected() throws Exception {
    writeRaw("\"t\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}");
    try (SafeTensors read = SafeTensors.read(file())) {
      assertThat(read.tensors().get("t").equal(torch.zeros(2))).isTrue();
    }
    Map<String, String> faults =
        Map.of(
            "\"dtype\":\"C64\",\"shape\":[2],\"data_offsets\":[0,8]",
            "tensor 't' has the unsupported type \"C64\"",
            "\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]",
            "tensor 't' has offsets outside the file",
            "\"dtype\":\"F32\",\"shape\":[2]",
            "tensor 't' has offsets outside the file",
            "\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,8]",
            "tensor 't' must have 4 bytes, but has 8",
            "\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,8]",
            "tensor 't' has the impossible shape [-1]",
            "\"dtype\":\"F32\",\"shape\":[4611686018427387904,8],\"data_offsets\":[0,8]",
            "tensor 't' has the impossible shape [4611686018427387904,8]");
    for (Map.Entry<String, String> fault : faults.entrySet()) {
      writeRaw("\"t\":{" + fault.getKey() + "}");
      assertInvalid(fault.getValue());
    }
  }

  @Test
  void tensorsLargerThanTheFileAreRejected() throws Exception {
    String whole = "{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}";
    writeRaw("\"t\":" + whole + ",\"u\":" + whole);
    assertInvalid("tensor 'u' overlaps another one");
    writeRaw("\"t\":" + whole + ",\"t\":" + whole);
    assertInvalid("its header is not JSON: Duplicate field 't'");
    String huge = "[0,4611686018427387904,4611686018427387904]";
    writeRaw("\"t\":{\"dtype\":\"F32\",\"shape\":" + huge + ",\"data_offsets\":[0,0]}");
    assertInvalid("tensor 't' has the impossible shape " + huge);
    writeRaw("\"t\":{\"dtype\":\"F32\",\"shape\":\"2\",\"data_offsets\":[0,8]}");
    assertInvalid("tensor 't' has the impossible shape \"2\"");
    writeRaw("\"t\":{\"dtype\":\"F32\",\"shape\":[2.5],\"data_offsets\":[0,8]}");
    assertInvalid("tensor 't' has the impossible shape [2.5]");
    try (RandomAccessFile large = new RandomAccessFile(file().toFile(), "rw")) {
      large.setLength(3L << 30);
    }
    assertInvalid("it has 3221225472 bytes, more than the limit of 2147483639");
  }

  @Test
  void deepNestingIsRejected() throws IOException {
    write("{\"t\":" + "[".repeat(100_000));
    assertInvalid(
        "its header is not JSON: Document nesting depth (1001) exceeds the maximum allowed (1000,"
            + " from `StreamReadConstraints.getMaxNestingDepth()`)");
  }

  @Test
  void aDeviceIsRejected() {
    assertRejected(
        () -> SafeTensors.read(Path.of("/dev/zero")),
        "/dev/zero is not a valid safetensors file: it is not a regular file");
  }

  @Test
  void otherFormatsAreRejected() throws IOException {
    write("[1,2]");
    assertInvalid("its header is not a JSON object");
    write("{\"t\":");
    assertInvalid("its header is not JSON: Unexpected end-of-input within/between Object entries");
    write("{}");
    assertInvalid("it has no digest");
    write("{\"__metadata__\":{\"sha256\":\"abc\"}}");
    assertInvalid("its digest is malformed");
  }

  private void assertInvalid(String reason) {
    assertRejected(
        () -> SafeTensors.read(file()), file() + " is not a valid safetensors file: " + reason);
  }

  /** Writes a file with these tensors, eight zero bytes and a correct digest. */
  private void writeRaw(String tensors) throws Exception {
    String header = "{\"__metadata__\":{\"sha256\":\"%s\"}," + tensors + "}";
    byte[] undigested = write(header.formatted("0".repeat(64)));
    byte[] digest = MessageDigest.getInstance("SHA-256").digest(undigested);
    write(header.formatted(HexFormat.of().formatHex(digest)));
  }

  private byte[] write(String header) throws IOException {
    byte[] json = header.getBytes(StandardCharsets.UTF_8);
    ByteBuffer content = ByteBuffer.allocate(8 + json.length + 8).order(ByteOrder.LITTLE_ENDIAN);
    content.putLong(json.length).put(json);
    AtomicFile.write(file(), List.of(content.rewind()));
    return content.array();
  }
}
