package org.noisylr.train.metric;

import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.noisylr.torch.Tensors;

/** Top-1 accuracy: the fraction of examples whose greatest logit is that of their class. */
public final class Accuracy implements Score {
  private final Tensor counts;
  private final Tensor correct;
  private long count;

  /** Counts on {@code device}. */
  public Accuracy(Device device) {
    counts = torch.zeros(new long[] {2}, Tensors.options(device, torch.ScalarType.Long));
    correct = counts.select(0, 0);
  }

  @Override
  public void add(Tensor logits, Tensor targets) {
    correct.add_(logits.argmax(new LongOptional(1), false).eq(targets).sum());
    count += targets.numel();
  }

  @Override
  public double value() {
    return (double) correct.item_long() / count;
  }

  /** Returns {@code int64 [2]}: the correct predictions and all predictions. */
  @Override
  public Tensor counts() {
    counts.select(0, 1).fill_(new Scalar(count));
    return counts;
  }

  @Override
  public void restore(Tensor counts) {
    this.counts.copy_(counts);
    count = counts.select(0, 1).item_long();
  }
}
