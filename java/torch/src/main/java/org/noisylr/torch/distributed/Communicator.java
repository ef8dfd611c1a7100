package org.noisylr.torch.distributed;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.javacpp.chrono.Milliseconds;
import org.bytedeco.pytorch.Backend;
import org.bytedeco.pytorch.BackendOptional;
import org.bytedeco.pytorch.BroadcastOptions;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.GlooDeviceVector;
import org.bytedeco.pytorch.ProcessGroup;
import org.bytedeco.pytorch.ProcessGroup.BackendType;
import org.bytedeco.pytorch.ProcessGroupGloo;
import org.bytedeco.pytorch.Store;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.Work;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.DeviceType;
import org.bytedeco.pytorch.global.torch_gloo;
import org.bytedeco.pytorch.global.torch_nccl;
import org.bytedeco.pytorch.nccl.ProcessGroupNCCL;
import org.noisylr.check.InputException;
import org.noisylr.check.Reason;
import org.noisylr.torch.LibTorch;
import org.noisylr.torch.Tensors;
import org.noisylr.torch.internal.NativeLibrary;

/**
 * One rank of a group of processes that compute together: LibTorch's c10d, with Gloo for tensors on
 * the CPU and NCCL for tensors on a CUDA device.
 *
 * <p>All ranks call the same collective operations in the same order, on one thread each. If a rank
 * ends, they throw {@link RankFailedException} on the others after some seconds. An operation that
 * waits for a rank that is alive but hangs ends after 30 minutes; {@link #failed} completes
 * earlier.
 *
 * <p>c10d's log is limited to fatal errors, because its errors are thrown; the variable {@code
 * TORCH_CPP_LOG_LEVEL} sets another level.
 *
 * <p>NCCL has not been run yet.
 */
public final class Communicator implements AutoCloseable {
  /** PyTorch's default. */
  private static final Duration OPERATION_TIMEOUT = Duration.ofMinutes(30);

  private final Rendezvous place;
  private final Peers peers;
  private final ProcessGroup group;
  private boolean closed;

  private Communicator(Rendezvous place, Peers peers, ProcessGroup group) {
    this.place = place;
    this.peers = peers;
    this.group = group;
  }

  /**
   * Joins a group. All its ranks do so.
   *
   * @param device of this rank's tensors: with a CUDA device, the group has NCCL too
   * @param timeout how long to wait for the other ranks, at least a second
   * @throws InputException if ranks do not join in time or do not match; all ranks that joined
   *     throw it
   */
  public static Communicator join(Rendezvous place, Device device, Duration timeout) {
    LibTorch.load();
    Loader.load(torch_gloo.class);
    limitLog();
    Store store = Stores.open(place, timeout);
    Peers peers = new Peers(place, store);
    try {
      peers.join(timeout);
      return new Communicator(place, peers, connect(place, device, store, peers, timeout));
    } catch (RankFailedException | InputException e) {
      peers.close();
      throw e;
    } catch (RuntimeException e) {
      String reason = "cannot connect to the other ranks: " + Reason.firstLine(e);
      peers.report(reason);
      peers.close();
      throw new InputException(reason, e);
    }
  }

  /** Connects all ranks, unless one of them fails meanwhile. */
  private static ProcessGroup connect(
      Rendezvous place, Device device, Store store, Peers peers, Duration timeout) {
    Addresses addresses = Addresses.of(peers.gather(Addresses.host()));
    CompletableFuture<ProcessGroup> connected =
        Background.start(
            "connect", () -> group(place, device, store, peers.prefix(), addresses, timeout));
    try {
      CompletableFuture.anyOf(connected, peers.failed()).join();
      if (!connected.isDone()) {
        throw peers.failed().join();
      }
      return connected.join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof RuntimeException cause ? cause : e;
    }
  }

  /** c10d logs its errors with long traces, and throws them too. */
  private static void limitLog() {
    if (System.getenv("TORCH_CPP_LOG_LEVEL") == null) {
      NativeLibrary.logLevel(3);
    } else {
      torch.initLogging();
    }
  }

  private static ProcessGroup group(
      Rendezvous place,
      Device device,
      Store store,
      String prefix,
      Addresses addresses,
      Duration timeout) {
    try (PointerScope scope = new PointerScope()) {
      ProcessGroup group = new ProcessGroup(place.rank(), place.size());
      Backend gloo = gloo(place, Stores.share(store, prefix + "gloo"), addresses, timeout);
      set(group, DeviceType.CPU, BackendType.GLOO, gloo);
      if (device.is_cuda()) {
        Backend nccl = nccl(place, Stores.share(store, prefix + "nccl"));
        set(group, DeviceType.CUDA, BackendType.NCCL, nccl);
      }
      return group.retainReference();
    }
  }

  private static void set(
      ProcessGroup group, DeviceType device, BackendType type, Backend backend) {
    group.setBackend(device, type, new BackendOptional(backend));
    group.setDefaultBackend(type);
  }

  private static Backend gloo(
      Rendezvous place, Store store, Addresses addresses, Duration timeout) {
    String networkInterface = System.getenv(Addresses.INTERFACE);
    ProcessGroupGloo.Options options =
        ProcessGroupGloo.Options.create(new Milliseconds(timeout.toMillis()));
    options.devices(
        new GlooDeviceVector(
            networkInterface != null
                ? ProcessGroupGloo.createDeviceForInterface(networkInterface)
                : ProcessGroupGloo.createDeviceForHostname(addresses.own(place))));
    Backend gloo = new ProcessGroupGloo(store, place.rank(), place.size(), options);
    gloo.setTimeout(new Milliseconds(OPERATION_TIMEOUT.toMillis()));
    return gloo;
  }

  private static Backend nccl(Rendezvous place, Store store) {
    Loader.load(torch_nccl.class);
    return new ProcessGroupNCCL(store, place.rank(), place.size());
  }

  /** Returns the number of this process in the group, from 0. */
  public int rank() {
    return place.rank();
  }

  /** Returns the number of processes. */
  public int size() {
    return place.size();
  }

  /** Returns LibTorch's group, owned by this object. */
  ProcessGroup group() {
    return group;
  }

  /** Waits until all ranks have called this. */
  public void barrier() {
    complete(group::barrier);
  }

  /**
   * Sums a tensor of all ranks, element by element, in place.
   *
   * @param tensor of the same shape and type on all ranks, contiguous
   */
  public void allReduce(Tensor tensor) {
    complete(() -> group.allreduce(new TensorVector(tensor)));
  }

  /**
   * Copies a rank's tensor to all ranks.
   *
   * @param tensor of the same shape and type on all ranks, contiguous; read on {@code root},
   *     written on the others
   * @param root the rank to copy from
   */
  public void broadcast(Tensor tensor, int root) {
    BroadcastOptions options = new BroadcastOptions().rootRank(root);
    complete(() -> group.broadcast(new TensorVector(tensor), options));
  }

  /**
   * Returns a rank's bytes on all ranks.
   *
   * @param bytes read on {@code root} only
   * @param root the rank to copy from
   */
  public byte[] broadcast(byte[] bytes, int root) {
    try (PointerScope scope = new PointerScope()) {
      Tensor length = Tensors.of(new int[] {rank() == root ? bytes.length : 0}, 1);
      broadcast(length, root);
      byte[] copied = rank() == root ? bytes : new byte[length.item_int()];
      Tensor values = Tensors.of(copied, copied.length);
      broadcast(values, root);
      new BytePointer(values.data_ptr()).get(copied);
      return copied;
    }
  }

  /**
   * Returns the texts that the ranks give, in the order of the ranks. The texts travel through the
   * store: short ones, now and then. This has no timeout: it waits as long as all ranks are alive.
   *
   * @throws RankFailedException if a rank failed
   */
  public List<String> gather(String text) {
    return peers.gather(text);
  }

  /**
   * Reports that this rank failed: {@link #failed} completes on all ranks. Operations of the others
   * that wait for this rank throw once it closes its connections, at the latest when it ends.
   *
   * @param reason not empty
   */
  public void fail(String reason) {
    peers.report(reason);
  }

  /**
   * Completes when a rank has failed or is lost, also while a collective operation waits for it. A
   * program can end itself then instead of waiting for the timeout of 30 minutes.
   */
  public CompletableFuture<RankFailedException> failed() {
    return peers.failed();
  }

  /** Waits for an operation. */
  private void complete(Supplier<Work> operation) {
    try (PointerScope scope = new PointerScope()) {
      operation.get()._wait();
    } catch (RuntimeException e) {
      throw peers.explain(e);
    }
  }

  /** Returns the reason for an error of an operation of this group: the rank that failed. */
  RuntimeException explain(RuntimeException error) {
    return peers.explain(error);
  }

  /**
   * Leaves the group. Rank 0 waits up to 10 s until the others have left, if it serves the store.
   * After a failure, the native group is not freed, because an operation may hang in it.
   */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    if (!peers.failed().isDone()) {
      group.close();
    }
    peers.close();
  }
}
