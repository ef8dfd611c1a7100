package org.noisylr.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.noisylr.launcher.Programs.await;
import static org.noisylr.launcher.Programs.read;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Two programs that use one folder at the same time take turns, or the second one is rejected. */
@Tag("slow")
@Timeout(300)
class ConcurrentProgramsTest {
  private static final String TRAIN =
      "train --data fashion-mnist-mini --model cnn28 --lr 0.01 --epochs 4000 --subset 600 --threads 1"
          + " --out ";
  private static final String QUICKSTART = "quickstart --epochs 1 --seeds 1 --out ";
  private static final String EXPERIMENT =
      "experiment run table2 --scale smoke --jobs 1 --device cpu --only cnn-mnist/* --data-override"
          + " mnist=fashion-mnist-mini --out ";

  @RegisterExtension private final Programs programs = new Programs();
  @TempDir private Path temporary;
  private Path out;
  private Path firstLog;

  @BeforeEach
  void namePaths() {
    out = temporary.resolve("out");
    firstLog = temporary.resolve("first");
  }

  private String inUse() {
    return "noisylr: " + out + " is in use by another run of noisylr\n";
  }

  @Test
  void aSecondRunInAFolderIsRejectedAndTheFirstContinues() throws Exception {
    Process first = programs.start(firstLog, TRAIN + out);
    await(first, firstLog, () -> Files.exists(out.resolve("metrics.csv")));
    for (String command : List.of(TRAIN + out, TRAIN + out + " --resume")) {
      assertThat(Invocation.of(command)).isEqualTo(new Invocation(2, "", inUse()));
    }
    assertThat(first.isAlive()).as(() -> read(firstLog)).isTrue();
    first.destroy();
    assertThat(first.waitFor()).isEqualTo(128 + 15);
    assertThat(read(firstLog)).contains("resume with: noisylr train --resume --out ");
  }

  @Test
  void threadsThatWaitSleepSoon() throws Exception {
    Process program =
        programs.start(
            firstLog, Map.of("OMP_DISPLAY_ENV", "verbose", "OMP_WAIT_POLICY", ""), "doctor");
    assertThat(program.waitFor()).isZero();
    assertThat(read(firstLog)).contains("GOMP_SPINCOUNT = '1000'");
  }

  @Test
  @EnabledIfSystemProperty(named = "reliability", matches = "long")
  void aSecondQuickstartInAFolderIsRejected() throws Exception {
    Process first = programs.start(firstLog, QUICKSTART + out);
    await(first, firstLog, () -> Files.exists(out.resolve(".lock")));
    Invocation second = Invocation.of(QUICKSTART + out);
    assertThat(second.exit()).isEqualTo(2);
    assertThat(second.err()).endsWith(inUse());
    assertThat(first.isAlive()).as(() -> read(firstLog)).isTrue();
  }

  @Test
  @EnabledIfSystemProperty(named = "reliability", matches = "long")
  void experimentsOnOneStoreTrainEachRunOnce() throws Exception {
    Process first = programs.start(firstLog, EXPERIMENT + out);
    await(first, firstLog, () -> Programs.count(out, "config.yaml") > 0);
    Invocation second = Invocation.of(EXPERIMENT + out);
    assertThat(second.exit()).as(second.err()).isZero();
    assertThat(first.waitFor()).as(() -> read(firstLog)).isZero();
    assertThat(done(read(firstLog)) + done(second.out())).isEqualTo(4);
    assertThat(Programs.count(out, "result.json")).isEqualTo(4);
  }

  private static int done(String text) {
    Matcher matcher = Pattern.compile("(\\d+) done, 0 failed|nothing to do").matcher(text);
    assertThat(matcher.find()).as(text).isTrue();
    return matcher.group(1) == null ? 0 : Integer.parseInt(matcher.group(1));
  }
}
