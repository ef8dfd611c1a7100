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
  /** Evaluates the ranks' batches in turn; empty if {@code stop} was requested. */
  static Optional<Evaluation> of(
      ForwardPass forward, Examples examples, Device device, Ranks ranks, StopSignal stop) {
    forward.model().eval();
    try (PointerScope scope = new PointerScope();
        AutoGradMode noGrad = new AutoGradMode(false)) {
      Tensor loss = torch.zeros(new long[] {1}, Tensors.options(device, torch.ScalarType.Double));
      Score score = examples.newScore();
      int batch = examples.evaluationBatch();
      for (int turn = 0; turn < examples.count(); turn += batch * ranks.size()) {
        if (ranks.isStopRequested(stop)) {
          return Optional.empty();
        }
        int first = turn + batch * ranks.rank();
        int length = Math.min(batch, examples.count() - first);
        if (length <= 0) {
          continue;
        }
        try (PointerScope batchScope = new PointerScope()) {
          Batch evaluated = examples.evaluation(first, length);
          Tensor logits = forward.logits(examples, evaluated);
          Tensor mean = torch.cross_entropy(logits, evaluated.targets());
          loss.add_(mean.to(torch.ScalarType.Double), new Scalar((double) length));
          score.add(logits, evaluated.targets());
        }
      }
      ranks.sum(loss);
      ranks.sum(score);
      return Optional.of(new Evaluation(loss.item_double() / examples.count(), score.value()));
    }
  }
}
