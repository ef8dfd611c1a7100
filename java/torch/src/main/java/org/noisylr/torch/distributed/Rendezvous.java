package org.noisylr.torch.distributed;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.noisylr.check.Check;
import org.noisylr.check.InputException;

/**
 * The place of a process in a group and the store where the group meets.
 *
 * @param rank in [0, size)
 * @param size the number of processes, at least 1
 * @param localRank the number of this process among those on its machine, at least 0; selects the
 *     CUDA device
 * @param store where the ranks meet
 * @param attempt the number of restarts of the group, at least 0; each start has keys of its own in
 *     a store that outlives the group
 */
public record Rendezvous(int rank, int size, int localRank, StoreAddress store, int attempt) {
  /** The port of {@link #fromEnvironment()} without {@code MASTER_PORT}: PyTorch's default. */
  public static final int DEFAULT_PORT = 29_500;

  /** The variable that names a {@link StoreAddress.File} instead of {@code MASTER_ADDR}. */
  public static final String STORE_FILE = "NOISYLR_STORE_FILE";

  /** The variables that {@link #fromEnvironment()} reads. */
  public static final Set<String> VARIABLES =
      Set.of(
          "RANK",
          "WORLD_SIZE",
          "LOCAL_RANK",
          "SLURM_PROCID",
          "SLURM_NTASKS",
          "SLURM_LOCALID",
          "MASTER_ADDR",
          "MASTER_PORT",
          STORE_FILE,
          "TORCHELASTIC_USE_AGENT_STORE",
          "TORCHELASTIC_RESTART_COUNT");

  /** Validates the values. */
  public Rendezvous {
    Check.atLeast("size", size, 1);
    Check.within("rank", (long) rank, 0, size - 1L);
    Check.atLeast("local rank", localRank, 0);
    Check.required("store", store);
    Check.atLeast("attempt", attempt, 0);
  }

  /** Returns whether this rank serves the store to the others. */
  boolean isServer() {
    return rank == 0 && store instanceof StoreAddress.Tcp tcp && !tcp.served();
  }

  /**
   * Returns the place that a launcher gave to this process, in the variables that PyTorch's {@code
   * init_process_group} reads:
   *
   * <ul>
   *   <li>{@code RANK}, {@code WORLD_SIZE} and {@code LOCAL_RANK}; where they are missing, Slurm's
   *       {@code SLURM_PROCID}, {@code SLURM_NTASKS} and {@code SLURM_LOCALID}.
   *   <li>{@code MASTER_ADDR} and {@code MASTER_PORT}, the address of the store; or {@link
   *       #STORE_FILE}, a file on a file system that all ranks share.
   *   <li>{@code TORCHELASTIC_USE_AGENT_STORE} and {@code TORCHELASTIC_RESTART_COUNT} of torchrun.
   * </ul>
   *
   * @return empty if no launcher set these variables; Slurm's alone, without an address, do not
   *     make a group
   * @throws InputException if a variable is missing or has a wrong value
   */
  public static Optional<Rendezvous> fromEnvironment() {
    return fromEnvironment(System.getenv());
  }

  static Optional<Rendezvous> fromEnvironment(Map<String, String> environment) {
    boolean launched = environment.containsKey("RANK") || environment.containsKey("WORLD_SIZE");
    boolean slurm =
        environment.containsKey("SLURM_PROCID")
            && (environment.containsKey("MASTER_ADDR") || environment.containsKey(STORE_FILE));
    if (!launched && !slurm) {
      return Optional.empty();
    }
    String rank = launched ? "RANK" : "SLURM_PROCID";
    String size = launched ? "WORLD_SIZE" : "SLURM_NTASKS";
    String localRank = environment.containsKey("LOCAL_RANK") ? "LOCAL_RANK" : "SLURM_LOCALID";
    try {
      return Optional.of(
          new Rendezvous(
              required(environment, rank, size),
              required(environment, size, rank),
              integer(environment, localRank, 0),
              store(environment),
              integer(environment, "TORCHELASTIC_RESTART_COUNT", 0)));
    } catch (InputException e) {
      throw e.named(
          Map.of("rank", rank, "size", size, "local rank", localRank, "port", "MASTER_PORT"));
    }
  }

  private static StoreAddress store(Map<String, String> environment) {
    String file = environment.get(STORE_FILE);
    if (file != null) {
      return new StoreAddress.File(Path.of(file));
    }
    String host = environment.get("MASTER_ADDR");
    if (host == null) {
      throw InputException.of("MASTER_ADDR", "is required, because RANK is set");
    }
    return new StoreAddress.Tcp(
        host,
        integer(environment, "MASTER_PORT", DEFAULT_PORT),
        Boolean.parseBoolean(environment.get("TORCHELASTIC_USE_AGENT_STORE")));
  }

  private static int required(Map<String, String> environment, String name, String other) {
    if (!environment.containsKey(name)) {
      throw InputException.of(name, "is required, because " + other + " is set");
    }
    return integer(environment, name, 0);
  }

  private static int integer(Map<String, String> environment, String name, int missing) {
    String value = environment.get(name);
    try {
      return value == null ? missing : Integer.parseInt(value);
    } catch (NumberFormatException e) {
      throw Check.invalid(name, value, "an integer");
    }
  }
}
