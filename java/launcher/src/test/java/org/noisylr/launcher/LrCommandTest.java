package org.noisylr.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LrCommandTest {
  @Test
  void theCsvFileHasARowForEachStep() {
    Invocation outcome =
        Invocation.of(
            "lr --schedule step --lr 0.1 --milestones 80:0.1,120:0.1,160:0.1,180:0.5 --epochs 200"
                + " --steps-per-epoch 30 --noise uniform --alpha 8 --beta 0.6 --seed 42 --csv -");
    assertThat(outcome.exit()).isZero();
    List<String> lines = outcome.out().lines().toList();
    assertThat(lines).hasSize(6001).startsWith("epoch,step,base_lr,factor,lr", "0,0,0.1,1.0,0.1");
    for (int epoch = 0; epoch < 200; epoch++) {
      List<String> rows = lines.subList(1 + 30 * epoch, 31 + 30 * epoch);
      String factor = rows.get(0).split(",")[3];
      for (int i = 0; i < 30; i++) {
        String[] row = rows.get(i).split(",");
        assertThat(row[0]).isEqualTo(Integer.toString(epoch));
        assertThat(row[1]).isEqualTo(Integer.toString(30 * epoch + i));
        assertThat(row[3]).isEqualTo(factor);
        assertThat(Double.parseDouble(row[4]))
            .isEqualTo(Double.parseDouble(row[2]) * Double.parseDouble(row[3]));
      }
      if (epoch < 80) {
        assertThat(factor).isEqualTo("1.0");
      } else {
        assertThat(Double.parseDouble(factor)).isBetween(0.0, 8.0).isNotEqualTo(1.0);
      }
    }
  }

  /** Base rates of a run of 10 epochs of one step each. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "cosine --lr 8 --warmup-epochs 2|0 4 8 7.696 6.828 5.531 4 2.469 1.172 0.304",
        "poly --lr 10 --final-lr 0|10 9 8 7 6 5 4 3 2 1",
        "poly --lr 10 --power 2|10 8.1 6.4 4.9 3.6 2.5 1.6 0.9 0.4 0.1",
        "one-cycle --lr 0 --peak-lr 4 --rise-fraction 0.5|0 0.586 2 3.414 4 3.618 2.618 1.382 0.382 0",
        "inverse-sqrt --lr 6 --warmup-epochs 4|0 1.5 3 4.5 6 5.367 4.899 4.536 4.243 4",
        "wsd --lr 6 --warmup-epochs 2 --decay-epochs 3|0 3 6 6 6 6 6 6 4 2",
        "step --lr 8 --warmup-epochs 2 --milestones 3:0.5|0 4 8 8 8 4 4 4 4 4"
      })
  void schedulesFillTheRun(String schedule, String rates) {
    Invocation outcome =
        Invocation.of("lr --epochs 10 --steps-per-epoch 1 --csv - --schedule " + schedule);
    assertThat(outcome.err()).isEmpty();
    double[] expected = Stream.of(rates.split(" ")).mapToDouble(Double::parseDouble).toArray();
    double[] actual =
        outcome
            .out()
            .lines()
            .skip(1)
            .mapToDouble(row -> Double.parseDouble(row.split(",")[2]))
            .toArray();
    assertThat(actual).containsExactly(expected, within(0.0005));
  }

  @Test
  void noiseStaysInItsInterval() {
    for (String noise : List.of("uniform --low 0.5 --high 1.5", "log-uniform --low 0.5 --high 2")) {
      Invocation outcome =
          Invocation.of("lr --lr 0.1 --epochs 99 --beta 1 --csv - --noise " + noise);
      double high = noise.startsWith("u") ? 1.5 : 2;
      assertThat(outcome.out().lines().skip(1).map(row -> row.split(",")[3]).distinct())
          .hasSize(99)
          .allSatisfy(factor -> assertThat(Double.parseDouble(factor)).isBetween(0.5, high));
    }
  }

  @Test
  void picturesAreAColumnWide(@TempDir Path folder) throws IOException {
    Path png = folder.resolve("lr.png");
    Path svg = folder.resolve("lr.svg");
    Path pdf = folder.resolve("lr.pdf");
    String command =
        "lr --schedule clr --lr 0.1 --epochs 32 --noise uniform --png %s --svg %s --pdf %s"
            .formatted(png, svg, pdf);
    assertThat(Invocation.of(command)).isEqualTo(new Invocation(0, "", ""));
    BufferedImage image = ImageIO.read(png.toFile());
    assertThat(image.getWidth()).isEqualTo(1020);
    assertThat(image.getHeight()).isEqualTo(765);
    assertThat(Files.readString(svg))
        .contains("width=\"244.8pt\"", ">with noise</text")
        .doesNotContain("Learning rate");
    assertThat(Files.readString(pdf, StandardCharsets.ISO_8859_1)).startsWith("%PDF-");
    assertThat(Invocation.of(command + " --titles").exit()).isZero();
    assertThat(Files.readString(svg)).contains(">Learning rate</text");
  }

  @Test
  void theSummaryDescribesScheduleAndNoiseInWords() {
    assertThat(Invocation.of("lr --schedule wr --lr 0.1 --epochs 40 --noise uniform").out())
        .contains("schedule    cosine from 0.1 to 0 with restarts: the first cycle has 10 epochs")
        .contains("noise       8 · U(0, 1)")
        .contains("24 of 40 epochs, from epoch 17")
        .contains("E[f] = 4.00000, Var[f] = 5.33333; E[f] >= 1, which is sufficient for any")
        .contains("the noise multiplies their variance by 37.3333 for gradients uniform on (0, b)")
        .contains("a^2 = 64.0000 > 12/7 (supplement 1.4) holds");
    assertThat(Invocation.of("lr --lr 0.1 --noise gaussian --mean 0.1 --std 0.2").out())
        .contains("noise       N(0.1, 0.2)")
        .contains("E[f] >= 1, which is sufficient for any gradient (supplement 1.3), does not hold")
        .contains("multiplies their variance by 0.170000 for gradients uniform on (0, b)")
        .contains("4 Var[f] + E[f]^2 > 1 does not hold");
    assertThat(Invocation.of("lr --lr 0.1").out())
        .contains("schedule    constant 0.1", "noise       none")
        .doesNotContain("noisy");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--noise uniform --alpha 1.2|the factor has mean 0.6000 and variance 0.1200: this noise does not raise the variance of the steps (uniform noise with alpha > 1.31 does)",
        "--noise uniform --epochs 1|no epoch is noisy: the first noisy epoch would be 2, but the run has 1",
        "--noise gaussian --beta 0 --epochs 20|no epoch is noisy: the first noisy epoch would be 21, but the run has 20",
        "--noise gaussian --mean -3|the factor has mean -3.000, so at least half of the learning rates are the lower bound 0.000",
        "--schedule step --milestones 80:0.1,120:0.1 --epochs 120|--milestones changes the rate after 120 epochs, but the run has 120",
      })
  void noiseOrMilestonesWithoutEffectAreWarnings(String options, String warning) {
    Invocation outcome = Invocation.of("lr --lr 0.1 " + options);
    assertThat(outcome.exit()).isZero();
    assertThat(outcome.err()).isEqualTo("noisylr: warning: " + warning + "\n");
  }

  @ParameterizedTest
  @CsvSource({
    "--epochs 20",
    "--noise uniform --alpha 1.4",
    "--noise uniform --epochs 2",
    "--schedule step --milestones 80:0.1 --epochs 81"
  })
  void optionsWithEffectAreNoWarnings(String options) {
    assertThat(Invocation.of("lr --lr 0.1 " + options).err()).isEmpty();
  }
}
