package org.noisylr.experiment.chart;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Pattern;
import javax.imageio.ImageIO;
import org.apache.pdfbox.Loader;
import org.apache.pdfbox.pdmodel.PDDocument;
import org.apache.pdfbox.text.PDFTextStripper;
import org.junit.jupiter.api.Test;

class LineChartTest {
  private static final double[] X = {1, 2, 3};
  private static final double[] Y = {0.1, 0.4, 0.2};

  private static LineChart chart() {
    return new LineChart("epoch", "η of α and β")
        .epochs(3)
        .window("noise", 1.5, 3.5)
        .faint(X, Y, Ink.NOISY)
        .band(X, Y, new double[] {0.2, 0.5, 0.3}, Ink.NOISY)
        .line("with noise", X, Y, Ink.NOISY)
        .line("plain", X, Y, Ink.PLAIN);
  }

  private static String svg() {
    return new String(chart().svg(), StandardCharsets.UTF_8);
  }

  /** The texts of an SVG file, in the order of their elements. */
  static List<String> texts(String svg) {
    return Pattern.compile("<text[^>]*>([^<]*)</text")
        .matcher(svg)
        .results()
        .map(match -> match.group(1))
        .toList();
  }

  static String pdfText(byte[] pdf) throws IOException {
    try (PDDocument document = Loader.loadPDF(pdf)) {
      return new PDFTextStripper().getText(document);
    }
  }

  @Test
  void anSvgFileHasTextInFontsOfEveryMachine() {
    assertThat(texts(svg())).contains("epoch", "η of α and β", "noise", "1", "2", "3");
    assertThat(svg()).contains("sans-serif").doesNotContain("DOCTYPE", "Generated");
  }

  @Test
  void theLegendListsPlainFirst() {
    assertThat(texts(svg())).containsSubsequence("plain", "with noise");
  }

  @Test
  void aPdfFileHasTextWithGreekLetters() throws IOException {
    byte[] pdf = chart().level("η, α and β", 0.3).pdf();
    assertThat(pdfText(pdf)).contains("η, α and β", "plain", "with noise", "noise");
  }

  @Test
  void pngIsAColumnWideAt300Dpi() throws IOException {
    byte[] png = chart().png();
    BufferedImage image = ImageIO.read(new ByteArrayInputStream(png));
    assertThat(image.getWidth()).isEqualTo(1020);
    assertThat(image.getHeight()).isEqualTo(765);
    // 300 dpi are 11811 pixels a metre.
    assertThat(new String(png, StandardCharsets.ISO_8859_1)).contains("pHYs\0\0.#\0\0.#\1");
  }

  @Test
  void theSameChartIsTheSameBytes() {
    assertThat(chart().svg()).isEqualTo(chart().svg());
    assertThat(chart().pdf()).isEqualTo(chart().pdf());
    assertThat(chart().png()).isEqualTo(chart().png());
  }

  @Test
  void aPageColoursItsChartsAndTheirIdentifiersAreItsOwn() {
    String svg = chart().pageSvg("mine-", "a chart");
    assertThat(svg)
        .startsWith("<svg ")
        .contains("var(--chart-plain)", "var(--chart-noisy)", "currentColor")
        .contains("aria-label=\"a chart\"", "id=\"mine-clipPath1\"")
        .doesNotContain("rgb(", "width=\"244", "\"clipPath1");
  }

  @Test
  void linesDifferByDashesToo() {
    assertThat(svg()).contains("stroke-dasharray:4,2");
    assertThat(
            List.of(Ink.PLAIN, Ink.NOISY, Ink.GREEN, Ink.PURPLE).stream()
                .map(ink -> java.util.Arrays.toString(ink.stroke(1).getDashArray()))
                .distinct())
        .hasSize(4);
  }

  @Test
  void aTitleIsWrittenOnRequestOnly() {
    assertThat(svg()).doesNotContain("my title");
    assertThat(new String(chart().title("my title").svg(), StandardCharsets.UTF_8))
        .contains("my title");
  }
}
