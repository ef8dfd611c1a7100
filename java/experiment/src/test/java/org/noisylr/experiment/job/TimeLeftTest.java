package org.noisylr.experiment.job;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.noisylr.experiment.store.RunStore.Status;

class TimeLeftTest {
  private static final Job A = new Job("a", "a", null);
  private static final Job B = new Job("b", "b", null);
  private static final Job C = new Job("c", "c", null);

  @Test
  void itIsUnknownUntilAJobWasTrained() {
    TimeLeft left = new TimeLeft(3, 1);
    left.start(A, 0);
    assertThat(left.seconds(5)).isEmpty();
    left.end(A, Status.DONE_ELSEWHERE, 9);
    assertThat(left.seconds(9)).isEmpty();
    left.start(B, 9);
    left.end(B, Status.DONE, 19);
    assertThat(left.seconds(19)).contains(10.0);
    left.start(C, 19);
    assertThat(left.seconds(23)).contains(6.0);
    assertThat(left.seconds(99)).contains(0.0);
    left.end(C, Status.DONE, 99);
    assertThat(left.seconds(99)).isEmpty();
  }

  @Test
  void parallelJobsShareTheTime() {
    TimeLeft left = new TimeLeft(9, 2);
    left.start(A, 0);
    left.start(B, 6);
    left.end(A, Status.DONE, 10);
    assertThat(left.seconds(10)).contains((8 * 10 - 4) / 2.0);
  }
}
