package org.noisylr.noise;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.commons.csv.CSVRecord;
import org.junit.jupiter.api.Test;

class PhiloxTest {
  @Test
  void knownAnswers() {
    assertThat(Philox.block(0, 0, 0))
        .containsExactly(0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8);
    assertThat(Philox.block(42, 7, 3))
        .containsExactly(0x659ef2d0, 0xb60225b4, 0x14334a91, 0x99097b19);
  }

  @Test
  void knownAnswersOfTheAuthors() {
    assertThat(Philox.block(-1, -1, -1))
        .containsExactly(0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd);
    assertThat(Philox.block(0x299f31d0a4093822L, 0x85a308d3243f6a88L, 0x0370734413198a2eL))
        .containsExactly(0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1);
  }

  @Test
  void goldenWords() {
    for (CSVRecord row : Golden.rows("noise.csv")) {
      long counter = Long.parseLong(row.get(row.get("draw")));
      long group = row.get("groups").equals("shared") ? 0 : Long.parseLong(row.get("group"));
      assertThat(Philox.block(Long.parseLong(row.get("seed")), counter, group))
          .as("%s", row)
          .containsExactly(word(row, "w0"), word(row, "w1"), word(row, "w2"), word(row, "w3"));
    }
  }

  private static int word(CSVRecord row, String column) {
    return Integer.parseUnsignedInt(row.get(column), 16);
  }

  @Test
  void everyBitOfEveryArgumentChangesTheBlock() {
    Set<List<Integer>> blocks = new HashSet<>();
    blocks.add(boxed(Philox.block(5, 6, 7)));
    for (int bit = 0; bit < 64; bit++) {
      long flip = 1L << bit;
      blocks.add(boxed(Philox.block(5 ^ flip, 6, 7)));
      blocks.add(boxed(Philox.block(5, 6 ^ flip, 7)));
      blocks.add(boxed(Philox.block(5, 6, 7 ^ flip)));
    }
    assertThat(blocks).hasSize(1 + 3 * 64);
  }

  private static List<Integer> boxed(int[] words) {
    return List.of(words[0], words[1], words[2], words[3]);
  }
}
