package org.noisylr.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The folder of a run, seen from outside. */
final class RunFolder {
  private RunFolder() {}

  /** Returns the epochs in the newest checkpoint. */
  static int epochsDone(Path run) {
    return names(run)
        .filter(name -> name.matches("checkpoint-\\d{6}.*\\.safetensors"))
        .mapToInt(name -> Integer.parseInt(name.substring(11, 17)))
        .max()
        .orElse(0);
  }

  static Stream<String> names(Path run) {
    String[] names = run.toFile().list();
    return names == null ? Stream.empty() : Stream.of(names);
  }

  /** Compares all files except those with wall times and the descriptions of the machine. */
  static void assertSameFiles(Path run, Path other) throws IOException {
    assertThat(compared(run)).isEqualTo(compared(other)).hasSize(7);
    for (String name : compared(run)) {
      assertThat(Files.mismatch(run.resolve(name), other.resolve(name))).as(name).isEqualTo(-1);
    }
  }

  private static Set<String> compared(Path run) {
    return names(run)
        .filter(name -> !Set.of("timing.csv", "environment.yaml", "tensorboard").contains(name))
        .collect(Collectors.toCollection(TreeSet::new));
  }
}
