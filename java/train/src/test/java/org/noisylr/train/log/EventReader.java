package org.noisylr.train.log;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32C;

/** Reads event files of TensorFlow, independently of the classes that write them. */
final class EventReader {
  /**
   * @param scalars float values by tag
   */
  record Event(
      double wallTime, long step, String fileVersion, long status, Map<String, Float> scalars) {}

  private EventReader() {}

  static List<Event> read(Path file) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    List<Event> events = new ArrayList<>();
    while (bytes.hasRemaining()) {
      byte[] length = new byte[8];
      bytes.get(bytes.position(), length);
      int size = (int) bytes.getLong();
      assertThat(bytes.getInt()).isEqualTo(maskedCrc(length));
      byte[] content = new byte[size];
      bytes.get(content);
      assertThat(bytes.getInt()).isEqualTo(maskedCrc(content));
      events.add(event(fields(ByteBuffer.wrap(content))));
    }
    return events;
  }

  /** As tensorflow/core/lib/hash/crc32c.h defines it. */
  private static int maskedCrc(byte[] bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes);
    long value = crc.getValue();
    return (int) (((value >>> 15) | (value << 17)) + 0xa282ead8L);
  }

  private static Event event(Map<Integer, List<Object>> fields) {
    Map<String, Float> scalars = new LinkedHashMap<>();
    for (Object summary : fields.getOrDefault(5, List.of())) {
      for (Object value : fields((ByteBuffer) summary).get(1)) {
        Map<Integer, List<Object>> scalar = fields((ByteBuffer) value);
        scalars.put(text(scalar.get(1)), (Float) scalar.get(2).get(0));
      }
    }
    List<Object> log = fields.get(7);
    return new Event(
        (double) fields.get(1).get(0),
        fields.containsKey(2) ? (long) fields.get(2).get(0) : 0,
        fields.containsKey(3) ? text(fields.get(3)) : "",
        log == null ? 0 : (long) fields((ByteBuffer) log.get(0)).get(1).get(0),
        scalars);
  }

  private static String text(List<Object> field) {
    return StandardCharsets.UTF_8.decode(((ByteBuffer) field.get(0)).duplicate()).toString();
  }

  /** Returns the values of a message by the number of their field. */
  private static Map<Integer, List<Object>> fields(ByteBuffer message) {
    ByteBuffer in = message.duplicate().order(ByteOrder.LITTLE_ENDIAN);
    Map<Integer, List<Object>> fields = new LinkedHashMap<>();
    while (in.hasRemaining()) {
      long key = varint(in);
      Object value =
          switch ((int) key & 7) {
            case 0 -> varint(in);
            case 1 -> in.getDouble();
            case 2 -> part(in, (int) varint(in));
            case 5 -> in.getFloat();
            default -> throw new AssertionError(key);
          };
      fields.computeIfAbsent((int) key >>> 3, number -> new ArrayList<>()).add(value);
    }
    return fields;
  }

  private static ByteBuffer part(ByteBuffer in, int size) {
    ByteBuffer part = in.slice(in.position(), size);
    in.position(in.position() + size);
    return part;
  }

  private static long varint(ByteBuffer in) {
    long value = 0;
    for (int shift = 0; ; shift += 7) {
      byte next = in.get();
      value |= (next & 0x7fL) << shift;
      if (next >= 0) {
        return value;
      }
    }
  }
}
