package org.noisylr.train.process;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.noisylr.check.Reason;
import org.noisylr.torch.distributed.Rendezvous;
import org.noisylr.train.loop.StopSignal;

/**
 * The ranks of a group on this machine, each a process. They end together: if one fails, so do the
 * others.
 */
public final class LocalRanks {
  private static final String PARENT = "NOISYLR_PARENT";

  /** Exit codes of 128 plus SIGHUP, SIGINT or SIGTERM, after which a rank has saved. */
  private static final Set<Integer> STOPPED = Set.of(129, 130, 143);

  /** How long the other ranks may take to notice that one has failed. */
  private static final long PATIENCE_SECONDS = 45;

  private LocalRanks() {}

  /**
   * How the ranks ended.
   *
   * @param exitCode 0, or that of the first rank that failed; 1 if it was killed
   * @param killed names a rank that was killed; empty if there is none
   */
  public record End(int exitCode, String killed) {}

  /**
   * Starts the ranks and waits for their end.
   *
   * @param program the main class and arguments of a program that joins the group of its
   *     environment
   * @param stop ends the ranks with SIGTERM
   */
  public static End run(int processes, List<String> program, StopSignal stop) {
    try {
      Path folder = Files.createTempDirectory("noisylr-ranks");
      Path store = folder.resolve("store");
      try {
        List<Process> ranks = new CopyOnWriteArrayList<>();
        stop.whenRequested(() -> ranks.forEach(Process::destroy));
        try {
          for (int rank = 0; rank < processes; rank++) {
            ranks.add(start(rank, processes, store, program));
          }
        } catch (IOException e) {
          ranks.forEach(Process::destroyForcibly);
          throw e;
        }
        if (stop.isRequested()) {
          ranks.forEach(Process::destroy);
        }
        return await(ranks, stop);
      } finally {
        Files.deleteIfExists(store);
        Files.delete(folder);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot start the ranks: " + Reason.of(e, ""), e);
    }
  }

  private static Process start(int rank, int processes, Path store, List<String> program)
      throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(JavaProgram.command(program))
            // Without standard input, rank 0 does not recognise its terminal.
            .redirectInput(
                rank == 0
                    ? ProcessBuilder.Redirect.INHERIT
                    : ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
            .redirectOutput(ProcessBuilder.Redirect.INHERIT)
            .redirectError(ProcessBuilder.Redirect.INHERIT);
    Map<String, String> environment = builder.environment();
    leaveGroup(environment);
    environment.put("RANK", Integer.toString(rank));
    environment.put("LOCAL_RANK", Integer.toString(rank));
    environment.put("WORLD_SIZE", Integer.toString(processes));
    environment.put("LOCAL_WORLD_SIZE", Integer.toString(processes));
    environment.put(Rendezvous.STORE_FILE, store.toString());
    return builder.start();
  }

  /**
   * Removes the place in a group from the environment of a process to start, which can then start
   * ranks. {@link #stopWithParent} ends it with this process.
   */
  public static void leaveGroup(Map<String, String> environment) {
    environment.keySet().removeAll(Rendezvous.VARIABLES);
    environment.put(PARENT, Long.toString(ProcessHandle.current().pid()));
  }

  /** Returns whether another process started this one and stops it. */
  public static boolean isChild() {
    return System.getenv(PARENT) != null;
  }

  private static End await(List<Process> ranks, StopSignal stop) {
    BlockingQueue<Integer> ended = new LinkedBlockingQueue<>();
    for (int rank = 0; rank < ranks.size(); rank++) {
      int number = rank;
      ranks.get(rank).onExit().thenRun(() -> ended.add(number));
    }
    End end = new End(0, "");
    try {
      for (int i = 0; i < ranks.size(); i++) {
        int rank = ended.take();
        int exitCode = ranks.get(rank).exitValue();
        boolean stopped = STOPPED.contains(exitCode) || stop.isRequested();
        if (exitCode != 0 && (end.exitCode == 0 || STOPPED.contains(end.exitCode))) {
          boolean killed = exitCode > 128 && !stopped;
          end =
              killed
                  ? new End(1, "rank %d was killed by signal %d".formatted(rank, exitCode - 128))
                  : new End(exitCode, "");
          if (!stopped) {
            CompletableFuture.delayedExecutor(killed ? 0 : PATIENCE_SECONDS, TimeUnit.SECONDS)
                .execute(() -> ranks.forEach(Process::destroyForcibly));
          }
        }
      }
      return end;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      ranks.forEach(Process::destroyForcibly);
      return new End(1, "the wait for the ranks was interrupted");
    }
  }

  /** Requests a stop when the process has died that started this one by {@link #leaveGroup}. */
  public static void stopWithParent(StopSignal stop) {
    if (isChild()) {
      String parent = System.getenv(PARENT);
      Optional<ProcessHandle> process = ProcessHandle.of(Long.parseLong(parent));
      process.ifPresentOrElse(handle -> handle.onExit().thenRun(stop::request), stop::request);
    }
  }
}
