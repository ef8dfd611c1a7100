package org.noisylr.launcher;

import java.io.PrintWriter;
import java.io.Writer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.IntSupplier;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.global.torch;
import org.noisylr.check.InputException;
import org.noisylr.check.Reason;
import org.noisylr.torch.LibTorch;
import org.noisylr.torch.distributed.Communicator;
import org.noisylr.torch.distributed.RankFailedException;
import org.noisylr.torch.distributed.Rendezvous;
import org.noisylr.train.loop.DivergedException;
import org.noisylr.train.run.AgreedInputException;
import picocli.CommandLine;

/**
 * This process as a rank of a group. Each error is reported by one rank: by rank 0 if all ranks
 * agree on it, else by the rank that has it or notices it first.
 */
final class GroupMember implements AutoCloseable {
  /** How long joining, or an operation that waits for a failed rank, may take unnoticed. */
  private static final long PATIENCE_SECONDS = 10;

  private final Communicator group;
  private final AtomicBoolean reported = new AtomicBoolean();

  private GroupMember(Communicator group) {
    this.group = group;
    group
        .failed()
        .thenAcceptAsync(
            this::end, CompletableFuture.delayedExecutor(PATIENCE_SECONDS, TimeUnit.SECONDS));
  }

  /**
   * Joins the group. From then on, only rank 0 writes what the command reports.
   *
   * @param cuda whether CUDA may be used where it is available
   */
  static GroupMember join(
      Rendezvous place, boolean cuda, Duration timeout, CommandLine commandLine) {
    LibTorch.load();
    Device device = new Device(cuda && torch.cuda_is_available() ? "cuda" : "cpu");
    Thread notice = new Thread(() -> explainWait(place, timeout), "notice");
    notice.setDaemon(true);
    notice.start();
    GroupMember member;
    try {
      member = new GroupMember(Communicator.join(place, device, timeout));
    } finally {
      notice.interrupt();
    }
    if (place.rank() > 0) {
      commandLine.setErr(new PrintWriter(Writer.nullWriter()));
      DataNotes.silence();
    }
    return member;
  }

  private static void explainWait(Rendezvous place, Duration timeout) {
    try {
      TimeUnit.SECONDS.sleep(PATIENCE_SECONDS);
      System.err.printf(
          "noisylr: rank %d waits for the other ranks at %s, up to %d s%n",
          place.rank(), place.store(), timeout.toSeconds());
    } catch (InterruptedException e) {
      // The ranks have joined.
    }
  }

  Communicator group() {
    return group;
  }

  /** Runs a command on this rank; returns its exit code. */
  int run(IntSupplier command) {
    try {
      return command.getAsInt();
    } catch (RankFailedException e) {
      report(e);
      return Noisylr.RUN_FAILED;
    } catch (AgreedInputException | DivergedException e) {
      throw e; // on all ranks
    } catch (RuntimeException | Error e) {
      String reason = Reason.firstLine(e);
      group.fail(reason);
      boolean first = group.failed().join().reporter() == group.rank();
      if (first && !reported.getAndSet(true)) {
        System.err.printf("noisylr: rank %d: %s%n", group.rank(), reason);
        if (!Noisylr.isExpected(e)) {
          e.printStackTrace();
        }
      }
      return e instanceof InputException ? Noisylr.BAD_INPUT : Noisylr.RUN_FAILED;
    }
  }

  private void report(RankFailedException e) {
    if (e.isLost() && e.reporter() == group.rank() && !reported.getAndSet(true)) {
      System.err.println("noisylr: " + e.getMessage());
    }
  }

  private void end(RankFailedException e) {
    report(e);
    Runtime.getRuntime().halt(Noisylr.RUN_FAILED);
  }

  @Override
  public void close() {
    group.close();
  }
}
