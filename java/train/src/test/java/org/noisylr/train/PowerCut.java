package org.noisylr.train;

import org.noisylr.train.loop.TrainingListener;
import org.noisylr.train.metric.EpochMetrics;

/** Ends a run with the exception "power cut". */
public final class PowerCut {
  private PowerCut() {}

  /** In an epoch. */
  public static TrainingListener in(int zeroBasedEpoch) {
    return new TrainingListener() {
      @Override
      public void onProgress(int epoch, int stepsDone, int stepsPerEpoch, double loss) {
        throwIf(epoch == zeroBasedEpoch);
      }
    };
  }

  /** After an epoch, before its checkpoint. */
  public static TrainingListener after(int zeroBasedEpoch) {
    return new TrainingListener() {
      @Override
      public void onEpoch(EpochMetrics metrics, double seconds) {
        throwIf(metrics.epoch() == zeroBasedEpoch);
      }
    };
  }

  private static void throwIf(boolean cut) {
    if (cut) {
      throw new IllegalStateException("power cut");
    }
  }
}
