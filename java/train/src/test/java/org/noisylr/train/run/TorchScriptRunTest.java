package org.noisylr.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.noisylr.train.InputErrors.assertRejected;
import static org.noisylr.train.run.ScriptedModules.DATA;
import static org.noisylr.train.run.ScriptedModules.fromPython;
import static org.noisylr.train.run.ScriptedModules.save;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.noisylr.check.InputException;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.train.PowerCut;
import org.noisylr.train.TestConfig;
import org.noisylr.train.checkpoint.SafeTensors;
import org.noisylr.train.data.format.Datasets;
import org.noisylr.train.loop.Precision;
import org.noisylr.train.loop.StopSignal;
import org.noisylr.train.loop.TrainingListener;
import org.noisylr.train.loop.UpdateOptions;
import org.noisylr.train.metric.EpochMetrics;

/** Runs of models that a TorchScript file holds. */
class TorchScriptRunTest {
  private static final String LINEAR = "return torch.linear(x.flatten(1), self.weight, self.bias)";
  private static final List<String> FILES =
      List.of(
          "config.yaml",
          "metrics.csv",
          "result.json",
          "model.pt",
          "best.safetensors",
          "checkpoint-000002.safetensors",
          "checkpoint-000003.safetensors");

  @TempDir private Path folder;

  private Path run() {
    return folder.resolve("run");
  }

  private static TestConfig config(Path model) {
    return new TestConfig().model(ScriptFile.of(model)).lr(0.1).epochs(2).batchSize(12);
  }

  private static Run execute(RunConfig config, Path run, TrainingListener... listeners) {
    return Run.execute(config, DATA, run, true, List.of(listeners), new StopSignal());
  }

  /** Weights, statistics of BatchNorm, and losses in training and evaluation mode. */
  @Test
  void twoStepsEqualPyTorchs() throws IOException {
    Run trained = execute(config(fromPython("plain.pt", folder)).run(), run());
    Path expected = fromPython("plain-after-two-steps.safetensors", folder);
    try (PointerScope scope = new PointerScope();
        SafeTensors python = SafeTensors.readForeign(expected);
        SafeTensors own = SafeTensors.read(run().resolve("checkpoint-000002.safetensors"))) {
      python
          .tensors()
          .forEach(
              (name, tensor) ->
                  assertThat(
                          torch.allclose(
                              own.tensors().get("model." + name), tensor, 1e-4, 1e-6, false))
                      .as(name)
                      .isTrue());
      for (EpochMetrics epoch : trained.metrics()) {
        Map<String, String> losses = python.metadata();
        assertThat(epoch.trainLoss())
            .isCloseTo(Double.parseDouble(losses.get("train_loss_" + epoch.epoch())), within(1e-5));
        assertThat(epoch.testLoss())
            .isCloseTo(Double.parseDouble(losses.get("test_loss_" + epoch.epoch())), within(1e-5));
      }
    }
  }

  @Test
  void bf16ChangesResultsByRounding() throws IOException {
    Path model = fromPython("plain.pt", folder);
    double fp32 = testLoss(config(model));
    double bf16 = testLoss(config(model).precision(Precision.BF16));
    assertThat(bf16).isNotEqualTo(fp32).isCloseTo(fp32, within(0.02));
  }

  private static double testLoss(TestConfig config) {
    return Run.execute(config.run(), DATA, List.of()).metrics().get(1).testLoss();
  }

  /** With dropout, an average of the weights, and without the file that the run started with. */
  @Test
  void aRunResumesByteForByteWithoutItsFile() throws IOException {
    Path model = fromPython("dropout.pt", folder);
    RunConfig config =
        config(model)
            .noise(NoiseSpec.uniform(4).seed(1))
            .epochs(3)
            .batchSize(2)
            .update(new UpdateOptions(2, null, 0, 0.5))
            .run();
    Path whole = folder.resolve("whole");
    execute(config, whole);
    assertThatThrownBy(() -> execute(config, run(), PowerCut.after(1))).hasMessage("power cut");
    Files.delete(model);
    execute(RunDirectory.readConfig(run()).orElseThrow(), run());
    for (String name : FILES) {
      assertThat(Files.mismatch(run().resolve(name), whole.resolve(name))).as(name).isEqualTo(-1);
    }
  }

  @Test
  void theTrainedModelHasTheScoreOfItsEpochAndIsExportedAsTorchScript() throws IOException {
    Run trained = execute(config(fromPython("plain.pt", folder)).run(), run());
    Path exported = folder.resolve("exported.pt");
    Device cpu = new Device("cpu");
    try (TrainedModel last = RunDirectory.openLast(run(), cpu);
        var examples = DATA.testOn(cpu, last.info().inputs())) {
      assertThat(last.evaluate(examples).loss())
          .isCloseTo(trained.metrics().get(1).testLoss(), within(1e-6));
      last.exportTorchScript(exported, folder.resolve("exported.json"));
    }
    Run again = Run.execute(config(exported).lr(0).epochs(1).run(), DATA, List.of());
    assertThat(again.metrics().get(0).trainLoss()).isLessThan(trained.metrics().get(0).trainLoss());
    assertThat(Files.readString(folder.resolve("exported.json")))
        .contains("\"file\" : \"plain.pt\"")
        .doesNotContain(folder.toString());
  }

  @Test
  void onlyParametersThatRequireAGradientAreTrainedAndSharedOnesOnce() throws IOException {
    Path file = folder.resolve("shared.pt");
    ScriptedModules.saveShared(file);
    Run trained = execute(config(file).run(), run());
    assertThat(trained.result().parameters()).isEqualTo(10 * 64);
    try (PointerScope scope = new PointerScope();
        SafeTensors state = SafeTensors.read(run().resolve("checkpoint-000002.safetensors"))) {
      assertThat(state.tensors()).containsKeys("model.first.weight", "model.frozen");
      assertThat(state.tensors()).doesNotContainKey("model.second.weight");
      Tensor frozen = state.tensors().get("model.frozen");
      assertThat(frozen.eq(torch.ones(frozen.shape())).all().item_bool()).isTrue();
    }
  }

  @Test
  void aRunIsNotResumedWithAnotherFile() {
    Path model = save(folder.resolve("net.pt"), ScalarType.Float, 10, LINEAR);
    RunConfig first = config(model).run();
    execute(first, run());
    save(model, ScalarType.Float, 10, "return torch.linear(x.flatten(1), self.weight)");
    RunConfig second = config(model).run();
    assertRejected(
        () -> execute(second, run()),
        "%s holds a run of another model file: the SHA-256 of %s is %s, not %s"
            .formatted(run(), model, digest(second), digest(first)));
  }

  @Test
  void aDamagedCopyIsNamed() throws IOException {
    Path model = save(folder.resolve("net.pt"), ScalarType.Float, 10, LINEAR);
    RunConfig config = config(model).run();
    execute(config, run());
    Files.delete(model);
    Path copy = Files.writeString(run().resolve("model.pt"), "damaged");
    for (ThrowingCallable use :
        List.<ThrowingCallable>of(
            () -> execute(config, run()), () -> RunDirectory.openBest(run(), new Device("cpu")))) {
      assertThatThrownBy(use)
          .isExactlyInstanceOf(InputException.class)
          .hasMessageContaining(
              copy.getFileName() + " must have the SHA-256 %s of the run's model", digest(config));
    }
    Files.delete(copy);
    assertRejected(
        () -> RunDirectory.openBest(run(), new Device("cpu")),
        run() + " has no model.pt, the file of its model");
  }

  private static String digest(RunConfig config) {
    return ((ScriptFile) config.model()).sha256();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "Float  | 3  | LINEAR | FILE must return float [2, 10] for float [2, 1, 8, 8] and the classes of formula, but returns float [2, 3]",
        "Float  | 10 | return x.argmax(1) | FILE must return float [2, 10] for float [2, 1, 8, 8] and the classes of formula, but returns long [2, 8, 8]",
        "Double | 10 | LINEAR | FILE must have float parameters, as after module.float(), but weight is double [10, 64]",
        "Half   | 10 | LINEAR | FILE must have float parameters, as after module.float(), but weight is half [10, 64]",
        "Float  | 10 | return torch.linear(x, self.weight) | FILE fails for the input float [2, 1, 8, 8]: mat1 and mat2 shapes cannot be multiplied (16x8 and 64x10)",
        "Float  | 10 | return x, x | FILE fails for the input float [2, 1, 8, 8]: its output must be a tensor, but is a Tuple",
        "Float  | 10 | self.count = self.count + 1; LINEAR | FILE must change its buffer count in place, with copy_ or add_, but replaces it",
        "Float  | 10 | return torch.linear(x.flatten(1), self.weight.detach()) | FILE cannot be trained: element 0 of tensors does not require grad and does not have a grad_fn",
        "Float  | 10 | assert x.size(0) > 1; LINEAR | batch size must be such that model net.pt gets at least 2 examples in every batch, but is 11 for 12 examples",
      })
  void anUnsuitableModelIsRejectedInOneLine(
      ScalarType type, int outputs, String forward, String message) {
    Path file =
        save(
            folder.resolve("net.pt"), type, outputs, forward.replace("LINEAR", LINEAR).split("; "));
    RunConfig config = config(file).batchSize(11).run();
    assertRejected(() -> Run.check(config, DATA), message.replace("FILE", file.toString()));
  }

  @Test
  void aFileThatIsNotTorchScriptIsRejected() throws IOException {
    Path whole = save(folder.resolve("whole.pt"), ScalarType.Float, 10, LINEAR);
    byte[] content = Files.readAllBytes(whole);
    Path truncated = Files.write(folder.resolve("cut.pt"), Arrays.copyOf(content, 900));
    assertRejected(
        () -> Run.check(config(truncated).run(), DATA),
        truncated
            + " must be a TorchScript file, which torch.jit.script(module).save(FILE) writes");
  }

  @Test
  void ranksRequireThatAllParametersAreUsed() {
    Path file =
        save(
            folder.resolve("net.pt"),
            ScalarType.Float,
            10,
            "return torch.linear(x.flatten(1), self.weight)");
    ScriptFile model = ScriptFile.of(file);
    model.checkBatches(DATA, 12, 12, 1);
    assertRejected(
        () -> model.checkBatches(DATA, 12, 12, 2),
        file
            + " must use all its parameters to train with several processes, but its output does"
            + " not depend on bias");
  }

  @Test
  void otherUsesAreRejected() throws IOException {
    Path file = fromPython("plain.pt", folder);
    assertRejected(
        () -> Run.check(config(file).run(), Datasets.open("generated:voc2012")),
        "a TorchScript model takes images or texts with one class each, but generated:voc2012 has"
            + " segmentation images");
    assertRejected(
        () -> config(file).device("cuda:0").capture().run(),
        "capture requires a built-in model, but the model is plain.pt");
    assertRejected(
        () -> Run.check(config(file).backbone("x").run(), DATA),
        "model plain.pt has no backbone; only deeplabv3 has one");
  }
}
