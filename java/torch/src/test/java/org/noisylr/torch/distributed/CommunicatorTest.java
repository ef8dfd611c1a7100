package org.noisylr.torch.distributed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.noisylr.check.InputException;
import org.noisylr.torch.Tensors;

@Tag("slow")
class CommunicatorTest {
  @TempDir private Path folder;

  private enum Kind {
    TCP,
    FILE
  }

  private StoreAddress store(Kind kind) {
    return kind == Kind.TCP ? Group.tcp() : Group.file(folder);
  }

  @ParameterizedTest
  @EnumSource
  void tensorsAreSummedAndCopied(Kind kind) {
    List<List<Double>> results =
        Group.run(
            3,
            store(kind),
            group -> {
              Tensor sum = Tensors.of(new double[] {group.rank() + 1.0}, 1);
              group.allReduce(sum);
              Tensor copy = Tensors.of(new double[] {group.rank()}, 1);
              group.broadcast(copy, 2);
              group.barrier();
              return List.of(sum.item_double(), copy.item_double());
            });
    assertThat(results).containsOnly(List.of(6.0, 2.0)).hasSize(3);
    assertThat(folder).as("the last rank deletes the file").isEmptyDirectory();
  }

  @Test
  void textsAreGatheredInTheOrderOfTheRanks() {
    List<List<String>> results =
        Group.run(
            3,
            Group.tcp(),
            group -> {
              List<String> texts = new ArrayList<>(group.gather("rank " + group.rank()));
              texts.addAll(group.gather(group.rank() == 1 ? "" : "ä\nö: 1"));
              return texts;
            });
    assertThat(results)
        .hasSize(3)
        .containsOnly(List.of("rank 0", "rank 1", "rank 2", "ä\nö: 1", "", "ä\nö: 1"));
  }

  @Test
  void bytesAreCopiedFromOneRank() {
    List<byte[]> results =
        Group.run(
            2,
            Group.tcp(),
            group -> group.broadcast(group.rank() == 1 ? new byte[] {1, -2, 3} : null, 1));
    assertThat(results).hasSize(2).containsOnly(new byte[] {1, -2, 3});
  }

  @Test
  void aVoteIsKnownOneCallLaterAndIsTheSameOnAllRanks() {
    List<List<Boolean>> results =
        Group.run(
            3,
            Group.tcp(),
            group -> {
              List<Boolean> answers = new ArrayList<>();
              try (Vote vote = new Vote(group)) {
                for (int i = 0; i < 4; i++) {
                  answers.add(vote.any(i == 1 && group.rank() == 2));
                }
              }
              return answers;
            });
    assertThat(results).hasSize(3).containsOnly(List.of(false, false, true, false));
  }

  @Test
  void groupsThatRestartUseOneStoreAgain() {
    StoreAddress file = Group.file(folder);
    for (int attempt = 0; attempt < 2; attempt++) {
      int number = attempt;
      List<Rendezvous> places =
          List.of(new Rendezvous(0, 2, 0, file, number), new Rendezvous(1, 2, 0, file, number));
      List<Double> sums =
          Group.run(
              places,
              place -> {
                try (Communicator group = Group.join(place, 30)) {
                  Tensor one = Tensors.of(new double[] {1}, 1);
                  group.allReduce(one);
                  return one.item_double();
                }
              });
      assertThat(sums).containsExactly(2.0, 2.0);
    }
  }

  @Test
  void theReasonOfARankThatFailsReachesTheOthers() {
    List<String> results =
        Group.run(
            2,
            Group.tcp(),
            group -> {
              if (group.rank() == 1) {
                group.fail("the disk is full");
              }
              return catchThrowable(() -> group.failed().get(10, TimeUnit.SECONDS)) == null
                  ? group.failed().join().getMessage()
                  : "no failure";
            });
    assertThat(results).containsExactly("rank 1: the disk is full", "rank 1: the disk is full");
  }

  @Test
  void aRankThatDoesNotComeIsNamedOnAllOthers() {
    StoreAddress store = Group.tcp();
    List<String> errors =
        Group.run(List.of(place(0, 4, store), place(2, 4, store)), place -> joinError(place, 2));
    assertThat(errors).containsOnly("only 2 of 4 ranks joined within 2 s; missing: rank 1, rank 3");
  }

  @Test
  void aMissingServerOfTheStoreIsNamed() {
    StoreAddress.Tcp store = (StoreAddress.Tcp) Group.tcp();
    assertThat(joinError(place(1, 2, store), 1))
        .isEqualTo(
            "rank 1 cannot reach the store at localhost:%d within 1 s; rank 0 must run there"
                .formatted(store.port()));
  }

  @Test
  void twoProcessesWithOneRankAreRejectedOnAllRanks() {
    StoreAddress store = Group.tcp();
    List<String> errors =
        Group.run(
            List.of(place(0, 3, store), place(1, 3, store), place(1, 3, store)),
            place -> joinError(place, 20));
    assertThat(errors).containsOnly("two processes have rank 1");
  }

  @Test
  void differentNumbersOfRanksAreRejectedOnAllRanks() {
    StoreAddress store = Group.tcp();
    List<String> errors =
        Group.run(List.of(place(0, 2, store), place(1, 3, store)), place -> joinError(place, 20));
    assertThat(errors)
        .hasSize(2)
        .containsAnyOf(
            "the number of ranks is 2 on rank 0, but 3 on another rank",
            "the number of ranks is 3 on rank 1, but 2 on another rank");
    assertThat(errors.get(0)).isEqualTo(errors.get(1));
  }

  @Test
  void aPortInUseIsNamed() throws IOException {
    try (ServerSocket other = new ServerSocket(0)) {
      StoreAddress store = new StoreAddress.Tcp("localhost", other.getLocalPort(), false);
      assertThat(joinError(place(0, 2, store), 5))
          .isEqualTo("port %d (MASTER_PORT) is already in use".formatted(other.getLocalPort()));
    }
  }

  @Test
  void aFileThatCannotBeWrittenIsNamed() throws IOException {
    Path file = Files.createFile(folder.resolve("file"));
    StoreAddress store = new StoreAddress.File(file.resolve("store"));
    assertThat(joinError(place(0, 2, store), 1)).startsWith("cannot open the store at " + file);
  }

  @Test
  void closingTwiceDoesNothing() {
    Group.run(
        2,
        Group.tcp(),
        group -> {
          group.close();
          group.close();
          return null;
        });
  }

  private static Rendezvous place(int rank, int size, StoreAddress store) {
    return new Rendezvous(rank, size, 0, store, 0);
  }

  private static String joinError(Rendezvous place, int seconds) {
    Throwable error = catchThrowable(() -> Group.join(place, seconds).close());
    assertThat(error).isInstanceOf(InputException.class);
    return error.getMessage();
  }
}
