package org.noisylr.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.noisylr.train.data.format.Datasets;

/**
 * Python computes the score of {@code evaluate} from an export. The variable {@code NOISYLR_PYTHON}
 * names an interpreter with torch and safetensors; {@code python3} by default.
 */
class PythonExportTest {
  private static final String PYTHON =
      Objects.requireNonNullElse(System.getenv("NOISYLR_PYTHON"), "python3");
  private static final JsonMapper JSON = new JsonMapper();
  private static final String SCRIPT = "src/test/python/exported_model.py";

  @TempDir private static Path folder;

  @BeforeAll
  static void requirePython() throws Exception {
    boolean suitable;
    try {
      suitable = python("-c", "import torch, safetensors").exit() == 0;
    } catch (IOException e) {
      suitable = false;
    }
    Assumptions.assumeTrue(
        suitable, PYTHON + " has no torch and safetensors; NOISYLR_PYTHON names another Python");
    for (String part : List.of("images-idx3", "labels-idx1")) {
      String name = "t10k-" + part + "-ubyte.gz";
      try (InputStream in =
          Datasets.class.getResourceAsStream(
              "/org/noisylr/train/data/fashion-mnist-mini/" + name)) {
        Files.copy(in, folder.resolve(name));
      }
    }
  }

  private static Invocation python(String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of(PYTHON));
    command.addAll(List.of(arguments));
    Path errors = Files.createTempFile(folder, "python", ".err");
    Process process = new ProcessBuilder(command).redirectError(errors.toFile()).start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Invocation(process.waitFor(), out, Files.readString(errors));
  }

  private static String run(String line) {
    Invocation outcome = Invocation.of(line);
    assertThat(outcome.exit()).as(outcome.err()).isZero();
    return outcome.out();
  }

  private static void assertSameScore(Path run, String extension) throws Exception {
    Path exported = folder.resolve(run.getFileName() + "-exported" + extension);
    run("export %s --out %s".formatted(run, exported));
    JsonNode own = JSON.readTree(run("evaluate %s --json".formatted(run)));
    Invocation evaluated =
        python(
            SCRIPT,
            "evaluate",
            exported.toString(),
            exported.toString().replace(extension, ".json"),
            folder.resolve("t10k-images-idx3-ubyte.gz").toString(),
            folder.resolve("t10k-labels-idx1-ubyte.gz").toString());
    assertThat(evaluated.exit()).as(evaluated.err()).isZero();
    JsonNode python = JSON.readTree(evaluated.out());
    assertThat(python.get("loss").asDouble()).isCloseTo(own.get("loss").asDouble(), within(1e-6));
    assertThat(python.get("score").asDouble()).isEqualTo(own.get("score").asDouble());
  }

  private static Path trained(String model, String name) {
    Path run = folder.resolve(name);
    run(
        "train --data fashion-mnist-mini --model %s --lr 0.02 --epochs 2 --subset 500 --out %s"
            .formatted(model, run));
    return run;
  }

  @Test
  void theWeightsOfABuiltInModelHaveTheSameScoreInPython() throws Exception {
    assertSameScore(trained("cnn28", "built-in"), ".safetensors");
  }

  @Test
  void aModuleFromPythonIsTrainedAndHasTheSameScoreInPython() throws Exception {
    Path net = folder.resolve("net.pt");
    Invocation made = python(SCRIPT, "make", net.toString());
    assertThat(made.exit()).as(made.err()).isZero();
    assertSameScore(trained(net.toString(), "own"), ".pt");
  }
}
