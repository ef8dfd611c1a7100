package org.noisylr.train.run;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.cfg.EnumFeature;
import com.fasterxml.jackson.databind.cfg.MapperBuilder;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import org.noisylr.check.InputException;
import org.noisylr.check.Reason;
import org.noisylr.noise.Distribution;
import org.noisylr.schedule.Constant;
import org.noisylr.schedule.CosineRestarts;
import org.noisylr.schedule.Cyclic;
import org.noisylr.schedule.ExponentialDecay;
import org.noisylr.schedule.LinearWarmup;
import org.noisylr.schedule.Schedule;
import org.noisylr.schedule.Sequence;
import org.noisylr.schedule.StepDecay;

/** The text forms of a run: its configuration as YAML, its result as JSON. */
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

  private RunFormat() {}

  private static <M extends ObjectMapper> ObjectMapper configured(MapperBuilder<M, ?> builder) {
    return builder
        .addMixIn(Schedule.class, ScheduleTypes.class)
        .addMixIn(Distribution.class, DistributionTypes.class)
        .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
        .configure(EnumFeature.WRITE_ENUMS_TO_LOWERCASE, true)
        .enable(MapperFeature.ACCEPT_CASE_INSENSITIVE_ENUMS)
        .disable(SerializationFeature.FAIL_ON_EMPTY_BEANS)
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
    return read(YAML, text, RunConfig.class, "configuration");
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
    return read(JSON, line, RunConfig.class, "configuration");
  }

  static String toJson(RunResult result) {
    return write(JSON.writerWithDefaultPrettyPrinter(), result) + "\n";
  }

  static RunResult fromJson(String text) {
    return read(JSON, text, RunResult.class, "result");
  }

  private static <T> T read(ObjectMapper mapper, String text, Class<T> type, String what) {
    try {
      return mapper.readValue(text, type);
    } catch (JsonProcessingException e) {
      throw new InputException(
          "not a run's " + what + ": " + Reason.oneLine(e.getOriginalMessage()), e);
    }
  }

  private static String write(ObjectWriter writer, Object value) {
    try {
      return writer.writeValueAsString(value);
    } catch (JsonProcessingException e) {
      throw new AssertionError(e);
    }
  }
}
