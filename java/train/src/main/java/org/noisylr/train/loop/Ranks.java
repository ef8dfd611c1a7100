package org.noisylr.train.loop;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.noisylr.torch.distributed.Communicator;
import org.noisylr.torch.distributed.DataParallel;
import org.noisylr.torch.distributed.Vote;
import org.noisylr.torch.model.Model;
import org.noisylr.train.data.BatchPart;
import org.noisylr.train.metric.Score;

/**
 * The processes that train a model together: this one alone, or the ranks of a group. Each computes
 * a part of every batch. All ranks take the same steps.
 */
final class Ranks implements AutoCloseable {
  private static final long SUM = 2; // at::Reduction::Sum

  private final Model model;
  private final Communicator group;
  private final DataParallel parallel;
  private final Vote stop;

  /**
   * @param group used until {@link #close}; null for this process alone
   */
  Ranks(Model model, Communicator group) {
    this.model = model;
    this.group = group;
    parallel = group == null ? null : new DataParallel(model, group);
    stop = group == null ? null : new Vote(group);
  }

  int rank() {
    return group == null ? 0 : group.rank();
  }

  int size() {
    return group == null ? 1 : group.size();
  }

  /** Returns this rank's part of a batch. */
  BatchPart part(int batch) {
    return BatchPart.of(batch, rank(), size());
  }

  /** Returns whether a stop was requested on any rank; the ranks agree. */
  boolean isStopRequested(StopSignal signal) {
    return group == null ? signal.isRequested() : stop.any(signal.isRequested());
  }

  /** Sums a tensor over the ranks, in place. */
  void sum(Tensor tensor) {
    if (group != null) {
      group.allReduce(tensor);
    }
  }

  /** Sums the counts of a score over the ranks. */
  void sum(Score score) {
    if (group != null) {
      Tensor counts = score.counts();
      group.allReduce(counts);
      score.restore(counts);
    }
  }

  /** Copies rank 0's buffers, such as the statistics of BatchNorm, to this rank. */
  void shareBuffers() {
    if (group != null) {
      parallel.broadcastBuffers(model);
    }
  }

  /**
   * Computes the gradients of the mean cross-entropy of a whole batch.
   *
   * @param logits of this rank's part
   * @param targets of this rank's part
   * @param batch the number of examples in the whole batch
   * @return this part's share of the loss: the sum over the ranks is the loss
   */
  Tensor backward(Tensor logits, Tensor targets, long batch) {
    if (group == null) {
      Tensor loss = torch.cross_entropy(logits, targets);
      loss.backward();
      return loss;
    }
    Tensor sum =
        torch.cross_entropy_loss(logits, targets, new TensorOptional(), SUM, Score.IGNORED, 0);
    Tensor share =
        targets.dim() == 1 ? sum.div(new Scalar((double) batch)) : sum.div(counted(targets));
    parallel.backward(share.mul(new Scalar((double) group.size())));
    return share;
  }

  /** Returns the number of targets of the whole batch that are not ignored. */
  private Tensor counted(Tensor targets) {
    Tensor count = targets.ne(new Scalar(Score.IGNORED)).sum();
    group.allReduce(count);
    return count;
  }

  @Override
  public void close() {
    if (group != null) {
      stop.close();
      parallel.close();
    }
  }
}
