package org.noisylr.torch.distributed;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.BoolVector;
import org.bytedeco.pytorch.LongVector;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Reducer;
import org.bytedeco.pytorch.SizeTStringMap;
import org.bytedeco.pytorch.SizeTVector;
import org.bytedeco.pytorch.SizeTVectorVector;
import org.bytedeco.pytorch.StringTensorDict;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * Trains copies of a module on all ranks of a group, each with its own examples, as PyTorch's
 * {@code DistributedDataParallel} does: all ranks start with rank 0's parameters and buffers, and
 * {@link #backward} replaces each gradient by its mean over the ranks. So all ranks take the same
 * steps. Buffers, such as the statistics of BatchNorm, remain the ranks' own.
 *
 * <pre>{@code
 * try (DataParallel parallel = new DataParallel(net, group)) {
 *   for (...) {
 *     optimizer.zero_grad();
 *     parallel.backward(loss); // instead of loss.backward()
 *     optimizer.step();
 *   }
 * }
 * }</pre>
 *
 * <p>The mean of gradients is the gradient of the whole batch if each rank's loss is the mean over
 * its examples and all ranks have the same number of examples. Otherwise, scale the loss by {@code
 * size · examples of this rank / examples of all ranks}.
 *
 * <p>To accumulate gradients of several batches, call {@code loss.backward()} for all but the last:
 * only {@link #backward} reduces.
 *
 * <p>The reduction is LibTorch's {@code c10d::Reducer}: gradients are summed in buckets of up to 25
 * MiB while the backward pass runs.
 */
public final class DataParallel implements AutoCloseable {
  private static final long FIRST_BUCKET = 1L << 20;
  private static final long BUCKET = 25L << 20;
  private static final Pattern UNUSED =
      Pattern.compile("did not receive grad for rank \\d+: ([\\d ]+)");

  private final Communicator group;
  private final List<String> names;
  private final Reducer reducer;

  /**
   * Copies rank 0's parameters and buffers to this rank.
   *
   * @param module with the same parameters on all ranks, whose values may differ; used, not owned
   * @param group used until {@link #close}
   * @throws RankFailedException if a rank failed
   */
  public DataParallel(Module module, Communicator group) {
    this.group = group;
    try (PointerScope scope = new PointerScope()) {
      StringTensorDict parameters = module.named_parameters();
      List<Tensor> trained = new ArrayList<>();
      names = new ArrayList<>();
      for (long i = 0; i < parameters.size(); i++) {
        Tensor parameter = parameters.values().get(i);
        if (parameter.requires_grad()) {
          trained.add(parameter);
          names.add(parameters.keys().get(i).getString());
        }
      }
      broadcast(parameters.values());
      broadcast(module.buffers());
      reducer = reducer(new TensorVector(trained.toArray(Tensor[]::new))).retainReference();
    }
  }

  /** Copies rank 0's buffers of a module to this rank. */
  public void broadcastBuffers(Module module) {
    try (PointerScope scope = new PointerScope()) {
      broadcast(module.buffers());
    }
  }

  private void broadcast(TensorVector tensors) {
    if (tensors.empty()) {
      return;
    }
    try (AutoGradMode noGrad = new AutoGradMode(false)) {
      torch.broadcast_coalesced(group.group(), tensors, BUCKET, 0);
    } catch (RuntimeException e) {
      throw group.explain(e);
    }
  }

  private Reducer reducer(TensorVector parameters) {
    boolean[] sparse = new boolean[names.size()];
    SizeTVectorVector assigned =
        torch
            .compute_bucket_assignment_by_size(parameters, new SizeTVector(FIRST_BUCKET, BUCKET))
            .get0();
    // The backward pass computes the last parameters' gradients first.
    SizeTVectorVector buckets = new SizeTVectorVector(assigned.size());
    for (long i = 0; i < assigned.size(); i++) {
      buckets.put(i, assigned.get(assigned.size() - 1 - i));
    }
    SizeTStringMap nameOfIndex = new SizeTStringMap();
    for (int i = 0; i < names.size(); i++) {
      nameOfIndex.put(i, names.get(i));
    }
    return new Reducer(
        parameters,
        buckets,
        group.group(),
        new BoolVector(sparse),
        BUCKET,
        false,
        false,
        nameOfIndex,
        FIRST_BUCKET,
        false,
        false,
        new LongVector());
  }

  /**
   * Computes the gradients of a loss and adds to them those that were accumulated before; then
   * replaces them by the means over all ranks. Returns when all are reduced.
   *
   * @param loss a scalar that depends on all parameters
   * @throws IllegalStateException if a parameter was not used; the message names it, and the other
   *     ranks throw {@link RankFailedException}
   * @throws RankFailedException if another rank failed
   */
  public void backward(Tensor loss) {
    try (PointerScope scope = new PointerScope()) {
      reducer.prepare_for_forward();
      if (reducer.should_rebuild_buckets()) {
        reducer.rebuild_buckets();
      }
      reducer.prepare_for_backward(new TensorVector());
      loss.backward();
    } catch (RuntimeException e) {
      throw group.explain(e);
    }
    try {
      reducer.check_finalized();
    } catch (RuntimeException e) {
      throw unused(e);
    }
  }

  private IllegalStateException unused(RuntimeException e) {
    Matcher matcher = UNUSED.matcher(e.getMessage());
    String message =
        matcher.find()
            ? "the loss does not depend on "
                + Pattern.compile(" ")
                    .splitAsStream(matcher.group(1).strip())
                    .map(index -> names.get(Integer.parseInt(index)))
                    .collect(Collectors.joining(", "))
            : e.getMessage();
    group.fail(message);
    return new IllegalStateException(message, e);
  }

  @Override
  public void close() {
    reducer.close();
  }
}
