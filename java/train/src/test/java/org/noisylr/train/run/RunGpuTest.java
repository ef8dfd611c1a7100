package org.noisylr.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;
import java.util.List;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.torch.LibTorch;
import org.noisylr.train.TestConfig;
import org.noisylr.train.data.Dataset;
import org.noisylr.train.data.format.Datasets;
import org.noisylr.train.loop.Precision;
import org.noisylr.train.loop.StopSignal;
import org.noisylr.train.loop.TrainingListener;
import org.noisylr.train.metric.EpochMetrics;

/** Runs on a GPU; {@code -Dgpu.device=cpu} runs these tests without one. */
@Tag("gpu")
class RunGpuTest {
  private static final String DEVICE = System.getProperty("gpu.device", "cuda");
  private static final int EPOCHS = 3;

  @TempDir private Path temp;

  static {
    LibTorch.load(); // without it, the first start does not find CUDA
  }

  @BeforeEach
  void requireTheDevice() {
    assumeTrue(DEVICE.equals("cpu") || torch.cuda_is_available(), Devices.cudaState());
  }

  private static RunConfig config(
      String data, ModelName model, String device, Precision precision) {
    return testConfig(data, model, device, precision).run();
  }

  private static TestConfig testConfig(
      String data, ModelName model, String device, Precision precision) {
    return new TestConfig()
        .data(data)
        .subset(data.equals("fashion-mnist-mini") ? 1000 : null, null)
        .model(model)
        .device(device)
        .lr(0.005)
        .noise(NoiseSpec.uniform(8).lastFraction(0.6, EPOCHS).seed(1))
        .epochs(EPOCHS)
        .precision(precision);
  }

  private static String device() {
    return Devices.of(DEVICE).str().getString();
  }

  private Run execute(String name, RunConfig config, TrainingListener... listeners) {
    return execute(name, config, new StopSignal(), listeners);
  }

  private Run execute(
      String name, RunConfig config, StopSignal stop, TrainingListener... listeners) {
    Dataset data = Datasets.open(config.data());
    return Run.execute(config, data, temp.resolve(name), true, List.of(listeners), stop);
  }

  @Test
  void ratesEqualThoseOfTheCpuAndTheFirstLossIsClose() {
    RunConfig onCpu = config("fashion-mnist-mini", ModelName.CNN28, "cpu", Precision.FP32);
    RunConfig onDevice = config("fashion-mnist-mini", ModelName.CNN28, device(), Precision.FP32);
    List<EpochMetrics> expected = execute("cpu", onCpu).metrics();
    List<EpochMetrics> actual = execute("device", onDevice).metrics();
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
      assertThat(actual.get(epoch).lr()).isEqualTo(expected.get(epoch).lr());
      assertThat(actual.get(epoch).factor()).isEqualTo(expected.get(epoch).factor());
    }
    // Rounding differs, and the difference grows with the steps.
    assertThat(actual.get(0).trainLoss()).isCloseTo(expected.get(0).trainLoss(), within(0.05));
    assertThat(actual.get(EPOCHS - 1).trainLoss()).isLessThan(actual.get(0).trainLoss());
  }

  @ParameterizedTest
  @CsvSource({
    "fashion-mnist-mini, CNN28, BF16",
    "generated:cifar10, RESNET20, FP32",
    "generated:cifar10, RESNET20, BF16",
    "generated:imdb, LSTM, FP32"
  })
  void modelsTrain(String data, ModelName model, Precision precision) {
    RunConfig config = config(data, model, device(), precision);
    List<EpochMetrics> metrics = execute("run", config).metrics();
    assertThat(metrics).hasSize(EPOCHS).allMatch(m -> Double.isFinite(m.trainLoss()));
  }

  @ParameterizedTest
  @CsvSource({"fashion-mnist-mini, CNN28, FP32", "generated:cifar10, RESNET20, BF16"})
  void capturedStepsAreThoseOfOtherRuns(String data, ModelName model, Precision precision) {
    assumeTrue(!DEVICE.equals("cpu"), "steps are captured on CUDA only");
    TestConfig config = testConfig(data, model, device(), precision);
    List<EpochMetrics> expected = execute("uncaptured", config.run()).metrics();
    List<EpochMetrics> captured = execute("captured", config.capture().run()).metrics();
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
      assertThat(captured.get(epoch).lr()).isEqualTo(expected.get(epoch).lr());
      assertThat(captured.get(epoch).trainLoss())
          .isCloseTo(expected.get(epoch).trainLoss(), within(0.05));
    }
  }

  @Test
  void aStoppedRunResumes() {
    RunConfig config = config("fashion-mnist-mini", ModelName.CNN28, device(), Precision.FP32);
    Run whole = execute("whole", config);
    Run finished = execute("whole", config);
    assertThat(finished.metrics()).isEqualTo(whole.metrics());
    StopSignal stop = new StopSignal();
    TrainingListener early =
        new TrainingListener() {
          @Override
          public void onProgress(int epoch, int stepsDone, int stepsPerEpoch, double loss) {
            stop.request();
          }
        };
    assertThatThrownBy(() -> execute("stopped", config, stop, early))
        .isInstanceOf(StoppedException.class)
        .hasMessageStartingWith("stopped in epoch 1 of 3");
    Run resumed = execute("stopped", config);
    assertThat(resumed.metrics()).hasSize(EPOCHS);
    assertThat(resumed.metrics().get(0).trainLoss())
        .isCloseTo(whole.metrics().get(0).trainLoss(), within(0.05));
  }
}
