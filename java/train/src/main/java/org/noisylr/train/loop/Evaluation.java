package org.noisylr.train.loop;

import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.noisylr.torch.Tensors;
import org.noisylr.train.data.Batch;
import org.noisylr.train.data.Examples;
import org.noisylr.train.metric.Score;

/** Mean loss and score of a model on examples, without autograd and augmentation. */
record Evaluation(double loss, double score) {
  /** Evaluates batch by batch; empty if {@code stop} was requested. */
  static Optional<Evaluation> of(
      ForwardPass forward, Examples examples, Device device, StopSignal stop) {
    forward.model().eval();
    try (PointerScope scope = new PointerScope();
        AutoGradMode noGrad = new AutoGradMode(false)) {
      Tensor loss = torch.zeros(new long[] {1}, Tensors.options(device, torch.ScalarType.Double));
      Score score = examples.newScore();
      for (int first = 0; first < examples.count(); first += examples.evaluationBatch()) {
        if (stop.isRequested()) {
          return Optional.empty();
        }
        int length = Math.min(examples.evaluationBatch(), examples.count() - first);
        try (PointerScope batchScope = new PointerScope()) {
          Batch batch = examples.evaluation(first, length);
          Tensor logits = forward.logits(examples, batch);
          Tensor mean = torch.cross_entropy(logits, batch.targets());
          loss.add_(mean.to(torch.ScalarType.Double), new Scalar((double) length));
          score.add(logits, batch.targets());
        }
      }
      return Optional.of(new Evaluation(loss.item_double() / examples.count(), score.value()));
    }
  }
}
