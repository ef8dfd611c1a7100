package org.noisylr.train.run;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.schedule.Milestone;
import org.noisylr.schedule.Schedule;
import org.noisylr.train.FuzzCase;
import org.noisylr.train.TestConfig;
import org.noisylr.train.metric.EpochMetrics;
import org.noisylr.train.metric.Metric;
import org.noisylr.train.metric.MetricsCsv;

/** Reads a directory in which one text file is the input. */
class RunFormatFuzzTest extends FuzzCase<String> {
  private static final List<String> FILES =
      List.of(RunFiles.CONFIG, RunFiles.RESULT, RunFiles.METRICS, RunFiles.TIMING);
  private static final List<EpochMetrics> METRICS =
      List.of(new EpochMetrics(0, 9, 0.1, 1, 0.1, 2.3, 0.1, 2.2, Double.NaN, null, null));
  private static final String TIMING = "epoch,seconds\n0,1.5\n";
  private static final String RESULT = RunFormat.toJson(RunResult.of(Metric.ACCURACY, METRICS, 7));

  RunFormatFuzzTest() {
    super(FILES);
  }

  static Stream<byte[]> seeds() {
    return Stream.of(
        seed(0, config(Schedule.stepDecay(0.1, new Milestone(80, 0.1)), NoiseSpec.uniform(8))),
        seed(
            0,
            config(
                Schedule.oneCycle(0.1, 5).warmup(1).then(5, Schedule.cosineRestarts(1, 0, 1, 2)),
                NoiseSpec.logUniform(0.5, 2))),
        seed(
            0,
            RunFormat.toYaml(
                new TestConfig().model(new ScriptFile("/x/net.pt", "0a".repeat(32))).run())),
        seed(1, RESULT),
        seed(2, MetricsCsv.format(METRICS)),
        seed(3, TIMING));
  }

  private static String config(Schedule schedule, NoiseSpec noise) {
    return RunFormat.toYaml(new TestConfig().schedule(schedule).noise(noise).subset(5, null).run());
  }

  private static byte[] seed(int file, String content) {
    return seed(file, content.getBytes(StandardCharsets.UTF_8));
  }

  @Override
  protected Path write(Path folder, String name, byte[] content) throws IOException {
    Files.deleteIfExists(folder.resolve(RunFiles.CONFIG)); // of the previous input
    Files.writeString(folder.resolve(RunFiles.RESULT), RESULT);
    Files.writeString(folder.resolve(RunFiles.METRICS), MetricsCsv.format(METRICS));
    Files.writeString(folder.resolve(RunFiles.TIMING), TIMING);
    return Files.write(folder.resolve(name), content);
  }

  @Override
  protected void open(Path file, String name) {
    if (name.equals(RunFiles.CONFIG)) {
      RunDirectory.readConfig(file.getParent()).orElseThrow();
    } else {
      RunDirectory.readFinished(file.getParent()).orElseThrow();
    }
  }
}
