package org.noisylr.train.metric;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.noisylr.torch.Tensors;

/**
 * Mean intersection over union, as the Pascal VOC challenge defines it (Everingham et al. 2015).
 * With n(i, j) the number of pixels of class i that were predicted as class j, over all images,
 *
 * <pre>IoU(i) = n(i, i) / (Σⱼ n(i, j) + Σⱼ n(j, i) − n(i, i))</pre>
 *
 * averaged over the classes that occur among targets or predictions.
 */
public final class MeanIou implements Score {
  private final int classes;
  private final Tensor confusion;

  /** Counts on {@code device}. */
  public MeanIou(int classes, Device device) {
    this.classes = classes;
    confusion =
        torch.zeros(
            new long[] {(long) classes * classes},
            Tensors.options(device, torch.ScalarType.Double));
  }

  @Override
  public void add(Tensor logits, Tensor targets) {
    Tensor predicted = logits.argmax(new LongOptional(1), false);
    Tensor cell = targets.mul(new Scalar((long) classes)).add_(predicted);
    // Ignored targets are counted in one more cell, which is dropped.
    long cells = (long) classes * classes;
    cell.masked_fill_(targets.eq(new Scalar(IGNORED)), new Scalar(cells));
    Tensor counts = torch.bincount(cell.flatten(), new TensorOptional(), cells + 1);
    confusion.add_(counts.narrow(0, 0, cells));
  }

  @Override
  public double value() {
    try (PointerScope scope = new PointerScope()) {
      Tensor n = confusion.view(classes, classes);
      Tensor correct = n.diagonal();
      Tensor union = n.sum(0).add_(n.sum(1)).sub_(correct);
      Tensor occurs = union.gt(new Scalar(0.0));
      double sum =
          correct
              .div(union)
              .masked_fill_(occurs.logical_not(), new Scalar(0.0))
              .sum()
              .item_double();
      return sum / occurs.sum().item_double();
    }
  }

  /** Returns {@code float64 [classes²]}: n(i, j) at i · classes + j. */
  @Override
  public Tensor counts() {
    return confusion;
  }

  @Override
  public void restore(Tensor counts) {
    confusion.copy_(counts);
  }
}
