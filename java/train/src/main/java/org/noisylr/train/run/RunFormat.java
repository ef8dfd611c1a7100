package org.noisylr.train.run;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.exc.StreamReadException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.cfg.EnumFeature;
import com.fasterxml.jackson.databind.cfg.MapperBuilder;
import com.fasterxml.jackson.databind.exc.InvalidFormatException;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.noisylr.check.InputException;
import org.noisylr.noise.Distribution;
import org.noisylr.schedule.Constant;
import org.noisylr.schedule.CosineRestarts;
import org.noisylr.schedule.Cyclic;
import org.noisylr.schedule.ExponentialDecay;
import org.noisylr.schedule.LinearWarmup;
import org.noisylr.schedule.Schedule;
import org.noisylr.schedule.Sequence;
import org.noisylr.schedule.StepDecay;

/**
 * The text forms of a run: its configuration as YAML, its result as JSON. Texts of up to 3,000,000
 * characters are read, nested 50 deep at most; reading allocates at most 64 MB and 100 times the
 * text.
 */
public final class RunFormat {
  @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
  @JsonSubTypes({
    @JsonSubTypes.Type(name = "const", value = Constant.class),
    @JsonSubTypes.Type(name = "step", value = StepDecay.class),
    @JsonSubTypes.Type(name = "exp", value = ExponentialDecay.class),
    @JsonSubTypes.Type(name = "clr", value = Cyclic.class),
    @JsonSubTypes.Type(name = "wr", value = CosineRestarts.class),
    @JsonSubTypes.Type(name = "warmup", value = LinearWarmup.class),
    @JsonSubTypes.Type(name = "sequence", value = Sequence.class)
  })
  private interface ScheduleTypes {}

  @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
  @JsonSubTypes({
    @JsonSubTypes.Type(name = "none", value = Distribution.None.class),
    @JsonSubTypes.Type(name = "uniform", value = Distribution.Uniform.class),
    @JsonSubTypes.Type(name = "gaussian", value = Distribution.Gaussian.class)
  })
  private interface DistributionTypes {}

  private static final ObjectMapper YAML =
      configured(
          YAMLMapper.builder(
              YAMLFactory.builder()
                  .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
                  .disable(YAMLGenerator.Feature.USE_NATIVE_TYPE_ID)
                  .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES)
                  .build()));

  private static final ObjectMapper JSON = configured(JsonMapper.builder());

  /** What a programmer might set otherwise. */
  private static final Pattern HINT = Pattern.compile(" \\(set Deserialization.*");

  private RunFormat() {}

  private static <M extends ObjectMapper> ObjectMapper configured(MapperBuilder<M, ?> builder) {
    return builder
        .addMixIn(Schedule.class, ScheduleTypes.class)
        .addMixIn(Distribution.class, DistributionTypes.class)
        .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
        .configure(EnumFeature.WRITE_ENUMS_TO_LOWERCASE, true)
        .enable(MapperFeature.ACCEPT_CASE_INSENSITIVE_ENUMS)
        .disable(SerializationFeature.FAIL_ON_EMPTY_BEANS)
        .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
        .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
        .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
        .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
        .build();
  }

  /** Reads and writes YAML in which records are maps with keys in snake_case, as here. */
  public static ObjectMapper yaml() {
    return YAML.copy();
  }

  static String toYaml(RunConfig config) {
    return write(YAML.writer(), config);
  }

  /**
   * Reads what {@link #toYaml} wrote.
   *
   * @throws InputException if {@code text} is something else
   */
  static RunConfig fromYaml(String text) {
    return read(YAML, text, RunConfig.class, "a run's configuration");
  }

  /** A configuration in one line. */
  public static String toLine(RunConfig config) {
    return write(JSON.writer(), config);
  }

  /** A schedule in one line, for readers. */
  public static String describe(Schedule schedule) {
    return write(JSON.writer(), schedule).replaceAll("[\"{}]", "").replaceAll("([,:])", "$1 ");
  }

  /**
   * Reads what {@link #toLine} wrote.
   *
   * @throws InputException if {@code line} is something else
   */
  public static RunConfig fromLine(String line) {
    return read(JSON, line, RunConfig.class, "a run's configuration");
  }

  static String toJson(RunResult result) {
    return write(JSON.writerWithDefaultPrettyPrinter(), result) + "\n";
  }

  static RunResult fromJson(String text) {
    return read(JSON, text, RunResult.class, "a run's result");
  }

  /**
   * Reads YAML.
   *
   * @param what it is, in the message: {@code a plan}
   * @throws InputException if it is something else; the message begins with {@code not} and names
   *     the field
   */
  public static <T> T fromYaml(String text, Class<T> type, String what) {
    return read(YAML, text, type, what);
  }

  private static <T> T read(ObjectMapper mapper, String text, Class<T> type, String what) {
    try {
      T value = mapper.readValue(text, type);
      if (value == null) {
        throw new InputException("not " + what + ": it is empty");
      }
      return value;
    } catch (JsonProcessingException e) {
      throw new InputException("not %s: %s%s".formatted(what, field(e), reason(e)), e);
    }
  }

  /** {@code training.schedule.lr: } where the error is in a field. */
  private static String field(JsonProcessingException e) {
    if (!(e instanceof JsonMappingException mapping) || mapping.getPath().isEmpty()) {
      return "";
    }
    return mapping.getPath().stream()
            .map(part -> part.getFieldName() == null ? "" + part.getIndex() : part.getFieldName())
            .collect(Collectors.joining("."))
        + ": ";
  }

  private static String reason(JsonProcessingException e) {
    if (e.getCause() instanceof InputException cause) {
      return cause.getMessage();
    }
    if (e instanceof UnrecognizedPropertyException unknown) {
      return unknown.getKnownPropertyIds().stream()
          .map(Object::toString)
          .collect(Collectors.joining(", ", "there is no such field among {", "}"));
    }
    String message = e.getOriginalMessage();
    if (message.startsWith("No content to map")) {
      return "it is empty";
    } else if (message.startsWith("Cannot map `null`")
        || message.startsWith("Cannot coerce `null`")) {
      return "it is required";
    } else if (message.contains("at least one Creator exists")) {
      return "it must be made of keys and values";
    } else if ((e instanceof StreamReadException || e.getCause() instanceof StreamReadException)
        && !message.startsWith("Duplicate field")
        && e.getLocation() != null) {
      return "it cannot be parsed in line %d, column %d"
          .formatted(e.getLocation().getLineNr(), e.getLocation().getColumnNr());
    }
    if (e instanceof MismatchedInputException mismatched
        && message.startsWith("Cannot deserialize")
        && allowed(mismatched.getTargetType()) != null) {
      return "it must be "
          + allowed(mismatched.getTargetType())
          + (e instanceof InvalidFormatException f ? ", but is " + f.getValue() : "");
    }
    return HINT.matcher(message).replaceFirst("");
  }

  private static String allowed(Class<?> type) {
    if (type == String.class) {
      return "a text";
    } else if (type == int.class || type == Integer.class || type == long.class) {
      return "an integer";
    } else if (type == double.class || type == Double.class) {
      return "a number";
    } else if (type == List.class) {
      return "a list";
    } else if (type != null && type.isRecord()) {
      return "made of keys and values";
    } else if (type != null && type.isEnum()) {
      return Arrays.stream(type.getEnumConstants())
          .map(constant -> ((Enum<?>) constant).name().toLowerCase(Locale.ROOT))
          .collect(Collectors.joining(", ", "one of {", "}"));
    }
    return null;
  }

  private static String write(ObjectWriter writer, Object value) {
    try {
      return writer.writeValueAsString(value);
    } catch (JsonProcessingException e) {
      throw new AssertionError(e);
    }
  }
}
