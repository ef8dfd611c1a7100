package org.noisylr.experiment.plan;

import static org.assertj.core.api.Assertions.assertThat;

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
class PlanFuzzTest {
  @TempDir private Path store;

  static Stream<byte[]> seeds() {
    return Stream.of(
            """
            cells:
              table4/sd/cifar-10:
                command: z
                settings: y
                location: x
                data: x
                other: false
                stand_in: true
                backbone: null
                epochs: 10
                train: 400
                test: 200
                runs:
                  1: abc
            """)
        .map(text -> text.getBytes(StandardCharsets.UTF_8));
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void seedsAreValid(byte[] yaml) throws IOException {
    written(yaml);
    assertThat(Plan.read(store, "table4", Scale.TINY).cells()).hasSize(1);
  }

  private Path written(byte[] yaml) throws IOException {
    Path folder = Files.createDirectories(Plan.folder(store, "table4", Scale.TINY));
    return Files.write(folder.resolve("plan.yaml"), yaml);
  }

  @MethodSource("seeds")
  @FuzzTest
  void read(byte[] yaml) throws IOException {
    Path file = written(yaml);
    try {
      Plan plan = Plan.read(store, "table4", Scale.TINY);
      plan.cells().forEach((id, entry) -> assertThat(entry.describe()).isNotEmpty());
    } catch (InputException e) {
      assertThat(e.getMessage())
          .contains(file.toString())
          .doesNotContain("because \"")
          .doesNotEndWith(": null")
          .matches("\\P{Cntrl}+");
    }
    try (Stream<Path> files = Files.walk(store)) {
      assertThat(files).hasSize(4);
    }
  }
}
