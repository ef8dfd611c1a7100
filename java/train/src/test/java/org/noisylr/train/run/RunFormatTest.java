package org.noisylr.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.noisylr.check.InputException;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.schedule.Milestone;
import org.noisylr.schedule.Schedule;
import org.noisylr.torch.optim.Implementation;
import org.noisylr.train.TestConfig;
import org.noisylr.train.loop.OptimizerSpec;

class RunFormatTest {
  private static final String YAML =
      """
      data: x
      subset: 5
      test_subset: null
      model: cnn28
      backbone: null
      device: cpu
      threads: 1
      processes: 1
      training:
        optimizer: {kind: sgd, momentum: 0, weight_decay: 0, implementation: fused}
        schedule: {type: step, lr: 0.1, milestones: [{epoch: 80, factor: 0.1}]}
        noise:
          distribution: {type: uniform, alpha: 8}
          first_epoch: 0
          min_lr: 0
          max_lr: Infinity
          draw: epoch
          groups: shared
          seed: 1
        epochs: 3
        batch_size: 4
        augmentation: {padding: 0, mirror: false, zoom: 1}
        precision: fp32
        update: {accumulate: 1, clip_norm: null, label_smoothing: 0, ema: null}
        seed: 1
      """;

  /** Faults that a row of a table cannot hold, in the same columns. */
  static Stream<Arguments> faults() {
    return Stream.of(
        Arguments.of(
            "threads: 1",
            "threads: 1\nthread: 1",
            "thread: unknown field (did you mean threads?); the known ones are ["),
        Arguments.of(
            "threads: 1", "threads: 1\nthreads: 2", "Duplicate field 'threads' (line 8, column 8)"),
        Arguments.of("data: x", "data: " + "[".repeat(100_000), ""),
        Arguments.of(YAML, "? [1\n b: {", "Expected a field name"),
        Arguments.of(YAML, "", "it is empty"),
        Arguments.of(YAML, "null", "it is empty"),
        Arguments.of(YAML, "--- 1\n--- 2", ""));
  }

  /** The replaced text, its replacement, and how the message starts. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          threads: 1 | threads: 1.5 | threads: must be a whole number, but is 1.5
          threads: 1 | threads: 0 | threads must be in [1, 1024], but is 0
          processes: 1 | processes: 0 | processes must be in [1, 1024], but is 0
          threads: 1 | threads: 20000 | threads must be in [1, 1024], but is 20000
          threads: 1 | threads: 1e999999999 | threads:
          threads: 1 | threads: 99999999999999999999 | threads:
          threads: 1 | threads: [1] | threads: must be a whole number
          device: cpu | device: null | device is required
          model: cnn28 | model: cnn29 | model: must be FILE.pt or one of {cnn28,
          model: cnn28 | model: /no/net.pt | model: cannot read /no/net.pt: no such file
          model: cnn28 | model: {file: x} | model: sha256 is required
          model: cnn28 | model: {file: /} | model: file is required
          model: cnn28 | model: {file: "\\0"} | model: file must be a path, but is
          model: cnn28 | model: {file: x, sha256: 12} | model: sha256 must be 64 hexadecimal digits, but is 12
          lr: 0.1, | lr: NaN, | training.schedule: lr must be finite, but is NaN
          factor: 0.1 | factor: -1 | training.schedule.milestones.0: factor must be
          milestones: [{epoch: 80, factor: 0.1}] | milestones: null | training.schedule: milestones is required
          type: step | type: steep | training.schedule: type must be one of {const, step, exp, clr, wr, cosine, poly, one-cycle, inverse-sqrt, wsd, warmup, sequence}, but is steep (did you mean step?)
          alpha: 8 | alpha: 0 | training.noise.distribution: high must be greater than 0.0
          alpha: 8 | low: 2, high: 1 | training.noise.distribution: high must be greater
          data: x | data: &a [*a, *a] | data:
          data: x | data: { | data:
          data: x | data: [ | data:
          alpha: 8 | alpha: "8 | training.noise.distribution: while
          threads: 1 | threads: null | threads: required, but missing
          threads: 1 | '' | threads: required, but missing
          """)
  @MethodSource("faults")
  void anErrorIsOneLineThatNamesTheField(String old, String replacement, String message) {
    assertThatThrownBy(() -> RunFormat.fromYaml(YAML.replace(old, replacement)))
        .isExactlyInstanceOf(InputException.class)
        .hasMessageStartingWith("not a run's configuration: " + message)
        .message()
        .hasLineCount(1);
  }

  @Test
  void differencesNameEveryFieldWithBothValues() {
    String other = YAML.replace("threads: 1", "threads: 2").replace("subset: 5", "subset: null");
    assertThat(RunFormat.difference(YAML, YAML)).isEmpty();
    assertThat(RunFormat.difference(YAML, other))
        .isEqualTo("subset is 5, not unset; threads is 1, not 2");
    assertThat(RunFormat.difference(YAML, YAML.replace("epoch: 80", "epoch: 90")))
        .isEqualTo("training.schedule.milestones.0.epoch is 80, not 90");
  }

  static Stream<Schedule> namedSchedules() {
    return Stream.of(
        Schedule.constant(0.1),
        Schedule.stepDecay(0.1, new Milestone(3, 0.1)),
        Schedule.exponentialDecay(0.1, 0.96, 600),
        Schedule.cyclic(0.1, 0.3, 16),
        Schedule.cosine(0.1, 0, 5),
        Schedule.cosineRestarts(0.1, 0, 10, 2),
        Schedule.polynomial(0.1, 0, 5, 0.9),
        Schedule.oneCycle(0.1, 5),
        Schedule.inverseSquareRoot(0.1, 2),
        Schedule.warmupStableDecay(0.1, 0, 9, 1, 2),
        Schedule.linear(0, 0.1, 5).warmup(1).then(6, Schedule.constant(0.1)));
  }

  @ParameterizedTest
  @MethodSource("namedSchedules")
  void namedSchedulesAreReadAsWritten(Schedule schedule) {
    RunConfig config = new TestConfig().schedule(schedule).run();
    assertThat(RunFormat.fromYaml(RunFormat.toYaml(config))).isEqualTo(config);
  }

  @ParameterizedTest
  @MethodSource
  void noiseIsReadAsWritten(NoiseSpec noise) {
    RunConfig config = new TestConfig().noise(noise).run();
    assertThat(RunFormat.fromYaml(RunFormat.toYaml(config))).isEqualTo(config);
    assertThat(RunFormat.toYaml(config)).doesNotContain("steps_per_epoch");
  }

  static Stream<NoiseSpec> noiseIsReadAsWritten() {
    return Stream.of(
        NoiseSpec.none(),
        NoiseSpec.uniform(8),
        NoiseSpec.uniform(0.5, 1.5).perStep(),
        NoiseSpec.logUniform(0.5, 2).within(1e-4, 1),
        NoiseSpec.gaussian(4, 1).fromEpoch(2));
  }

  @Test
  void thePapersNoiseMayBeGivenAsAlpha() {
    assertThat(RunFormat.fromYaml(YAML).training().noise()).isEqualTo(NoiseSpec.uniform(8).seed(1));
  }

  @Test
  void aRunSaysThatItsStepsAreCaptured() {
    RunConfig captured = new TestConfig().device("cuda:0").capture().run();
    assertThat(RunFormat.toYaml(captured)).contains("\ncapture: true\n");
    assertThat(RunFormat.fromYaml(RunFormat.toYaml(captured))).isEqualTo(captured);
    assertThat(RunFormat.toYaml(new TestConfig().run())).doesNotContain("capture");
  }

  @Test
  void onlyFusedStepsOnCudaAreCaptured() {
    assertThatThrownBy(() -> new TestConfig().capture().run())
        .isInstanceOf(InputException.class)
        .hasMessage("capture requires a CUDA device, but the device is cpu");
    for (TestConfig other :
        List.of(
            new TestConfig().optimizer(OptimizerSpec.Kind.L4MOM),
            new TestConfig().implementation(Implementation.STOCK))) {
      assertThatThrownBy(() -> other.device("cuda:0").capture().run())
          .isInstanceOf(InputException.class)
          .hasMessageMatching(
              "capture requires a fused optimizer, but the optimizer is (L4MOM|MOMENTUM) .*");
    }
  }

  @Test
  void aLambdaIsNotStored() {
    Schedule lambda = (step, stepsPerEpoch) -> 0.1;
    for (Schedule schedule :
        List.of(lambda, lambda.warmup(1), Schedule.constant(1).then(1, lambda))) {
      assertThatThrownBy(() -> RunFormat.toYaml(new TestConfig().schedule(schedule).run()))
          .isInstanceOf(InputException.class)
          .hasMessageStartingWith(
              "schedule must be a named one, which config.yaml can hold, but is a RunFormatTest$$");
    }
  }

  @Test
  void onlyRunsOfResizedImagesHaveTheirSize() {
    assertThat(RunFormat.toYaml(RunFormat.fromYaml(YAML))).doesNotContain("resize");
    RunConfig resized = RunFormat.fromYaml(YAML.replace("data: x", "data: x\nresize: 32"));
    assertThat(resized.resize()).isEqualTo(32);
    assertThat(RunFormat.fromYaml(RunFormat.toYaml(resized))).isEqualTo(resized);
    assertThat(RunFormat.fromYaml(YAML.replace("data: x", "data: x\nresize: null")).resize())
        .isNull();
  }
}
