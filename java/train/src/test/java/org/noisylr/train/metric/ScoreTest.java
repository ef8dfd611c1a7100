package org.noisylr.train.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;

class ScoreTest {
  private static final Device CPU = new Device("cpu");

  /** Logits {@code [1, classes, pixels]} whose maxima are at the given classes. */
  private static Tensor logits(int classes, long... predicted) {
    Tensor index = Tensor.create(predicted, 1, predicted.length);
    return torch.one_hot(index, classes).to(torch.ScalarType.Float).permute(0, 2, 1);
  }

  private static Tensor targets(long... targets) {
    return Tensor.create(targets, 1, targets.length);
  }

  @Test
  void accuracyIsTheFractionOfCorrectPredictionsOverAllBatches() {
    try (PointerScope scope = new PointerScope()) {
      Score score = new Accuracy(CPU);
      score.add(logits(3, 0, 1, 2), targets(0, 1, 1));
      score.add(logits(3, 2), targets(2));
      assertThat(score.value()).isEqualTo(0.75);
    }
  }

  @Test
  void meanIouSumsAllBatchesWithoutIgnoredTargetsAndAbsentClasses() {
    try (PointerScope scope = new PointerScope()) {
      Score score = new MeanIou(4, CPU);
      score.add(logits(4, 0, 0, 1, 1), targets(0, 1, 1, -100));
      score.add(logits(4, 1, 2), targets(1, 0));
      // Class 0: 1 of {0:0, 1:0, 0:2} = 1/3; class 1: 2 of {1:0, 1:1, 1:1} = 2/3; class 2: 0 of 1;
      // class 3 is neither a target nor predicted.
      assertThat(score.value()).isCloseTo((1 / 3.0 + 2 / 3.0 + 0) / 3, within(1e-12));
    }
  }

  @Test
  void meanIouOfPerfectPredictionsIsOne() {
    try (PointerScope scope = new PointerScope()) {
      Score score = new MeanIou(21, CPU);
      score.add(logits(21, 20, 0, 7), targets(20, 0, 7));
      assertThat(score.value()).isEqualTo(1);
    }
  }
}
