package org.noisylr.train.loop;

import org.noisylr.train.metric.EpochMetrics;

/** Observes a training run. All methods are called on the training thread. */
public interface TrainingListener {
  /** Called when the run is ready to train, even if a resumed run has no step left. */
  default void onStart() {}

  /**
   * Called about every {@link Trainer#LOG_INTERVAL} steps.
   *
   * @param epoch zero-based
   * @param stepsDone the number of completed steps of this epoch
   * @param stepsPerEpoch the number of steps of an epoch
   * @param loss the mean training loss of the epoch so far
   */
  default void onProgress(int epoch, int stepsDone, int stepsPerEpoch, double loss) {}

  /**
   * Called after an epoch and its evaluation.
   *
   * @param seconds the wall time of the epoch with its evaluation; for a resumed epoch, the time
   *     since it was resumed
   */
  default void onEpoch(EpochMetrics metrics, double seconds) {}
}
