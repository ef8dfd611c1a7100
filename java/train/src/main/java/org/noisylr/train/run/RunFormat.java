package org.noisylr.train.run;

import com.fasterxml.jackson.annotation.JsonAlias;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonSetter;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.annotation.Nulls;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.cfg.EnumFeature;
import com.fasterxml.jackson.databind.cfg.MapperBuilder;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.noisylr.check.InputException;
import org.noisylr.noise.Distribution;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.schedule.Constant;
import org.noisylr.schedule.Cosine;
import org.noisylr.schedule.CosineRestarts;
import org.noisylr.schedule.Cyclic;
import org.noisylr.schedule.ExponentialDecay;
import org.noisylr.schedule.InverseSquareRoot;
import org.noisylr.schedule.OneCycle;
import org.noisylr.schedule.Polynomial;
import org.noisylr.schedule.Schedule;
import org.noisylr.schedule.Sequence;
import org.noisylr.schedule.StepDecay;
import org.noisylr.schedule.Warmup;
import org.noisylr.schedule.WarmupStableDecay;
import org.noisylr.train.data.Preprocessing;
import org.noisylr.train.loop.OptimizerSpec;

/**
 * The text forms of a run: its configuration as YAML or a line of JSON, its result as JSON. A text
 * may have 3,000,000 characters and 50 levels of nesting. Reading allocates at most 64 MB plus 100
 * times the text.
 */
public final class RunFormat {
  @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
  @JsonSubTypes({
    @JsonSubTypes.Type(name = "const", value = Constant.class),
    @JsonSubTypes.Type(name = "step", value = StepDecay.class),
    @JsonSubTypes.Type(name = "exp", value = ExponentialDecay.class),
    @JsonSubTypes.Type(name = "clr", value = Cyclic.class),
    @JsonSubTypes.Type(name = "wr", value = CosineRestarts.class),
    @JsonSubTypes.Type(name = "cosine", value = Cosine.class),
    @JsonSubTypes.Type(name = "poly", value = Polynomial.class),
    @JsonSubTypes.Type(name = "one-cycle", value = OneCycle.class),
    @JsonSubTypes.Type(name = "inverse-sqrt", value = InverseSquareRoot.class),
    @JsonSubTypes.Type(name = "wsd", value = WarmupStableDecay.class),
    @JsonSubTypes.Type(name = "warmup", value = Warmup.class),
    @JsonSubTypes.Type(name = "sequence", value = Sequence.class)
  })
  private interface ScheduleTypes {}

  @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
  @JsonSubTypes({
    @JsonSubTypes.Type(name = "none", value = Distribution.None.class),
    @JsonSubTypes.Type(name = "uniform", value = Distribution.Uniform.class),
    @JsonSubTypes.Type(name = "gaussian", value = Distribution.Gaussian.class),
    @JsonSubTypes.Type(name = "log-uniform", value = Distribution.LogUniform.class)
  })
  private interface DistributionTypes {}

  @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
  @JsonSubTypes({
    @JsonSubTypes.Type(name = "images", value = Preprocessing.Images.class),
    @JsonSubTypes.Type(name = "texts", value = Preprocessing.Texts.class)
  })
  private interface PreprocessingTypes {}

  /** The paper's noise may be given as {@code alpha} instead of {@code low: 0, high: alpha}. */
  private interface UniformFields {
    @JsonSetter(nulls = Nulls.AS_EMPTY)
    double low();

    @JsonAlias("alpha")
    double high();
  }

  /** A run sets the epochs of its noise. */
  private interface NoiseFields {
    @JsonInclude(JsonInclude.Include.NON_DEFAULT)
    @JsonSetter(nulls = Nulls.AS_EMPTY)
    long stepsPerEpoch();
  }

  /** Runs without a captured step or resized images have no such fields. */
  private interface RunFields {
    @JsonInclude(JsonInclude.Include.NON_NULL)
    Integer resize();

    @JsonInclude(JsonInclude.Include.NON_DEFAULT)
    @JsonSetter(nulls = Nulls.AS_EMPTY)
    boolean capture();
  }

  /** Configurations of earlier versions and short ones have no such field. */
  private interface OptimizerFields {
    @JsonSetter(nulls = Nulls.AS_EMPTY)
    boolean nesterov();
  }

  /** Images with their own size have no such field. */
  private interface ImagesFields {
    @JsonInclude(JsonInclude.Include.NON_NULL)
    Integer resize();
  }

  /** The environment of a start: texts by name. */
  private static final class Start extends LinkedHashMap<String, String> {}

  /** A run may resume with another number of processes, and with its data in another place. */
  private static final Set<String> CHANGEABLE = Set.of("processes", "data");

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
        .addMixIn(Distribution.Uniform.class, UniformFields.class)
        .addMixIn(NoiseSpec.class, NoiseFields.class)
        .addMixIn(RunConfig.class, RunFields.class)
        .addMixIn(OptimizerSpec.class, OptimizerFields.class)
        .addMixIn(Preprocessing.class, PreprocessingTypes.class)
        .addMixIn(Preprocessing.Images.class, ImagesFields.class)
        .addModule(new SimpleModule().addDeserializer(ModelSpec.class, new ModelSpecDeserializer()))
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

  /**
   * Returns a mapper with the rules of this class: records are mappings with keys in snake_case.
   */
  public static ObjectMapper yaml() {
    return YAML.copy();
  }

  /**
   * @throws InputException if the schedule is not a named one
   */
  static String toYaml(RunConfig config) {
    requireNamed(config.training().schedule());
    return write(YAML.writer(), config);
  }

  /**
   * Parses the output of {@link #toYaml}.
   *
   * @throws InputException if {@code text} has another form
   */
  static RunConfig fromYaml(String text) {
    return read(YAML, text, RunConfig.class, "a run's configuration");
  }

  /** Returns the environments of a run's starts as YAML. */
  static String startsToYaml(List<Map<String, String>> starts) {
    return write(YAML.writer(), starts);
  }

  /** Parses the output of {@link #startsToYaml}. */
  static List<? extends Map<String, String>> startsFromYaml(String text) {
    return List.of(read(YAML, text, Start[].class, "a run's environment"));
  }

  /** Returns a configuration as one line of JSON. */
  public static String toLine(RunConfig config) {
    return write(JSON.writer(), config);
  }

  /**
   * Parses the output of {@link #toLine}.
   *
   * @throws InputException if {@code line} has another form
   */
  public static RunConfig fromLine(String line) {
    return read(JSON, line, RunConfig.class, "a run's configuration");
  }

  /** Returns values by name as JSON for readers. */
  public static String toJson(Map<String, Object> values) {
    return write(JSON.writerWithDefaultPrettyPrinter(), values);
  }

  /** Returns a model's description as one line of JSON. */
  static String toLine(ModelInfo info) {
    return write(JSON.writer(), info);
  }

  /** Returns a model's description as JSON for readers. */
  static String toJson(ModelInfo info) {
    return write(JSON.writerWithDefaultPrettyPrinter(), info) + "\n";
  }

  /**
   * Parses a model's description.
   *
   * @throws InputException if {@code text} has another form
   */
  static ModelInfo modelInfo(String text) {
    return read(JSON, text, ModelInfo.class, "the description of a model");
  }

  static String toJson(RunResult result) {
    return write(JSON.writerWithDefaultPrettyPrinter(), result) + "\n";
  }

  static RunResult fromJson(String text) {
    return read(JSON, text, RunResult.class, "a run's result");
  }

  /**
   * Parses YAML.
   *
   * @param what the text should be, for the message: {@code a plan}
   * @throws InputException if it has another form; the message starts with {@code not} and names
   *     the field
   */
  public static <T> T fromYaml(String text, Class<T> type, String what) {
    return read(YAML, text, type, what);
  }

  private static <T> T read(ObjectMapper mapper, String text, Class<T> type, String what) {
    try {
      T value = text.isBlank() ? null : mapper.readValue(text, type);
      if (value == null) {
        throw new InputException("not " + what + ": it is empty");
      }
      return value;
    } catch (JsonProcessingException e) {
      throw new InputException("not %s: %s".formatted(what, FormatError.of(e)), e);
    }
  }

  /**
   * Names the fields in which two configurations differ, as {@code subset is 100, not 200}; empty
   * if they are equal, up to the number of processes and the place of the data.
   *
   * @param stored YAML, perhaps of another version
   * @param given YAML
   * @throws InputException if a text is not YAML
   */
  static String difference(String stored, String given) {
    return difference(stored, given, "%s is %s, not %s");
  }

  /**
   * Does the same in other words.
   *
   * @param format of the field and both values
   */
  static String difference(String stored, String given, String format) {
    Map<String, String> old = fields(stored);
    Map<String, String> current = fields(given);
    return Stream.concat(old.keySet().stream(), current.keySet().stream())
        .distinct()
        .filter(path -> !CHANGEABLE.contains(path))
        .filter(path -> !Objects.equals(old.get(path), current.get(path)))
        .map(
            path ->
                format.formatted(
                    path, old.getOrDefault(path, "unset"), current.getOrDefault(path, "unset")))
        .collect(Collectors.joining("; "));
  }

  private static Map<String, String> fields(String yaml) {
    Map<String, String> fields = new LinkedHashMap<>();
    try {
      addFields("", YAML.readTree(yaml), fields);
    } catch (JsonProcessingException e) {
      throw new InputException("not a run's configuration: " + FormatError.of(e), e);
    }
    return fields;
  }

  private static void addFields(String path, JsonNode node, Map<String, String> fields) {
    String start = path.isEmpty() ? "" : path + ".";
    node.properties().forEach(field -> addFields(start + field.getKey(), field.getValue(), fields));
    for (int i = 0; node.isArray() && i < node.size(); i++) {
      addFields(start + i, node.get(i), fields);
    }
    if (node.isValueNode() && !node.isNull()) {
      fields.put(path, node.asText());
    }
  }

  /** Returns the classes of the named schedules, by the name of their type. */
  public static Map<String, Class<?>> schedules() {
    return subTypes(ScheduleTypes.class)
        .collect(Collectors.toMap(JsonSubTypes.Type::name, JsonSubTypes.Type::value));
  }

  private static Stream<JsonSubTypes.Type> subTypes(Class<?> mixin) {
    return Stream.of(mixin.getAnnotation(JsonSubTypes.class).value());
  }

  /** Returns the names of the types that a value of a type may have. */
  static List<String> types(JavaType base) {
    Class<?> mixin = YAML.findMixInClassFor(base.getRawClass());
    return subTypes(mixin).map(JsonSubTypes.Type::name).toList();
  }

  private static void requireNamed(Schedule schedule) {
    if (schedule instanceof Warmup warmup) {
      requireNamed(warmup.schedule());
    } else if (schedule instanceof Sequence sequence) {
      requireNamed(sequence.first());
      requireNamed(sequence.next());
    } else if (subTypes(ScheduleTypes.class).noneMatch(t -> t.value().isInstance(schedule))) {
      throw new InputException(
          "schedule must be a named one, which config.yaml can hold, but is a "
              + schedule.getClass().getSimpleName());
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
