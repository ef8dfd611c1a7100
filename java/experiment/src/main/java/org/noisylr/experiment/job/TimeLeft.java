package org.noisylr.experiment.job;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.noisylr.experiment.store.RunStore.Status;

/** Estimates how long jobs still take, from the mean duration of those that were trained. */
final class TimeLeft {
  private final int parallel;
  private final Map<Job, Double> starts = new HashMap<>();
  private int unfinished;
  private int trained;
  private double seconds;

  /**
   * @param jobs number of jobs
   * @param parallel number of jobs at a time
   */
  TimeLeft(int jobs, int parallel) {
    this.parallel = parallel;
    unfinished = jobs;
  }

  /** Notes the start of a job at a time in seconds. */
  synchronized void start(Job job, double now) {
    starts.put(job, now);
  }

  /** Notes the end of a job. */
  synchronized void end(Job job, Status status, double now) {
    double duration = now - starts.remove(job);
    unfinished--;
    if (status == Status.DONE) {
      trained++;
      seconds += duration;
    }
  }

  /** Returns the time left in seconds; empty until a job was trained. */
  synchronized Optional<Double> seconds(double now) {
    if (trained == 0 || unfinished == 0) {
      return Optional.empty();
    }
    double mean = seconds / trained;
    double done = starts.values().stream().mapToDouble(start -> Math.min(mean, now - start)).sum();
    return Optional.of((unfinished * mean - done) / Math.min(parallel, unfinished));
  }
}
