package org.noisylr.train.loop;

import java.util.function.Function;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.LossClosure;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.noisylr.torch.Tensors;
import org.noisylr.torch.optim.CapturedStep;
import org.noisylr.torch.optim.FusedOptimizer;

/** Steps of full batches as captured steps, which read the batch's indices from one tensor. */
final class CapturedPass implements AutoCloseable {
  private final Tensor indices;
  private final Closure closure;
  private final CapturedStep step;

  /** Keeps the tensors of the last pass, which replays overwrite. */
  private static final class Closure extends LossClosure {
    private final Function<Tensor, Pass> pass;
    private final Tensor indices;
    private Pass last;

    private Closure(Function<Tensor, Pass> pass, Tensor indices) {
      this.pass = pass;
      this.indices = indices;
    }

    @Override
    public Tensor call() {
      Pass next = pass.apply(indices);
      next.retain();
      release();
      last = next;
      return last.loss();
    }

    private void release() {
      if (last != null) {
        last.close();
        last = null;
      }
    }
  }

  /**
   * @param pass the forward and backward pass of the examples with the given indices
   */
  CapturedPass(
      FusedOptimizer optimizer, Function<Tensor, Pass> pass, int batchSize, Device device) {
    indices = torch.zeros(new long[] {batchSize}, Tensors.options(device, torch.ScalarType.Long));
    closure = new Closure(pass, indices);
    step = new CapturedStep(optimizer, closure);
  }

  /** Takes a step. The result is valid until the next one. */
  Pass step(Tensor batch) {
    indices.copy_(batch);
    step.step();
    return closure.last;
  }

  @Override
  public void close() {
    step.close();
    closure.release();
    closure.close();
    indices.close();
  }
}
