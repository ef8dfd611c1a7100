package org.noisylr.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The script of {@code completion}, sourced by bash. */
class CompletionTest {
  @ParameterizedTest
  @CsvSource({
    "noisylr tr, train",
    "noisylr train --opti, --optimizer --optimizer-impl",
    "noisylr train --optimizer adam, adam adamw",
    "noisylr train --model vgg, vgg16 vgg16-no-dropout",
    "noisylr lr --noise log, log-uniform",
    "noisylr experiment r, run report"
  })
  void aWordIsCompleted(String line, String completions, @TempDir Path folder) throws Exception {
    Path script = folder.resolve("script");
    Files.writeString(script, Invocation.of("completion").out());
    String[] words = line.split(" ");
    String shell =
        "compopt() { :; }; source %s; COMP_WORDS=(%s); COMP_CWORD=%d; _complete_noisylr; echo ${COMPREPLY[@]}"
            .formatted(script, line, words.length - 1);
    Process bash = new ProcessBuilder("bash", "-c", shell).redirectErrorStream(true).start();
    assertThat(bash.inputReader().readLine()).isEqualTo(completions);
  }
}
