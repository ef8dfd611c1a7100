package org.noisylr.train.console;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TerminalTest {
  @ParameterizedTest
  @CsvSource({
    "0.2, 0 s",
    "59.4, 59 s",
    "59.6, 1 min",
    "720, 12 min",
    "3599, 1 h 0 min",
    "12000, 3 h 20 min"
  })
  void aDurationHasTwoUnitsAtMost(double seconds, String words) {
    assertThat(Terminal.words(seconds)).isEqualTo(words);
  }
}
