package org.noisylr.train.loop;

import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.noisylr.torch.Tensors;
import org.noisylr.train.metric.Score;

/**
 * What a trainer counts during an epoch: the losses of its steps, the score, and the learning rate
 * of the last step. This is all that an interrupted epoch needs to resume. Losses stay on the
 * device until they are read; then those of all ranks are summed.
 */
final class EpochProgress {
  private static final String LOSSES = "losses";
  private static final String SCORE = "score";
  private static final String LR = "lr";

  private final EpochSteps steps;
  private final Ranks ranks;
  private final Tensor losses;
  private final Score score;
  private int stepsDone;
  private int stepsRead;
  private double lossSum;
  private double lr = Double.NaN;

  EpochProgress(EpochSteps steps, Score score, Ranks ranks, Device device) {
    this.steps = steps;
    this.score = score;
    this.ranks = ranks;
    losses =
        torch.zeros(new long[] {steps.count()}, Tensors.options(device, torch.ScalarType.Float));
  }

  int stepsDone() {
    return stepsDone;
  }

  boolean isComplete() {
    return stepsDone == steps.count();
  }

  /** Returns the learning rate of the last completed step; NaN if there is none. */
  double lr() {
    return lr;
  }

  /** Returns the score of this rank's examples; after {@link #sumScore}, of all. */
  double score() {
    return score.value();
  }

  /** Sums the score over the ranks, once. */
  void sumScore() {
    ranks.sum(score);
  }

  /** Returns the mean loss of the examples in the steps that were read. */
  double meanLoss() {
    int last = stepsRead - 1;
    return lossSum / (steps.firstExample(last) + steps.batchSize(last));
  }

  /** Records a pass of the current step. */
  void record(Pass pass) {
    losses.narrow(0, stepsDone, 1).add_(pass.loss());
    score.add(pass.logits(), pass.targets());
  }

  /**
   * Completes the current step. Reads the losses every {@link Trainer#LOG_INTERVAL} steps and at
   * the end of the epoch.
   *
   * @return whether the losses were read
   * @throws DivergedException if one of them is NaN or infinite
   */
  boolean complete(double realisedLr) {
    lr = realisedLr;
    stepsDone++;
    if (stepsDone % Trainer.LOG_INTERVAL == 0 || isComplete()) {
      readLosses();
      return true;
    }
    return false;
  }

  /**
   * Reads the losses of the steps that were not read yet.
   *
   * @throws DivergedException if one of them is NaN or infinite
   */
  void readLosses() {
    if (stepsDone > stepsRead) {
      try (PointerScope scope = new PointerScope()) {
        ranks.sum(losses.narrow(0, stepsRead, stepsDone - stepsRead));
      }
      readSummed();
    }
  }

  private void readSummed() {
    float[] values = new float[stepsDone - stepsRead];
    try (PointerScope scope = new PointerScope()) {
      new FloatPointer(losses.narrow(0, stepsRead, values.length).cpu().data_ptr()).get(values);
    }
    double sum = 0;
    for (int i = 0; i < values.length; i++) {
      int step = stepsRead + i;
      if (!Float.isFinite(values[i])) {
        throw new DivergedException(
            "the training loss",
            Float.toString(values[i]),
            steps.epoch(),
            steps.number(step),
            steps.realisedLr(step));
      }
      sum += (double) values[i] * steps.batchSize(step);
    }
    lossSum += sum;
    stepsRead = stepsDone;
  }

  /** Returns all that {@link #restore} needs, by name; shares this object's memory. */
  Map<String, Tensor> tensors() {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    tensors.put(LOSSES, losses);
    tensors.put(SCORE, score.counts());
    tensors.put(LR, Tensors.of(new double[] {lr}, 1));
    return tensors;
  }

  /** Continues from saved {@link #tensors}, which are the same on all ranks. */
  void restore(Map<String, Tensor> tensors, int completedSteps) {
    losses.copy_(tensors.get(LOSSES));
    if (ranks.rank() == 0) {
      score.restore(tensors.get(SCORE));
    }
    lr = tensors.get(LR).item_double();
    stepsDone = completedSteps;
    readSummed();
  }
}
