package org.noisylr.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Where output is written, through the lr command. */
class OutputFileTest {
  private static final String LR = "lr --lr 0.1 --epochs 1 --steps-per-epoch 1 --csv ";
  private static final String ROWS = "epoch,step,base_lr,factor,lr\n0,0,0.1,1.0,0.1\n";

  @TempDir private Path folder;

  @Test
  void aFileIsReplacedAndNothingElseRemains() throws IOException {
    Path csv = Files.writeString(folder.resolve("lr.csv"), "old");
    assertThat(Invocation.of(LR + csv).exit()).isZero();
    assertThat(Files.readString(csv)).isEqualTo(ROWS);
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files).containsExactly(csv);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"-", "/dev/stdout"})
  void standardOutputHasTwoNames(String name) {
    assertThat(Invocation.of(LR + name).out()).isEqualTo(ROWS);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void theTargetOfALinkIsWrittenTo(boolean exists) throws IOException {
    Path target = folder.resolve("target.csv");
    if (exists) {
      Files.writeString(target, "some longer, old content ".repeat(10));
    }
    Path link = Files.createSymbolicLink(folder.resolve("link.csv"), target);
    assertThat(Invocation.of(LR + link).exit()).isZero();
    assertThat(Files.isSymbolicLink(link)).isTrue();
    assertThat(Files.readString(target)).isEqualTo(ROWS);
  }

  @Test
  void aFullDeviceIsAnErrorOfOneLine() {
    Path full = Path.of("/dev/full");
    assumeThat(full).exists();
    Invocation outcome = Invocation.of(LR + full);
    assertThat(outcome.exit()).isEqualTo(2);
    assertThat(outcome.err()).startsWith("noisylr: cannot write --csv /dev/full: ").hasLineCount(1);
    assertThat(Files.isRegularFile(full)).isFalse();
  }

  @Test
  @Tag("slow")
  void aPipeIsWrittenTo() throws Exception {
    Path log = folder.resolve("log");
    String script =
        "%s/bin/java -cp '%s' %s %s >(cat > %s; echo end >> %s) && sleep 1"
            .formatted(
                System.getProperty("java.home"),
                System.getProperty("java.class.path"),
                Noisylr.class.getName(),
                LR,
                log,
                log);
    assertThat(new ProcessBuilder("bash", "-c", script).inheritIO().start().waitFor()).isZero();
    assertThat(Files.readString(log)).isEqualTo(ROWS + "end\n");
  }
}
