package org.noisylr.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.noisylr.train.data.format.Datasets;
import picocli.CommandLine;

class NoisylrTest {
  @Test
  @Tag("slow")
  void quickstartComparesAndReports(@TempDir Path folder) throws IOException {
    String options = "quickstart --epochs 1 --device cpu --threads 1 --out " + folder;
    Invocation outcome = Invocation.of(options + " --seeds 1");
    assertThat(outcome.exit()).isZero();
    assertThat(outcome.err()).startsWith("noisylr: warning: no epoch is noisy").hasLineCount(1);
    Path report = folder.resolve("1-epochs-1-seeds-cpu-1-threads");
    String verdict = "undecided: +0.00, 1 seed; an interval requires at least 2 seeds";
    assertThat(outcome.out())
        .containsPattern("constant 0.01 +\\Q" + verdict)
        .containsPattern("step decay from 0.05 +\\Q" + verdict)
        .contains("report of these settings: " + report.resolve("report.html"));
    String html = Files.readString(report.resolve("report.html"));
    assertThat(html.split("<svg", -1)).hasSize(1 + 6);
    assertThat(html)
        .doesNotContain("src=", "href=\"http")
        .contains("fashion-mnist-mini", "<b>constant 0.01</b><br>" + verdict);
    assertThat(ImageIO.read(report.resolve("test-accuracy.png").toFile())).isNotNull();
    try (Stream<Path> runs = Files.walk(folder)) {
      assertThat(runs).noneMatch(file -> file.toString().endsWith(".safetensors"));
    }
    Invocation more = Invocation.of(options + " --seeds 2 --quiet");
    assertThat(more.out())
        .contains("undecided: ", ", 2 seeds; ", "1-epochs-2-seeds-cpu-1-threads/report.html")
        .doesNotContain("finished before", "epoch 1/1");
    assertThat(report.resolve("report.html")).content().isEqualTo(html);
  }

  @Test
  void dataListHasEveryDatasetWithItsLicence() {
    assertThat(Invocation.of("data list").out())
        .contains("fashion-mnist-mini  embedded", "cifar10 ", "svhn ", "imdb ", "MIT")
        .hasLineCount(1 + Datasets.NAMES.size());
  }

  @Test
  void dataListShowsDownloadedUnpackedPartialAndAbsentData(@TempDir Path home) throws IOException {
    assumeThat(System.getenv("NOISYLR_DATA")).isNull();
    for (String file :
        List.of(
            "cifar10/cifar-10-binary.tar.gz",
            "cifar100/cifar-100-binary/train.bin",
            "cifar100/cifar-100-binary/test.bin",
            "svhn/train_32x32.mat")) {
      Path path = home.resolve(".noisylr/data").resolve(file);
      Files.createDirectories(path.getParent());
      Files.createFile(path);
    }
    String before = System.setProperty("user.home", home.toString());
    try {
      assertThat(Invocation.of("data list").out())
          .containsPattern("cifar10 +present")
          .containsPattern("cifar100 +present")
          .containsPattern("svhn +partial")
          .containsPattern("imdb +absent");
    } finally {
      System.setProperty("user.home", before);
    }
  }

  @Test
  void listsAndTheStateOfTheInstallationAreAvailableAsJson() throws IOException {
    ObjectMapper json = new ObjectMapper();
    JsonNode datasets = json.readTree(Invocation.of("data list --json").out()).get("datasets");
    assertThat(datasets.findValuesAsText("name"))
        .containsExactlyInAnyOrderElementsOf(Datasets.NAMES);
    assertThat(datasets.get(0).get("state").asText()).isEqualTo("embedded");
    JsonNode experiments =
        json.readTree(Invocation.of("experiment list --json").out()).get("experiments");
    assertThat(experiments.findValuesAsText("id")).contains("table1", "fig3");
    assertThat(experiments.get(0).get("cells").asInt()).isPositive();
    JsonNode doctor = json.readTree(Invocation.of("doctor --json").out());
    assertThat(doctor.get("works").asBoolean()).isTrue();
    assertThat(doctor.get("native").asText()).contains("bit for bit");
  }

  @Test
  void doctorComparesNativeNoiseWithJava() {
    Invocation outcome = Invocation.of("doctor");
    assertThat(outcome.exit()).isZero();
    assertThat(outcome.out())
        .contains("noisylr", "java", "bytedeco")
        .containsPattern("cuda +(this build|no CUDA driver|\\d+ CUDA)")
        .contains("native       library loads", "bit for bit", "and log-uniform noise differ");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--help",
        "help",
        "help lr",
        "quickstart --help",
        "lr --help",
        "train --help",
        "data --help",
        "data fetch --help",
        "experiment --help",
        "experiment run --help",
        "doctor --help",
        "completion --help"
      })
  void everyCommandHasHelp(String line) {
    Invocation outcome = Invocation.of(line);
    assertThat(outcome.exit()).isZero();
    assertThat(outcome.out()).contains("Usage: noisylr");
  }

  @Test
  void theBareProgramPrintsTheHelp() {
    assertThat(Invocation.of(new String[0])).isEqualTo(Invocation.of("--help"));
  }

  @Test
  void theProgramHasAVersion() {
    assertThat(Invocation.of("--version").out()).startsWith("noisylr 0.");
  }

  @Test
  void everyCommandOptionAndParameterIsDescribed() {
    assertThat(undescribed(Noisylr.commandLine())).isEmpty();
  }

  private static List<String> undescribed(CommandLine command) {
    List<String> names = new ArrayList<>();
    if (command.getCommandSpec().usageMessage().description().length == 0) {
      names.add(command.getCommandName());
    }
    command.getCommandSpec().args().stream()
        .filter(argument -> argument.description().length == 0)
        .forEach(argument -> names.add(command.getCommandName() + " " + argument));
    command.getSubcommands().values().forEach(each -> names.addAll(undescribed(each)));
    return names;
  }
}
