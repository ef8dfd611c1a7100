package org.noisylr.torch.distributed;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.Work;
import org.bytedeco.pytorch.global.torch;

/**
 * A question that all ranks answer again and again, such as whether to stop. Each call starts a
 * vote and returns the result of the one before, so that no rank waits for the others.
 */
public final class Vote implements AutoCloseable {
  private final Communicator group;
  private final Tensor yes;
  private Work pending;

  /**
   * @param group used until {@link #close}
   */
  public Vote(Communicator group) {
    this.group = group;
    try (PointerScope scope = new PointerScope()) {
      yes = torch.zeros(1).retainReference();
    }
  }

  /**
   * Votes. All ranks call this in the same order among their collective operations.
   *
   * @return whether a rank voted yes in the last call; the same on all ranks, false at first
   * @throws RankFailedException if a rank failed
   */
  public boolean any(boolean own) {
    boolean result = result();
    try (PointerScope scope = new PointerScope()) {
      yes.fill_(new Scalar(own ? 1.0 : 0.0));
      pending = group.group().allreduce(new TensorVector(yes)).retainReference();
    } catch (RuntimeException e) {
      throw group.explain(e);
    }
    return result;
  }

  private boolean result() {
    if (pending == null) {
      return false;
    }
    try (Work last = pending) {
      pending = null;
      last._wait();
    } catch (RuntimeException e) {
      throw group.explain(e);
    }
    return yes.item_float() > 0;
  }

  /** Waits for the last vote, unless a rank failed. */
  @Override
  public void close() {
    if (!group.failed().isDone()) {
      result();
    }
    yes.close();
  }
}
