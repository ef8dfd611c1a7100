package org.noisylr.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.noisylr.check.InputException;

/** Bad options are rejected before anything is measured. */
class BenchmarksTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "*Step|pattern must be a regular expression, but is *Step",
        "-l *Step|pattern must be a regular expression, but is *Step",
        "Step -e [|pattern must be a regular expression, but is [",
        "Step -rf csv|-rf must be JSON, but is CSV",
        "Step -p algorithm=SGD2|-p algorithm must be one of SGD, ADAM, ADAMW, ADAGRAD, RMSPROP in StepBenchmark, but is SGD2"
      })
  void badOptionsAreRejected(String options, String message) {
    assertRejected(message, options.split(" "));
  }

  @Test
  void resultsAreNotWrittenToACsvFile(@TempDir Path folder) {
    Path csv = folder.resolve("x.csv");
    assertRejected("-rff must be a file for JSON, but is " + csv, "Step", "-rff", csv.toString());
    assertThat(csv).doesNotExist();
  }

  private static void assertRejected(String message, String... options) {
    assertThatThrownBy(() -> Benchmarks.run(options))
        .isInstanceOf(InputException.class)
        .hasMessage(message);
  }
}
