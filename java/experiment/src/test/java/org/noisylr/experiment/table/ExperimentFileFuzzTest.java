package org.noisylr.experiment.table;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.noisylr.check.InputException;

/** The input is the content of the file. */
class ExperimentFileFuzzTest {
  @TempDir private Path folder;

  static Stream<byte[]> seeds() {
    return Table.EXAMPLES.stream().map(Table::yaml).map(s -> s.getBytes(StandardCharsets.UTF_8));
  }

  /** Inputs that ended in another exception once. */
  static Stream<byte[]> hostile() {
    return Stream.of(
            "a: &a [*a]",
            "rows: [*x]",
            "rows: [~]",
            "rows: 1",
            "? [a]\n: 1",
            "{}",
            "---\n---\n",
            "setting: {? {a: 1} : 2}\nrows: [{name: x}]",
            "setting: {epochs: .nan, data: x, model: cnn28, lr: 1}\nrows: [{name: x}]",
            "setting: {epochs: 5, data: \"\\0\", model: cnn28, lr: 1}\nrows: [{name: x}]",
            "setting: {epochs: 5, data: x, model: \"\\0.pt\", lr: 1}\nrows: [{name: x}]",
            "schedules: {a: ~}\nsetting: {schedule: a}\nrows: [{name: x}]",
            "setting: {schedule: {type: warmup, epochs: 3, schedule: 4}}\nrows: [{name: x}]",
            "columns: []\nrows: [{name: x}]",
            "rows: [{name: x, against: [~]}]")
        .map(text -> text.getBytes(StandardCharsets.UTF_8));
  }

  private Path written(byte[] yaml) throws IOException {
    return Files.write(folder.resolve("mine.yaml"), yaml);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void seedsAreValid(byte[] yaml) throws IOException {
    assertThat(Table.of(written(yaml).toString()).get(0).cells()).isNotEmpty();
  }

  @ParameterizedTest
  @MethodSource("hostile")
  void hostileFilesAreRejectedInOneLine(byte[] yaml) throws IOException {
    String file = written(yaml).toString();
    assertThatThrownBy(() -> Table.of(file)).isInstanceOf(InputException.class);
    read(yaml);
  }

  @MethodSource("seeds")
  @FuzzTest
  void read(byte[] yaml) throws IOException {
    Path file = written(yaml);
    try {
      Table table = Table.of(file.toString()).get(0);
      table.cells().forEach(cell -> assertThat(cell.settings().describe()).isNotEmpty());
    } catch (InputException e) {
      assertThat(e.getMessage())
          .startsWith(file.toString())
          .doesNotContain("because \"")
          .doesNotEndWith(": null")
          .matches("\\P{Cntrl}+");
    }
  }
}
