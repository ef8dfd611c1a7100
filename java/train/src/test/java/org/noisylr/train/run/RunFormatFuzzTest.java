package org.noisylr.train.run;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.schedule.Milestone;
import org.noisylr.schedule.Schedule;
import org.noisylr.torch.optim.Implementation;
import org.noisylr.train.Untrusted;
import org.noisylr.train.data.Augmentation;
import org.noisylr.train.loop.OptimizerSpec;
import org.noisylr.train.loop.Precision;
import org.noisylr.train.loop.TrainingConfig;
import org.noisylr.train.metric.EpochMetrics;
import org.noisylr.train.metric.Metric;
import org.noisylr.train.metric.MetricsCsv;

/** The first byte of an input says which file of a run the others are. */
class RunFormatFuzzTest {
  private static final List<String> FILES =
      List.of(RunFiles.CONFIG, RunFiles.RESULT, RunFiles.METRICS, RunFiles.TIMING);
  private static final List<EpochMetrics> METRICS =
      List.of(new EpochMetrics(0, 9, 0.1, 1, 0.1, 2.3, 0.1, 2.2, Double.NaN));
  private static final String TIMING = "epoch,seconds\n0,1.5\n";
  private static final String RESULT = RunFormat.toJson(RunResult.of(Metric.ACCURACY, METRICS, 7));

  @TempDir Path temp;

  static Stream<byte[]> seeds() {
    return Stream.of(
        seed(0, config(Schedule.stepDecay(0.1, new Milestone(80, 0.1)), NoiseSpec.uniform(8))),
        seed(
            0,
            config(
                Schedule.sequence(
                    List.of(Schedule.linearWarmup(0, 0.1, 5), Schedule.cosineRestarts(1, 0, 1, 2)),
                    List.of(5.0)),
                NoiseSpec.gaussian(4, 1))),
        seed(1, RESULT),
        seed(2, MetricsCsv.format(METRICS)),
        seed(3, TIMING));
  }

  private static String config(Schedule schedule, NoiseSpec noise) {
    return RunFormat.toYaml(
        new RunConfig(
            "x",
            5,
            null,
            ModelName.CNN28,
            null,
            "cpu",
            1,
            new TrainingConfig(
                new OptimizerSpec(OptimizerSpec.Kind.SGD, 0, 0, Implementation.FUSED),
                schedule,
                noise,
                3,
                4,
                Augmentation.NONE,
                Precision.FP32,
                1)));
  }

  private static byte[] seed(int file, String content) {
    return ((char) file + content).getBytes(StandardCharsets.UTF_8);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void seedsAreValid(byte[] seed) throws IOException {
    assertThat(Untrusted.accepts(() -> read(seed))).isTrue();
  }

  @MethodSource("seeds")
  @FuzzTest
  void read(byte[] input) throws IOException {
    if (input.length == 0) {
      return;
    }
    Path folder = Files.createDirectories(temp.resolve("run"));
    Files.deleteIfExists(folder.resolve(RunFiles.CONFIG)); // of another input
    Files.writeString(folder.resolve(RunFiles.RESULT), RESULT);
    Files.writeString(folder.resolve(RunFiles.METRICS), MetricsCsv.format(METRICS));
    Files.writeString(folder.resolve(RunFiles.TIMING), TIMING);
    Path file = folder.resolve(FILES.get(Math.floorMod(input[0], FILES.size())));
    Files.write(file, Arrays.copyOfRange(input, 1, input.length));
    Untrusted.read(
        folder,
        file.toString(),
        64 << 20,
        () -> {
          if (file.endsWith(RunFiles.CONFIG)) {
            Run.readConfig(folder).orElseThrow();
          } else {
            Run.read(folder).orElseThrow();
          }
        });
  }
}
