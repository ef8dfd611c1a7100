package org.noisylr.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AdamOptions;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.QualifiedName;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.torch.optim.NoisyAdam;

class TorchScriptTest {
  private static JitModule module(String name, String parameter, double... values) {
    LibTorch.load();
    JitModule module = new JitModule(new QualifiedName(name));
    Tensor tensor = Tensor.create(values).to(torch.ScalarType.Float);
    module.register_parameter(parameter, tensor.set_requires_grad(true), false);
    return module;
  }

  private static JitModule line() {
    JitModule line = module("Line", "slope", 1);
    line.register_module("bias", module("Bias", "value", 0.5));
    line.define("def forward(self, x):\n  return self.slope * x + self.bias.value\n");
    return line;
  }

  private static Tensor forward(JitModule module, Tensor x) {
    return module.forward(new IValueVector(new IValue(x))).toTensor();
  }

  @Test
  void parametersAreThoseOfTheModuleAndItsSubmodules() {
    try (PointerScope scope = new PointerScope()) {
      TensorVector parameters = TorchScript.parameters(line());
      assertThat(parameters.size()).isEqualTo(2);
      assertThat(parameters.get(0).item_double()).isEqualTo(1);
      assertThat(parameters.get(1).item_double()).isEqualTo(0.5);
    }
  }

  @Test
  void aParameterHasThePathOfItsModuleAsItsName() {
    try (PointerScope scope = new PointerScope()) {
      assertThat(TorchScript.namedParameters(line()).keySet())
          .containsExactlyInAnyOrder("slope", "bias.value");
    }
  }

  @Test
  void theReasonOfAnErrorIsTheEndOfItsTraceback() {
    try (PointerScope scope = new PointerScope()) {
      JitModule module = module("Wrong", "weight", 1, 2, 3);
      module.define("def forward(self, x):\n  return x + self.weight\n");
      assertThatThrownBy(() -> forward(module, torch.zeros(2)))
          .isInstanceOfSatisfying(
              RuntimeException.class,
              e ->
                  assertThat(TorchScript.reason(e))
                      .startsWith("The size of tensor a (2) must match the size of tensor b (3)")
                      .hasLineCount(1));
    }
  }

  @Test
  void aTrainedModuleIsSavedAndLoaded(@TempDir Path folder) {
    try (PointerScope scope = new PointerScope()) {
      JitModule line = line();
      Tensor x = Tensor.create(new float[] {-1, 0, 1, 2});
      Tensor y = Tensor.create(new float[] {-5, -2, 1, 4}); // 3x − 2
      NoiseSpec noise = NoiseSpec.uniform(2).stepsPerEpoch(10);
      try (NoisyAdam optimizer =
          new NoisyAdam(TorchScript.parameters(line), new AdamOptions(0.1), noise)) {
        for (int step = 0; step < 300; step++) {
          optimizer.zero_grad();
          torch.mse_loss(forward(line, x), y).backward();
          optimizer.step();
        }
      }
      Path file = folder.resolve("line.pt");
      line.save(file.toString());
      JitModule loaded = torch.load(file.toString());
      assertThat(torch.equal(forward(loaded, x), forward(line, x))).isTrue();
      TensorVector parameters = TorchScript.parameters(loaded);
      assertThat(parameters.get(0).item_double()).isCloseTo(3, within(0.01));
      assertThat(parameters.get(1).item_double()).isCloseTo(-2, within(0.01));
    }
  }
}
