package org.noisylr.experiment.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.noisylr.experiment.store.RunStore.Status;

class JobConsoleTest {
  private static final Job A = new Job("a", "a", null);
  private static final Job B = new Job("b", "b", null);

  @Test
  void finishedJobsAreCountedAndStoppedOnesAreNot() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream errors = new ByteArrayOutputStream();
    try (JobConsole console = new JobConsole(stream(out), stream(errors), 3, 2)) {
      console.start(A);
      console.start(B);
      console.end(A, Status.STOPPED, "stopped after 1 of 5 epochs");
      console.end(B, Status.FAILED, "failed: no memory");
    }
    assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo("a: stopped after 1 of 5 epochs\n");
    assertThat(errors.toString(StandardCharsets.UTF_8)).isEqualTo("[1/3] b: failed: no memory\n");
  }

  private static PrintStream stream(ByteArrayOutputStream bytes) {
    return new PrintStream(bytes, true, StandardCharsets.UTF_8);
  }
}
