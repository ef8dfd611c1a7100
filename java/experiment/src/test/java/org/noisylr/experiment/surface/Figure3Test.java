package org.noisylr.experiment.surface;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.noisylr.noise.NoiseSpec;

@Tag("slow")
class Figure3Test {
  private static final long SEED = 3;
  private static final int SIDE = 11;
  private static final List<Surface> SURFACES =
      List.of(Surfaces.PAPER_WELLS, Surfaces.RASTRIGIN_VARIANT);

  @TempDir private static Path folder;
  private static Path page;

  @BeforeAll
  static void draw() {
    page =
        new Figure3(Surfaces.PAPER_WELLS, 8, 10, SEED, false)
            .write(folder, SURFACES, new PrintStream(OutputStream.nullOutputStream()));
  }

  @Test
  void everyFunctionHasPicturesWithoutAndWithNoise() throws IOException {
    for (Surface surface : SURFACES) {
      for (String suffix : List.of("-plain", "-noise")) {
        Path png = folder.resolve(surface.id() + suffix + ".png");
        assertThat(ImageIO.read(png.toFile()).getWidth()).isEqualTo(1020);
        Path svg = folder.resolve(surface.id() + suffix + ".svg");
        assertThat(Files.size(svg)).isLessThan(300_000);
        assertThat(Files.readString(svg))
            .contains(">SGD</text", ">momentum</text", ">Adam</text", ">RMSProp</text")
            .doesNotContain(surface.title());
        assertThat(folder.resolve(surface.id() + suffix + ".pdf")).isNotEmptyFile();
      }
    }
    assertThat(Files.readString(folder.resolve("caption.txt"))).contains("cross marks the global");
  }

  @Test
  void thePathsOfThePicturesAreInAFile() throws IOException {
    assertThat(Files.readAllLines(folder.resolve("paths.csv")))
        .hasSize(1 + 2 * 2 * 4 * 201)
        .startsWith("function,noise,optimizer,step,x,y", "two-wells,without noise,SGD,0,1.7,1.3");
  }

  @Test
  void theTableOfBasinsHasEveryArmOfMultimodalFunctions() throws IOException {
    assertThat(Files.readAllLines(folder.resolve("basins.csv")))
        .hasSize(1 + 2 * 4 * 3)
        .startsWith("function,optimizer,arm,reached,starts,share,low,high")
        .anyMatch(row -> row.startsWith("two-wells,SGD,plain,"))
        .anyMatch(row -> row.matches("rastrigin-variant,RMSProp,noisy,\\d+,10,.*"));
  }

  @Test
  void thePageStatesWhereThePaperIsWrong() throws IOException {
    assertThat(Files.readString(page))
        .contains("The paper calls (1, 0) the global minimum")
        .contains("The paper states the minimum f(0, 0)")
        .doesNotContain("src=\"http");
  }

  private static Optional<Path> chromium() {
    return Stream.of(System.getenv("PATH").split(File.pathSeparator))
        .map(entry -> Path.of(entry, "chromium"))
        .filter(Files::isExecutable)
        .findFirst();
  }

  /** The end of each path, as headless Chromium shows it. */
  private static double[][] shown(Path html, String hash) throws Exception {
    Optional<Path> chromium = chromium();
    assumeTrue(chromium.isPresent(), "chromium is not installed");
    Process process =
        new ProcessBuilder(
                chromium.get().toString(),
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--user-data-dir=" + folder.resolve("chromium"),
                "--dump-dom",
                html.toUri() + hash)
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    String dom = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(dom).contains("id=\"handle\"");
    Matcher ends = Pattern.compile("\\((-?\\d\\.\\d{3}), (-?\\d\\.\\d{3})\\)</td>").matcher(dom);
    double[][] places = new double[Algorithm.values().length][];
    for (int i = 0; i < places.length; i++) {
      assertThat(ends.find()).isTrue();
      places[i] =
          new double[] {Double.parseDouble(ends.group(1)), Double.parseDouble(ends.group(2))};
    }
    return places;
  }

  private static void assertPaths(double[][] shown, double alpha, int column, int row) {
    double[] starts = Surfaces.PAPER_WELLS.box().cellCentres(SIDE);
    int start = 2 * (row * SIDE + column);
    for (Algorithm algorithm : Algorithm.values()) {
      double[] ends =
          Trajectories.follow(
                  Surfaces.PAPER_WELLS,
                  algorithm,
                  Surfaces.PAPER_WELLS.rate(algorithm),
                  NoiseSpec.uniform(alpha).seed(SEED),
                  starts,
                  200,
                  200)
              .ends();
      for (int c = 0; c < 2; c++) {
        assertThat(shown[algorithm.ordinal()][c])
            .as(algorithm.title())
            .isCloseTo(ends[start + c], within(0.001));
      }
    }
  }

  /** The address selects another start and noise. */
  @Test
  @Timeout(120)
  void aBrowserShowsThePathsOfTheProgram() throws Exception {
    assertPaths(shown(page, "#two-wells,4,2,9"), 4, 2, 9);
  }

  @Test
  @Timeout(120)
  void aBrowserLetsUsersDragTheStartAndChooseTheNoise() throws Exception {
    String acts =
        """
        <script>
        const picture = document.getElementById("plane");
        picture.setPointerCapture = () => {};
        const r = picture.getBoundingClientRect();
        const at = (column, row) => ({bubbles: true, pointerId: 1,
          clientX: r.left + (column + 0.5) / 11 * r.width, clientY: r.top + (10.5 - row) / 11 * r.height});
        picture.dispatchEvent(new PointerEvent("pointerdown", at(5, 5)));
        picture.dispatchEvent(new PointerEvent("pointermove", at(3, 8)));
        picture.dispatchEvent(new PointerEvent("pointermove", at(7, 1)));
        picture.dispatchEvent(new PointerEvent("pointerup", at(7, 1)));
        picture.dispatchEvent(new PointerEvent("pointermove", at(0, 0)));
        const noise = document.getElementById("alpha");
        noise.value = "2";
        noise.dispatchEvent(new Event("change"));
        </script>
        """;
    Path acted = folder.resolve("acted.html");
    Files.writeString(acted, Files.readString(page).replace("</body>", acts + "</body>"));
    assertPaths(shown(acted, ""), 2, 7, 1);
  }
}
