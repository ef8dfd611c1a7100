package org.noisylr.train.log;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.dataformat.protobuf.ProtobufMapper;
import com.fasterxml.jackson.dataformat.protobuf.schema.ProtobufSchemaLoader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32C;

/**
 * TensorBoard's file format: records of TensorFlow ({@code TFRecord}), each an {@code Event} as
 * protocol buffer.
 */
final class EventFormat {
  /**
   * The fields of TensorFlow's {@code event.proto} and {@code summary.proto} that are used here.
   */
  private static final String SCHEMA =
      """
      message Event {
        message Value { optional string tag = 1; optional float simple_value = 2; }
        message Summary { repeated Value value = 1; }
        message SessionLog { optional int32 status = 1; }
        optional double wall_time = 1;
        optional int64 step = 2;
        optional string file_version = 3;
        optional Summary summary = 5;
        optional SessionLog session_log = 7;
      }
      """;

  private static final int START = 1;
  private static final int MASK = 0xa282ead8;
  private static final ObjectWriter WRITER = writer();

  private record Value(String tag, float simple_value) {}

  private record Summary(List<Value> value) {}

  private record SessionLog(int status) {}

  private record Event(
      double wall_time, Long step, String file_version, Summary summary, SessionLog session_log) {}

  private EventFormat() {}

  private static ObjectWriter writer() {
    try {
      return ProtobufMapper.builder()
          .defaultPropertyInclusion(
              JsonInclude.Value.construct(
                  JsonInclude.Include.NON_NULL, JsonInclude.Include.NON_NULL))
          .build()
          .writer(ProtobufSchemaLoader.std.parse(SCHEMA));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns the first record of a file. */
  static ByteBuffer header(double wallTime) {
    return record(new Event(wallTime, null, "brain.Event:2", null, null));
  }

  /** Returns a record of a start: a reader then drops the events of other files from there on. */
  static ByteBuffer start(double wallTime, long step) {
    return record(new Event(wallTime, step, null, null, new SessionLog(START)));
  }

  /** Returns a record of scalars by their tags. */
  static ByteBuffer scalars(double wallTime, long step, Map<String, Double> scalars) {
    List<Value> values =
        scalars.entrySet().stream()
            .map(scalar -> new Value(scalar.getKey(), scalar.getValue().floatValue()))
            .toList();
    return record(new Event(wallTime, step, null, new Summary(values), null));
  }

  /** Length, its checksum, content, its checksum; little-endian. */
  private static ByteBuffer record(Event event) {
    byte[] content;
    try {
      content = WRITER.writeValueAsBytes(event);
    } catch (JsonProcessingException e) {
      throw new AssertionError(e);
    }
    ByteBuffer record =
        ByteBuffer.allocate(Long.BYTES + Integer.BYTES + content.length + Integer.BYTES)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putLong(content.length);
    record.putInt(checksum(record.array(), Long.BYTES));
    return record.put(content).putInt(checksum(content, content.length)).flip();
  }

  private static int checksum(byte[] bytes, int count) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, count);
    return Integer.rotateRight((int) crc.getValue(), 15) + MASK;
  }
}
