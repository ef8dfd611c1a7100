package org.noisylr.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.UnaryOperator;
import javax.imageio.ImageIO;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.QualifiedName;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.noisylr.torch.LibTorch;
import org.noisylr.train.metric.EpochMetrics;
import org.noisylr.train.metric.MetricsCsv;

/** A run of a model of one's own, which a TorchScript file holds. */
class TorchScriptCommandTest {
  @TempDir private static Path folder;
  private static Path model;
  private static Path run;

  @BeforeAll
  static void train() {
    model = folder.resolve("net.pt");
    saveModule(model, "return torch.linear(x.flatten(1), self.weight)");
    run = folder.resolve("run");
    Invocation trained =
        Invocation.of(
            "train --data fashion-mnist-mini --model %s --lr 0.01 --epochs 2 --subset 300 --out %s"
                .formatted(model, run));
    assertThat(trained.exit()).as(trained.err()).isZero();
    assertThat(trained.out()).startsWith("net.pt on fashion-mnist-mini (300 training, ");
  }

  private static void saveModule(Path file, String forward) {
    LibTorch.load();
    try (PointerScope scope = new PointerScope()) {
      JitModule module = new JitModule(new QualifiedName("Linear"));
      module.register_parameter("weight", torch.zeros(10, 784).set_requires_grad(true), false);
      module.define("def forward(self, x):\n  %s\n".formatted(forward));
      module.save(file.toString());
    }
  }

  private static String run(String line) {
    Invocation outcome = Invocation.of(line);
    assertThat(outcome.exit()).as(outcome.err()).isZero();
    return outcome.out();
  }

  @Test
  void theRunIsEvaluatedPredictedAndExportedWithoutItsFile() throws IOException {
    EpochMetrics last = MetricsCsv.parse(Files.readString(run.resolve("metrics.csv"))).get(1);
    String score = "loss %.4f, accuracy %.4f".formatted(last.testLoss(), last.testAcc());
    Path hidden = Files.move(model, folder.resolve("hidden"));
    try {
      assertThat(run("evaluate %s --checkpoint last".formatted(run)))
          .startsWith("net.pt after epoch 2 on fashion-mnist-mini")
          .contains(score);
      Path weights = folder.resolve("weights.safetensors");
      run("export %s --checkpoint last --out %s".formatted(run, weights));
      assertThat(run("evaluate %s --checkpoint %s".formatted(run, weights))).contains(score);
      Path image = folder.resolve("grey.png");
      ImageIO.write(new BufferedImage(28, 28, BufferedImage.TYPE_BYTE_GRAY), "png", image.toFile());
      assertThat(run("predict %s %s".formatted(run, image))).hasLineCount(2);
      Path again = folder.resolve("again");
      String config = run.resolve("config.yaml").toString();
      run("train --config %s --epochs 1 --out %s".formatted(config, again));
      assertThat(run("train --resume --epochs 2 --out " + again)).contains("epoch 2/2");
    } finally {
      Files.move(hidden, model);
    }
  }

  @Test
  void theExportedModuleStartsWithTheTrainedWeights() {
    Path exported = folder.resolve("exported.pt");
    assertThat(run("export %s --out %s".formatted(run, exported)))
        .isEqualTo(
            "net.pt after epoch 2: TorchScript in %s, classes and inputs in %s%n"
                .formatted(exported, folder.resolve("exported.json")));
    String untrained = "train --data fashion-mnist-mini --lr 0 --epochs 1 --subset 100 --model ";
    assertThat(run(untrained + model)).contains("test loss 2.3026");
    assertThat(run(untrained + exported)).doesNotContain("test loss 2.3026");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "train --data generated:cifar10 --model MODEL --lr 0.1 | MODEL fails for the input float [2, 3, 32, 32]: ",
        "train --data fashion-mnist-mini --model /no/net.pt --lr 0.1 | Invalid value for option '--model': cannot read /no/net.pt: no such file or folder",
        "train --data fashion-mnist-mini --model MODEL --lr 0.1 --capture --device cpu | --capture requires a built-in model, but the model is net.pt",
        "train --data fashion-mnist-mini --model MODEL --lr 0.1 --backbone x | model net.pt has no backbone; only deeplabv3 has one",
        "train --resume --out RUN --data fashion-mnist-mini --model OTHER --lr 0.01 --epochs 2 --subset 300 | RUN holds a run of another model file: the SHA-256 of OTHER is ",
        "train --data fashion-mnist-mini --model NOISY --lr 0.1 | NOISY must return the same outputs for the same inputs in evaluation mode; a traced module keeps the mode in which it was traced",
        "export RUN --out net.onnx | --out must be a file with the extension .safetensors or .pt, but is net.onnx",
      })
  void badInputIsOneLine(String command, String message) {
    Path other = folder.resolve("other.pt");
    saveModule(other, "return torch.linear(x.flatten(1), 2 * self.weight)");
    Path noisy = folder.resolve("noisy.pt");
    saveModule(
        noisy, "return torch.dropout(torch.linear(x.flatten(1), self.weight + 1), 0.5, True)");
    UnaryOperator<String> named =
        text ->
            text.replace("MODEL", model.toString())
                .replace("RUN", run.toString())
                .replace("NOISY", noisy.toString())
                .replace("OTHER", other.toString());
    Invocation outcome = Invocation.of(named.apply(command));
    assertThat(outcome.err()).startsWith("noisylr: " + named.apply(message)).hasLineCount(1);
    assertThat(outcome.exit()).isEqualTo(2);
  }
}
