package org.noisylr.train.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.train.TestConfig;
import org.noisylr.train.data.Dataset;
import org.noisylr.train.data.format.Datasets;
import org.noisylr.train.loop.StopSignal;
import org.noisylr.train.loop.TrainingListener;

/** A run of three epochs of two steps each, which the tests of faults disturb. */
final class ShortRun {
  private static final Dataset DATA = Datasets.open("fashion-mnist-mini").subset(64, 64);
  private static final RunConfig CONFIG = config(0.01);
  private static final Run UNDISTURBED = Run.execute(CONFIG, DATA, List.of());

  private ShortRun() {}

  static RunConfig config(double lr) {
    return new TestConfig()
        .lr(lr)
        .noise(NoiseSpec.uniform(8).seed(1))
        .epochs(3)
        .batchSize(32)
        .subset(64, 64)
        .run();
  }

  /** Starts or resumes the run. */
  static Run execute(Path directory, TrainingListener... listeners) {
    return Run.execute(CONFIG, DATA, directory, true, List.of(listeners), new StopSignal());
  }

  static Run execute(RunConfig config, Path directory, boolean resume) {
    return Run.execute(config, DATA, directory, resume, List.of(), new StopSignal());
  }

  static void assertResumesToTheSameEnd(Path directory) {
    assertThat(execute(directory).metrics()).isEqualTo(UNDISTURBED.metrics());
  }

  static Path checkpoint(Path directory, int epochs) {
    return directory.resolve("checkpoint-00000" + epochs + ".safetensors");
  }
}
