package org.noisylr.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.noisylr.check.InputException;

class MilestoneTest {
  @Test
  void parsesPairs() {
    assertThat(Milestone.parse("--milestones", "80:0.1,120:0.1"))
        .containsExactly(new Milestone(80, 0.1), new Milestone(120, 0.1));
    assertThat(Milestone.parse("--milestones", " 1 : 5e-1 , 180:2"))
        .containsExactly(new Milestone(1, 0.5), new Milestone(180, 2));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "80",
        "80:",
        ":0.1",
        "80-0.1",
        "80:0.1:3",
        "-8:0.1",
        "8.5:0.1",
        "80:fast",
        "99999999999999999999:0.1"
      })
  void rejectsMalformedPairs(String text) {
    assertThatThrownBy(() -> Milestone.parse("--milestones", text))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "--milestones must be EPOCH:FACTOR pairs separated by commas, such as 80:0.1,120:0.1,"
                + " but has '%s'",
            text);
  }

  @Test
  void namesTheMalformedPairAmongOthers() {
    assertThatThrownBy(() -> Milestone.parse("--milestones", "80:0.1, x ,120:0.1"))
        .hasMessageEndingWith("but has 'x'");
    assertThatThrownBy(() -> Milestone.parse("--milestones", "80:0.1,"))
        .hasMessageEndingWith("but has ''");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "0:0.1    | --milestones: '0:0.1': epoch must be at least 1, but is 0",
        "80:0     | --milestones: '80:0': factor must be greater than 0, but is 0.0",
        "80:-1    | --milestones: '80:-1': factor must be greater than 0, but is -1.0",
        "80:NaN   | --milestones: '80:NaN': factor must be finite, but is NaN",
        "80:1e999 | --milestones: '80:1e999': factor must be finite, but is Infinity",
        "8:1,8:1  | --milestones must have strictly increasing epochs, but 8 follows 8",
        "9:1,8:1  | --milestones must have strictly increasing epochs, but 8 follows 9",
      })
  void rejectsValuesOutOfRange(String text, String message) {
    assertThatThrownBy(() -> Milestone.parse("--milestones", text))
        .isInstanceOf(InputException.class)
        .hasMessage(message);
  }
}
