package org.noisylr.train.loop;

import org.noisylr.train.metric.EpochMetrics;

/** Watches a training run; every method is called on the training thread. */
public interface TrainingListener {
  /**
   * Some steps were done; called about every {@link Trainer#LOG_INTERVAL} steps.
   *
   * @param epoch zero-based
   * @param stepsDone steps of this epoch that are done
   * @param stepsPerEpoch steps of an epoch
   * @param loss mean training loss of the epoch so far
   */
  default void onProgress(int epoch, int stepsDone, int stepsPerEpoch, double loss) {}

  /**
   * An epoch is done and evaluated.
   *
   * @param seconds wall time of the epoch, evaluation included; of one that was stopped in between,
   *     since it went on
   */
  default void onEpoch(EpochMetrics metrics, double seconds) {}
}
