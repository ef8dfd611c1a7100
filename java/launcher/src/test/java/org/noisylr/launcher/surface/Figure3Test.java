package org.noisylr.launcher.surface;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.noisylr.launcher.surface.Surface.TwoWells;
import org.noisylr.noise.NoiseSpec;

class Figure3Test {
  private static final long SEED = 3;

  @TempDir private static Path folder;
  private static Path page;

  @BeforeAll
  static void draw() {
    page =
        new Figure3(TwoWells.PAPER, 8, 10, SEED)
            .write(folder, new PrintStream(new ByteArrayOutputStream()));
  }

  @Test
  void everyFunctionHasPicturesWithoutAndWithNoise() throws IOException {
    for (Surface surface : Surface.all(TwoWells.PAPER)) {
      for (String suffix : new String[] {"-plain", "-noise"}) {
        Path png = folder.resolve(surface.id() + suffix + ".png");
        assertThat(ImageIO.read(png.toFile()).getWidth()).isEqualTo(560);
        assertThat(Files.readString(folder.resolve(surface.id() + suffix + ".svg")))
            .startsWith("<?xml")
            .contains("<svg");
      }
    }
  }

  @Test
  void theTableOfBasinsHasEveryArm() throws IOException {
    assertThat(Files.readAllLines(folder.resolve("basins.csv")))
        .hasSize(1 + 4 * 4 * 3)
        .startsWith("function,optimizer,arm,reached,starts,share,low,high")
        .anyMatch(row -> row.startsWith("two-wells,SGD,plain,"))
        .anyMatch(row -> row.matches("ackley,RMSProp,noisy,\\d+,10,.*"));
  }

  @Test
  void thePageSaysWhereThePaperIsWrong() throws IOException {
    assertThat(Files.readString(page))
        .contains("The paper calls (1, 0) the global minimum")
        .contains("The paper says that the minimum is f(0, 0)")
        .doesNotContain("src=\"http");
  }

  private static Optional<Path> chromium() {
    return Stream.of(System.getenv("PATH").split(File.pathSeparator))
        .map(entry -> Path.of(entry, "chromium"))
        .filter(Files::isExecutable)
        .findFirst();
  }

  /** Opened at another start, noise and function, the page shows the paths of the optimizers. */
  @Test
  @Timeout(120)
  void aBrowserShowsTheProgramsPaths() throws Exception {
    Optional<Path> chromium = chromium();
    assumeTrue(chromium.isPresent(), "chromium is not installed");
    int column = 2;
    int row = 9;
    Process process =
        new ProcessBuilder(
                chromium.get().toString(),
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--user-data-dir=" + folder.resolve("chromium"),
                "--dump-dom",
                page.toUri() + "#two-wells,4," + column + "," + row)
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    String dom = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    Matcher shown = Pattern.compile("\\((-?\\d\\.\\d{3}), (-?\\d\\.\\d{3})\\)</td>").matcher(dom);
    Surface surface = TwoWells.PAPER;
    double[] starts = new double[2 * 11 * 11];
    for (int i = 0; i < 11 * 11; i++) {
      starts[2 * i] = -2 + 4 * (i % 11 + 0.5) / 11;
      starts[2 * i + 1] = -2 + 4 * (i / 11 + 0.5) / 11;
    }
    for (Algorithm algorithm : Algorithm.values()) {
      double[] ends =
          Paths.follow(
                  surface,
                  algorithm.spec(),
                  surface.rate(algorithm),
                  NoiseSpec.uniform(4).seed(SEED),
                  starts,
                  200,
                  200)
              .ends();
      assertThat(shown.find()).as(algorithm.title()).isTrue();
      int start = 2 * (row * 11 + column);
      assertThat(Double.parseDouble(shown.group(1))).isCloseTo(ends[start], within(0.001));
      assertThat(Double.parseDouble(shown.group(2))).isCloseTo(ends[start + 1], within(0.001));
    }
    assertThat(dom).contains("id=\"handle\"");
  }
}
