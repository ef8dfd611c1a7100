package org.noisylr.torch.distributed;

/**
 * A rank of the group failed or is lost, so that the group cannot continue. The message names the
 * rank.
 */
public final class RankFailedException extends RuntimeException {
  private final int rank;
  private final int reporter;
  private final String reason;

  /**
   * @param reporter the rank that noticed it first
   * @param reason what the rank reported; empty if it is lost
   */
  RankFailedException(int rank, int reporter, String reason) {
    super("rank " + rank + (reason.isEmpty() ? " is lost" : ": " + reason));
    this.rank = rank;
    this.reporter = reporter;
    this.reason = reason;
  }

  /** Returns the rank that failed. */
  public int rank() {
    return rank;
  }

  /**
   * Returns the rank that noticed the failure first, which may be {@link #rank} itself: one rank
   * that can tell users.
   */
  public int reporter() {
    return reporter;
  }

  /** Returns whether the rank ended or could not be reached, and so did not report a reason. */
  public boolean isLost() {
    return reason.isEmpty();
  }

  /** Returns what the rank reported. */
  String reason() {
    return reason;
  }
}
