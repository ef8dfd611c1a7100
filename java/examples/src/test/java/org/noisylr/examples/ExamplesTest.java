package org.noisylr.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.QualifiedName;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.noisylr.torch.LibTorch;
import org.noisylr.torch.TorchScript;

/** Runs each program: its loss falls. */
class ExamplesTest {
  private interface Program {
    void main(String... args) throws IOException;
  }

  @BeforeAll
  static void formatNumbers() {
    Locale.setDefault(Locale.ROOT);
  }

  private static List<String> run(Program program, String... args) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    PrintStream console = System.out;
    System.setOut(new PrintStream(bytes, true, StandardCharsets.UTF_8));
    try {
      program.main(args);
    } finally {
      System.setOut(console);
    }
    return bytes.toString(StandardCharsets.UTF_8).lines().toList();
  }

  private static double last(List<String> lines) {
    String line = lines.get(lines.size() - 1);
    return Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1));
  }

  @Test
  void dropInHasNoiseInItsLastEpochs() throws IOException {
    List<String> lines = run(DropIn::main);
    assertThat(lines).hasSize(20);
    assertThat(lines.subList(0, 8)).allSatisfy(line -> assertThat(line).contains("  lr 0.1000  "));
    assertThat(lines.subList(8, 20))
        .noneSatisfy(line -> assertThat(line).contains("  lr 0.1000  "));
    assertThat(last(lines)).isLessThan(0.2);
  }

  @Test
  void groupsDrawTheirOwnFactors() throws IOException {
    List<String> lines = run(Groups::main);
    assertThat(lines).hasSize(20);
    assertThat(lines.stream().map(ExamplesTest::ratioOfRates).distinct()).hasSizeGreaterThan(10);
    assertThat(last(lines)).isLessThan(0.2);
  }

  private static long ratioOfRates(String line) {
    String[] words = line.split(" +");
    int rates = List.of(words).indexOf("rates");
    double ratio = Double.parseDouble(words[rates + 3]) / Double.parseDouble(words[rates + 1]);
    return Math.round(10 * ratio);
  }

  @Test
  void aScheduleOfOnesOwnResumes(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("training.pt");
    List<String> first = run(OwnSchedule::main, file.toString());
    List<String> second = run(OwnSchedule::main, file.toString());
    assertThat(first.get(9)).startsWith("step 160  base rate 0.0574");
    assertThat(second.get(0)).startsWith("step 176  base rate 0.0500");
    assertThat(last(second)).isLessThan(last(first));
  }

  @Test
  void plateausReduceTheRate() throws IOException {
    List<String> lines = run(Plateau::main);
    assertThat(lines.get(0)).contains("base rate 0.0500");
    assertThat(lines.get(59)).doesNotContain("base rate 0.0500");
    assertThat(last(lines)).isLessThan(0.25);
  }

  /** A module like that of src/main/python/scripted_module.py. */
  private static JitModule scripted() {
    LibTorch.load();
    JitModule net = new JitModule(new QualifiedName("Net"));
    register(net, "w", torch.randn(2, 32));
    register(net, "b", torch.zeros(32));
    register(net, "v", torch.randn(32, 2).mul(new Scalar(0.2)));
    net.define(
        "def forward(self, x):\n  return torch.matmul(torch.relu(x @ self.w + self.b), self.v)\n");
    return net;
  }

  private static void register(JitModule net, String name, Tensor values) {
    net.register_parameter(name, values.set_requires_grad(true), false);
  }

  @Test
  void aScriptedModuleIsTrainedAndSaved(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("net.pt");
    scripted().save(file.toString());
    Path trained = folder.resolve("trained.pt");
    List<String> lines = run(ScriptedModule::main, file.toString(), trained.toString());
    assertThat(last(lines)).isLessThan(0.3);
    assertThat(TorchScript.parameters(torch.load(trained.toString())).size()).isEqualTo(3);
  }

  @Test
  void baselinesTrain() throws IOException {
    List<String> lines = run(Baselines::main);
    assertThat(lines).hasSize(20);
    assertThat(last(lines.subList(0, 10))).isLessThan(0.2);
    assertThat(last(lines)).isLessThan(0.3);
  }

  @Test
  void aGroupOfOneTrains() throws IOException {
    List<String> lines = run(SeveralProcesses::main);
    assertThat(lines).hasSize(20);
    assertThat(last(lines)).isLessThan(0.2);
  }
}
