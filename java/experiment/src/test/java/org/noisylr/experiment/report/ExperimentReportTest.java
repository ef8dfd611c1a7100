package org.noisylr.experiment.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.noisylr.experiment.Experiment;
import org.noisylr.experiment.FinishedRun;
import org.noisylr.experiment.plan.Plan;
import org.noisylr.experiment.plan.Planner;
import org.noisylr.experiment.plan.Planner.PlannedCell;
import org.noisylr.experiment.plan.Scale;
import org.noisylr.experiment.store.RunStore;
import org.noisylr.experiment.table.Table;

/** Reports of runs with given scores, so that every number of a report is known. */
class ExperimentReportTest {
  @TempDir private static Path photos;
  @TempDir private Path store;

  /** Four training images and two test images of two classes. */
  @BeforeAll
  static void writeImages() throws IOException {
    for (String image :
        List.of("train/a/1", "train/a/2", "train/b/1", "train/b/2", "test/a/1", "test/b/1")) {
      Path file = photos.resolve("photos").resolve(image + ".png");
      Files.createDirectories(file.getParent());
      BufferedImage pixels = new BufferedImage(32, 32, BufferedImage.TYPE_3BYTE_BGR);
      pixels.setRGB(image.length(), 5, image.hashCode());
      ImageIO.write(pixels, "png", file.toFile());
    }
  }

  private static Map<String, String> data(String name) {
    return Map.of("cifar10", name.equals("photos") ? photos.resolve(name).toString() : name);
  }

  /** Plans the cell at a scale and writes a finished run for each seed. */
  private void run(Scale scale, String data, String only, double... best) throws IOException {
    Planner planner = new Planner(scale, best.length, data(data), null, "cpu", 1, false);
    List<PlannedCell> cells = planner.plan(Table.of("table6"), List.of(only));
    Plan.write(store, scale, "noisylr experiment run", cells);
    for (int i = 0; i < best.length; i++) {
      String key = RunStore.key(cells.get(0).runs().get(i + 1L));
      FinishedRun.write(new RunStore(store).folder(key), best[i]);
    }
  }

  private String report(Scale scale, String file) throws IOException {
    Path page = Experiment.report(store, "table6", Table.of("table6"), scale, false).get(0);
    return Files.readString(page.resolveSibling(file));
  }

  private String comparison(Scale scale) throws IOException {
    return report(scale, "comparisons.csv").lines().toList().get(1);
  }

  @Test
  void aGainInEverySeedReproducesThePaper() throws IOException {
    run(Scale.FULL, "photos", "sd/batch-32", 0.80, 0.81, 0.82);
    run(Scale.FULL, "photos", "sd-rn/batch-32", 0.83, 0.845, 0.86);
    // Differences 3.0, 3.5, 4.0: 3.5 ± 4.302653 * 0.5 / sqrt(3).
    assertThat(comparison(Scale.FULL))
        .isEqualTo(
            "table6/sd/batch-32,table6/sd-rn/batch-32,full,0.0900,,3,3.5000,2.2579,4.7421,7.0000,"
                + "3.5000,2.2579,4.7421,reproduced");
    String html = report(Scale.FULL, "report.html");
    assertThat(html)
        .contains("<title>Table 6 on other data: Batch size</title>")
        .contains("81.00 ± 1.00", "84.50 ± 1.50", "+3.50 (2.3 to 4.7)", "+7.00")
        .contains("<h2>Verdict: 1 reproduced, 2 not run</h2>")
        .contains("reproduced: +3.50 (95 % interval 2.3 to 4.7), 3 seeds; the paper: +0.09")
        .contains("<td class=\"text reproduced\">reproduced</td>")
        .contains("<td class=\"paper\">92.27</td>")
        .doesNotContain("This is a reduced form");
    assertThat(report(Scale.FULL, "cells.csv").lines().toList().get(1))
        .isEqualTo(
            "table6/sd/batch-32,SD,batch 32,full,accuracy,92.1800,,,3,81.0000,1.0000,79.0000,1.0000,"
                + "90.0000,0.0000,11.0000,1.0000,photos in place of cifar10,4,2,200");
  }

  @Test
  void aLossInEverySeedContradictsThePaper() throws IOException {
    run(Scale.TINY, "photos", "sd/batch-32", 0.83, 0.845, 0.86);
    run(Scale.TINY, "photos", "sd-rn/batch-32", 0.80, 0.81, 0.82);
    assertThat(comparison(Scale.TINY)).endsWith(",contradicted").contains(",-3.5000,");
    assertThat(report(Scale.TINY, "report.html"))
        .contains("<title>Table 6 at tiny scale on other data: Batch size</title>")
        .contains("This is a reduced form of the paper's experiment, at tiny scale");
  }

  @ParameterizedTest
  @CsvSource({
    "TINY, photos, photos, 0.81, 0.80, undecided at this n",
    "TINY, generated:cifar10, generated:cifar10, 0.83, 0.845, not judged",
    "SMOKE, photos, photos, 0.83, 0.845, not judged",
    "TINY, photos, generated:svhn, 0.83, 0.845, not comparable"
  })
  void someDifferencesDecideNothing(
      Scale scale, String data, String noisyData, double first, double second, String verdict)
      throws IOException {
    run(scale, data, "sd/batch-32", 0.80, 0.81, 0.82);
    run(scale, noisyData, "sd-rn/batch-32", first, second, 0.86);
    assertThat(comparison(scale)).endsWith("," + verdict);
  }

  @Test
  void theTablesForPapersHaveTheExperimentsRowsAndColumns() throws IOException {
    run(Scale.FULL, "photos", "sd/batch-32", 0.80, 0.81, 0.82);
    run(Scale.FULL, "photos", "sd-rn/batch-32", 0.83, 0.845, 0.86);
    assertThat(report(Scale.FULL, "table.md"))
        .startsWith(
            """
            | | batch 32 | batch 256 | batch 2048 |
            |---|--:|--:|--:|
            | SD | 81.00 ± 1.00 | – | – |
            | SD + RN | **84.50 ± 1.50** | – | – |

            Table 6 on other data: Batch size. Best test accuracy in per cent, mean ± standard\
             deviation over seeds (n = 3). Bold: better than each score\
            """);
    assertThat(report(Scale.FULL, "table.tex"))
        .contains("\\caption{Table 6 on other data: Batch size. Best", "$\\pm$", "95 \\% interval")
        .contains(
            """
            \\begin{tabular}{lrrr}
            \\toprule
             & batch 32 & batch 256 & batch 2048 \\\\
            \\midrule
            {}SD & 81.00 $\\pm$ 1.00 & -- & -- \\\\
            {}SD + RN & \\textbf{84.50 $\\pm$ 1.50} & -- & -- \\\\
            \\bottomrule
            """);
  }

  @ParameterizedTest
  @CsvSource({"SMOKE, 0.83, 0.845", "TINY, 0.81, 0.80", "TINY, 0.70, 0.71"})
  void onlyABetterScoreIsBold(Scale scale, double first, double second) throws IOException {
    run(scale, "photos", "sd/batch-32", 0.80, 0.81, 0.82);
    run(scale, "photos", "sd-rn/batch-32", first, second, 0.86 - (0.83 - first));
    assertThat(report(scale, "table.md")).doesNotContain("**");
    assertThat(report(scale, "table.tex")).doesNotContain("textbf");
  }

  @Test
  void cellsThatTheFileNowTrainsInAnotherWayHaveNoVerdict() throws IOException {
    Path file = photos.resolve("own.yaml");
    String yaml =
        """
        setting: {data: photos, model: resnet20, epochs: 3, lr: 0.1}
        rows:
          - {name: plain}
          - {name: noisy, against: [plain], noise: {type: uniform, alpha: 2}}
        """;
    Files.writeString(file, yaml);
    Planner planner = new Planner(Scale.FULL, 2, Map.of(), null, "cpu", 1, false);
    List<PlannedCell> cells = planner.plan(Table.of(file.toString()), List.of());
    Plan.write(store, Scale.FULL, "noisylr experiment run own.yaml", cells);
    for (int cell = 0; cell < 2; cell++) {
      for (long seed = 1; seed <= 2; seed++) {
        String key = RunStore.key(cells.get(cell).runs().get(seed));
        FinishedRun.write(new RunStore(store).folder(key), 0.5 + 0.1 * cell + 0.001 * cell * seed);
      }
    }
    String name = file.toString();
    Path page = Experiment.report(store, name, Table.of(name), Scale.FULL, false).get(0);
    assertThat(page).content().contains("Verdict: 1 better");
    Files.writeString(file, yaml.replace("lr: 0.1", "lr: 0.2"));
    Experiment.report(store, name, Table.of(name), Scale.FULL, false);
    assertThat(page)
        .content()
        .contains("Verdict: 1 not comparable")
        .contains("2 of 2 runs; trained with other settings than the experiment has now");
  }

  @Test
  void missingRunsHaveNoVerdict() throws IOException {
    run(Scale.TINY, "photos", "sd/batch-32", 0.80, 0.81, 0.82);
    Plan.write(
        store,
        Scale.TINY,
        "noisylr experiment run",
        new Planner(Scale.TINY, 3, data("photos"), null, "cpu", 1, false)
            .plan(Table.of("table6"), List.of("sd-rn/batch-32")));
    assertThat(comparison(Scale.TINY)).endsWith(",runs missing");
    assertThat(report(Scale.TINY, "report.html")).contains("3 of 3 runs", "0 of 3 runs", "not run");
  }

  @Test
  void anExperimentOfOnesOwnIsBetterOrWorseAndHasNoPaper() throws IOException {
    Path file = photos.resolve("own.yaml");
    Files.writeString(
        file,
        """
        title: Noise & 50 %_of |my| images
        setting: {data: photos, model: resnet20, epochs: 3, lr: 0.1}
        rows:
          - {name: plain}
          - {name: α *2*, against: [plain], noise: {type: uniform, alpha: 2}}
          - {name: α 8, against: [plain], noise: {type: uniform, alpha: 8}}
        """);
    List<Table> own = Table.of(file.toString());
    Planner planner = new Planner(Scale.FULL, 3, Map.of(), null, "cpu", 1, false);
    List<PlannedCell> cells = planner.plan(own, List.of());
    Plan.write(store, Scale.FULL, "noisylr experiment run own.yaml", cells);
    for (int cell = 0; cell < 3; cell++) {
      for (long seed = 1; seed <= 3; seed++) {
        String key = RunStore.key(cells.get(cell).runs().get(seed));
        double gain = List.of(0.0, 0.02, -0.02).get(cell) * (1 + 0.1 * seed);
        FinishedRun.write(new RunStore(store).folder(key), 0.8 + 0.01 * seed + gain);
      }
    }
    Path page = Experiment.report(store, file.toString(), own, Scale.FULL, false).get(0);
    assertThat(Files.readString(page))
        .contains("<title>Noise &amp; 50 %_of |my| images</title>")
        .contains("<h2>Verdict: 1 better, 1 worse</h2>")
        .contains("better: +2.40 (95 % interval 1.9 to 2.9), 3 seeds</li>")
        .contains("worse: -2.40 (95 % interval -2.9 to -1.9), 3 seeds</li>")
        .contains("<code>noisylr experiment run own.yaml</code>")
        .contains("resnet20 on ")
        .doesNotContain("paper</th>", "IJCAI", "Reproduced</i>");
    assertThat(Files.readString(page))
        .contains("<a href=\"charts/~3b1~_8_against_plain-test.csv\">CSV</a>");
    assertThat(page.resolveSibling("charts/~3b1~_8_against_plain-test.csv"))
        .content()
        .startsWith("line,epoch,mean,std,run_1,run_2,run_3\nplain,1,80");
    assertThat(page.resolveSibling("table.md"))
        .content()
        .contains("| α \\*2\\* | **84.40 ± 1.20** |", "50 %\\_of \\|my\\| images");
    assertThat(page.resolveSibling("table.tex"))
        .content()
        .contains(
            "{}$\\alpha$ *2* & \\textbf{84.40 $\\pm$ 1.20}", "Noise \\& 50 \\%\\_of |my| images");
    assertThat(page.resolveSibling("comparisons.csv"))
        .content()
        .contains("own/plain/result,own/α-2/result,full,,,3,2.4000,");
  }

  @Test
  void allReportsTheTablesThatWereRun() throws IOException {
    run(Scale.TINY, "photos", "sd/batch-32", 0.80);
    assertThat(Experiment.report(store, "all", Table.of("all"), Scale.TINY, false)).hasSize(1);
    assertThat(Experiment.report(store, "all", Table.of("all"), null, false)).hasSize(1);
  }
}
