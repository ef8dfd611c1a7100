package org.noisylr.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
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
    String command = LR + ">(cat > %s; echo end >> %s) && sleep 1".formatted(log, log);
    assertThat(bash(command)).isEmpty();
    assertThat(Files.readString(log)).isEqualTo(ROWS + "end\n");
  }

  @Test
  @Tag("slow")
  @Timeout(60)
  void aReaderThatEndsEarlyEndsTheProgramWithoutAnError() throws Exception {
    String command = "lr --lr 0.1 --epochs 1000 --steps-per-epoch 1000000 --csv -";
    assertThat(bash(command + " | head -2; echo exit ${PIPESTATUS[0]}"))
        .isEqualTo(ROWS + "exit 0\n");
  }

  @ParameterizedTest
  @Tag("slow")
  @ValueSource(strings = {"experiment list", "--help", LR + "-"})
  void aFullStandardOutputIsAnErrorOfOneLine(String command) throws Exception {
    assumeThat(Path.of("/dev/full")).exists();
    assertThat(bash(command + " 2>&1 > /dev/full; echo exit $?"))
        .isEqualTo("noisylr: cannot write to standard output: it is full or closed\nexit 2\n");
  }

  /** Runs a command of the program in a shell. Returns the shell's output. */
  private static String bash(String command) throws Exception {
    String program =
        "%s/bin/java -cp '%s' %s "
            .formatted(
                System.getProperty("java.home"),
                System.getProperty("java.class.path"),
                Noisylr.class.getName());
    Process shell =
        new ProcessBuilder("bash", "-c", program + command).redirectErrorStream(true).start();
    String output = new String(shell.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(shell.waitFor()).as(output).isZero();
    return output;
  }
}
