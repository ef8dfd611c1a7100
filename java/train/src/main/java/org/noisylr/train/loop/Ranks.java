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
  /** Of {@code at::Reduction}. */
  private static final long MEAN = 1;

  private static final long SUM = 2;

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
   * Computes and accumulates this batch's share of the gradients of a step's mean cross-entropy.
   *
   * @param logits of this rank's part
   * @param targets of this rank's part
   * @param smoothing label smoothing
   * @param batch the number of examples of the batch on all ranks
   * @param share of the batch in the examples of the step
   * @param last whether it is the last batch of the step, after which the gradients are reduced
   * @return this part's share of the step's loss: the sum over ranks and batches is the loss
   */
  Tensor backward(
      Tensor logits, Tensor targets, double smoothing, int batch, double share, boolean last) {
    if (group == null) {
      Tensor loss = scaled(crossEntropy(logits, targets, MEAN, smoothing), share);
      loss.backward();
      return loss;
    }
    Tensor sum = crossEntropy(logits, targets, SUM, smoothing);
    Tensor mean =
        targets.dim() == 1 ? sum.div(new Scalar((double) batch)) : sum.div(counted(targets));
    Tensor loss = scaled(mean, share);
    Tensor own = loss.mul(new Scalar((double) group.size()));
    if (last) {
      parallel.backward(own);
    } else {
      own.backward();
    }
    return loss;
  }

  private static Tensor crossEntropy(
      Tensor logits, Tensor targets, long reduction, double smoothing) {
    return torch.cross_entropy_loss(
        logits, targets, new TensorOptional(), reduction, Score.IGNORED, smoothing);
  }

  private static Tensor scaled(Tensor loss, double share) {
    return share == 1 ? loss : loss.mul(new Scalar(share));
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
