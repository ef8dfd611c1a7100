package org.noisylr.train.run;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.cfg.EnumFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
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

/** The text forms of a run: its configuration as YAML, its result as JSON. */
final class RunFormat {
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
      YAMLMapper.builder(
              YAMLFactory.builder()
                  .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
                  .disable(YAMLGenerator.Feature.USE_NATIVE_TYPE_ID)
                  .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES)
                  .build())
          .addMixIn(Schedule.class, ScheduleTypes.class)
          .addMixIn(Distribution.class, DistributionTypes.class)
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .configure(EnumFeature.WRITE_ENUMS_TO_LOWERCASE, true)
          .enable(MapperFeature.ACCEPT_CASE_INSENSITIVE_ENUMS)
          .disable(SerializationFeature.FAIL_ON_EMPTY_BEANS)
          .build();

  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .enable(SerializationFeature.INDENT_OUTPUT)
          .build();

  private RunFormat() {}

  static String toYaml(RunConfig config) {
    return write(YAML, config);
  }

  static RunConfig fromYaml(String text) {
    try {
      return YAML.readValue(text, RunConfig.class);
    } catch (JsonProcessingException e) {
      throw new InputException("not a run's configuration: " + e.getOriginalMessage(), e);
    }
  }

  static String toJson(RunResult result) {
    return write(JSON, result) + "\n";
  }

  private static String write(ObjectMapper mapper, Object value) {
    try {
      return mapper.writeValueAsString(value);
    } catch (JsonProcessingException e) {
      throw new AssertionError(e);
    }
  }
}
