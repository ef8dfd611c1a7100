package org.noisylr.torch.distributed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.noisylr.check.InputException;

class RendezvousTest {
  private static final Map<String, String> TORCHRUN =
      Map.of(
          "RANK", "3",
          "WORLD_SIZE", "4",
          "LOCAL_RANK", "1",
          "MASTER_ADDR", "node0",
          "MASTER_PORT", "1234",
          "TORCHELASTIC_USE_AGENT_STORE", "True",
          "TORCHELASTIC_RESTART_COUNT", "2");

  private static Map<String, String> with(Map<String, String> environment, String... changes) {
    Map<String, String> changed = new HashMap<>(environment);
    for (int i = 0; i < changes.length; i += 2) {
      changed.put(changes[i], changes[i + 1]);
    }
    return changed;
  }

  @Test
  void aProgramThatNoLauncherStartedHasNoPlace() {
    assertThat(Rendezvous.fromEnvironment(Map.of("HOME", "/root"))).isEmpty();
  }

  @Test
  void torchrunServesTheStoreAndCountsItsRestarts() {
    assertThat(Rendezvous.fromEnvironment(TORCHRUN))
        .contains(new Rendezvous(3, 4, 1, new StoreAddress.Tcp("node0", 1234, true), 2));
  }

  @Test
  void withoutATorchrunAgentRankZeroServesTheStoreAtPyTorchsPort() {
    Rendezvous place =
        Rendezvous.fromEnvironment(Map.of("RANK", "0", "WORLD_SIZE", "2", "MASTER_ADDR", "node0"))
            .orElseThrow();
    assertThat(place.store()).isEqualTo(new StoreAddress.Tcp("node0", 29500, false));
    assertThat(place.isServer()).isTrue();
    assertThat(place.localRank()).isZero();
  }

  @Test
  void slurmsVariablesCountWhereTheAddressOfTheStoreIsKnown() {
    Map<String, String> slurm =
        Map.of("SLURM_PROCID", "5", "SLURM_NTASKS", "8", "SLURM_LOCALID", "1");
    assertThat(Rendezvous.fromEnvironment(slurm)).isEmpty();
    assertThat(Rendezvous.fromEnvironment(with(slurm, "MASTER_ADDR", "node0")))
        .contains(new Rendezvous(5, 8, 1, new StoreAddress.Tcp("node0", 29500, false), 0));
    assertThat(
            Rendezvous.fromEnvironment(
                with(slurm, "MASTER_ADDR", "node0", "RANK", "1", "WORLD_SIZE", "2")))
        .get()
        .extracting(Rendezvous::rank, Rendezvous::size)
        .containsExactly(1, 2);
  }

  @Test
  void aFileReplacesTheAddress() {
    assertThat(
            Rendezvous.fromEnvironment(
                Map.of("RANK", "1", "WORLD_SIZE", "2", Rendezvous.STORE_FILE, "/tmp/store")))
        .get()
        .extracting(Rendezvous::store)
        .isEqualTo(new StoreAddress.File(Path.of("/tmp/store")));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "RANK | 4 | RANK must be in [0, 3], but is 4",
        "RANK | -1 | RANK must be in [0, 3], but is -1",
        "RANK | x | RANK must be an integer, but is x",
        "WORLD_SIZE | 0 | WORLD_SIZE must be at least 1, but is 0",
        "LOCAL_RANK | -1 | LOCAL_RANK must be at least 0, but is -1",
        "MASTER_PORT | 0 | MASTER_PORT must be in [1, 65535], but is 0",
        "MASTER_PORT | 65536 | MASTER_PORT must be in [1, 65535], but is 65536",
        "TORCHELASTIC_RESTART_COUNT | ? | TORCHELASTIC_RESTART_COUNT must be an integer, but is ?"
      })
  void errorsNameTheVariable(String variable, String value, String message) {
    assertThatThrownBy(() -> Rendezvous.fromEnvironment(with(TORCHRUN, variable, value)))
        .isInstanceOf(InputException.class)
        .hasMessage(message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "RANK | RANK is required, because WORLD_SIZE is set",
        "WORLD_SIZE | WORLD_SIZE is required, because RANK is set",
        "MASTER_ADDR | MASTER_ADDR is required, because RANK is set"
      })
  void missingVariablesAreNamed(String variable, String message) {
    Map<String, String> environment = with(TORCHRUN);
    environment.remove(variable);
    assertThatThrownBy(() -> Rendezvous.fromEnvironment(environment)).hasMessage(message);
  }
}
