package org.noisylr.experiment.chart;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.noisylr.experiment.statistics.RunComparison;
import org.noisylr.train.metric.EpochMetrics;
import org.noisylr.train.run.Run;

class RunChartsTest {
  /** The metrics of a run with these factors of the noise. */
  private static Run run(double score, double... factors) {
    List<EpochMetrics> metrics =
        IntStream.range(0, factors.length)
            .mapToObj(
                e ->
                    new EpochMetrics(
                        e, e, 0.1, factors[e], 0.1 * factors[e], 1, 0.9, 1, score, null, null))
            .toList();
    return new Run(metrics, null, null);
  }

  private static final RunComparison PAIR =
      new RunComparison(
          "SD/RN, data?",
          List.of(run(0.5, 1, 1, 1), run(0.6, 1, 1, 1)),
          List.of(run(0.7, 1, 2, 0), run(0.8, 1, 4, 1)));

  private static final ChartSection SECTION = RunCharts.section(PAIR, "accuracy", "Rate", "");

  private static ReportChart chart(int index) {
    return SECTION.charts().get(index);
  }

  @Test
  void aSectionHasTestTrainingAndRates() {
    assertThat(SECTION.charts())
        .extracting(ReportChart::title)
        .containsExactly("Test accuracy", "Training accuracy", "Rate");
    for (ReportChart chart : SECTION.charts()) {
      assertThat(LineChartTest.texts(chart.svg()))
          .containsSubsequence("plain", "with noise")
          .contains("noise", "epoch", "1", "2", "3");
      assertThat(chart.note()).endsWith(".").doesNotContain(". ");
    }
  }

  @Test
  void theCsvFileHasTheNumbersOfTheChart() {
    assertThat(chart(0).csv().lines())
        .hasSize(7)
        .startsWith("line,epoch,mean,std,run_1,run_2", "plain,1,55,7.07106781,50,60")
        .contains("with noise,3,75,7.07106781,70,80");
    assertThat(chart(2).csv().lines()).contains("with noise,2,0.3,0.141421356,0.2,0.4");
  }

  @Test
  void notesSayWhatTheChartHas() {
    assertThat(chart(0).note()).contains("± one standard deviation");
    RunComparison single =
        new RunComparison("one", List.of(run(0.5, 1, 1)), List.of(run(0.6, 1, 1)));
    ReportChart test = RunCharts.section(single, "accuracy", "Rate", "").charts().get(0);
    assertThat(test.note()).contains("one seed").doesNotContain("deviation");
    assertThat(LineChartTest.texts(test.svg())).doesNotContain("noise");
    assertThat(test.csv()).contains("plain,1,50,,50\n");
  }

  @Test
  void seedsMayHaveDifferentLengths() {
    RunComparison c =
        new RunComparison(
            "early", List.of(run(0.5, 1, 1, 1), run(0.7, 1, 1)), List.of(run(0.6, 1, 1, 1)));
    assertThat(RunCharts.section(c, "accuracy", "Rate", "").charts().get(0).csv())
        .contains("plain,2,60,14.1421356,50,70\nplain,3,,,50,\n");
  }

  @Test
  void csvFilesAreWrittenBesideThePage(@TempDir Path folder) throws IOException {
    ChartSection.write(List.of(SECTION), folder, false);
    assertThat(chart(0).file()).isEqualTo("charts/SD~2f~RN,_data~3f~-test.csv");
    assertThat(folder.resolve(chart(0).file())).hasContent(chart(0).csv());
    try (var files = Files.list(folder.resolve("charts"))) {
      assertThat(files).hasSize(3);
    }
  }

  @Test
  void fileNamesAreSafeAndDifferent() {
    List<String> names =
        List.of("a b", "a_b", "a/b", "../a", "α 0.3", "β 0.3", "x".repeat(300), "x".repeat(301));
    assertThat(names.stream().map(ChartSection::fileName).distinct())
        .hasSize(names.size())
        .allSatisfy(name -> assertThat(name).matches("[^/?#% ]{1,120}"));
  }
}
