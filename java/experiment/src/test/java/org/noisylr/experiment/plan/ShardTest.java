package org.noisylr.experiment.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class ShardTest {
  @Test
  void shardsAreDisjointAndCoverAll() {
    List<String> all = List.of("a", "b", "c", "d", "e");
    assertThat(new Shard(1, 2).of(all)).containsExactly("a", "c", "e");
    assertThat(new Shard(2, 2).of(all)).containsExactly("b", "d");
    assertThat(new Shard(1, 1).of(all)).isEqualTo(all);
  }

  @Test
  void textIsReadAndChecked() {
    assertThat(Shard.parse("2/8")).isEqualTo(new Shard(2, 8));
    assertThatThrownBy(() -> Shard.parse("3/2"))
        .hasMessage("--shard: part must be in [1, 2], but is 3");
    assertThatThrownBy(() -> Shard.parse("1/0"))
        .hasMessage("--shard: number of parts must be at least 1, but is 0");
    assertThatThrownBy(() -> Shard.parse("half"))
        .hasMessage("--shard must be PART/PARTS, 2/8 for instance, but is half");
  }
}
