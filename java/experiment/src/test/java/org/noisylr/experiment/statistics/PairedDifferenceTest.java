package org.noisylr.experiment.statistics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.noisylr.experiment.statistics.PairedDifference.Verdict;

class PairedDifferenceTest {
  private static PairedDifference of(double... differences) {
    return PairedDifference.of(differences);
  }

  /** Student's t(0.975) is 4.302653 for 2 and 12.706205 for 1 degrees of freedom. */
  @Test
  void theIntervalIsThatOfStudentsT() {
    PairedDifference d = of(0.01, 0.02, 0.03);
    assertThat(d.n()).isEqualTo(3);
    assertThat(d.mean()).isCloseTo(0.02, within(1e-12));
    assertThat(d.high() - d.mean()).isCloseTo(4.302653 * 0.01 / Math.sqrt(3), within(1e-7));
    assertThat(d.mean() - d.low()).isCloseTo(d.high() - d.mean(), within(1e-12));
    assertThat(d.effect()).isCloseTo(2, within(1e-9));
    assertThat(of(1, 3).high()).isCloseTo(2 + 12.706205, within(1e-5));
  }

  @Test
  void aSingleSeedHasNoInterval() {
    PairedDifference d = of(0.5);
    assertThat(d.mean()).isEqualTo(0.5);
    assertThat(d.low()).isNaN();
    assertThat(d.effect()).isNaN();
    assertThat(d.verdict(1)).isEqualTo(Verdict.UNDECIDED);
  }

  @Test
  void anIntervalOnOneSideOfZeroDecides() {
    PairedDifference better = of(0.020, 0.021, 0.022);
    assertThat(better.verdict(0.49)).isEqualTo(Verdict.REPRODUCED);
    assertThat(better.verdict(-0.09)).isEqualTo(Verdict.CONTRADICTED);
    PairedDifference worse = of(-0.020, -0.021, -0.022);
    assertThat(worse.verdict(0.49)).isEqualTo(Verdict.CONTRADICTED);
    assertThat(worse.verdict(-0.09)).isEqualTo(Verdict.REPRODUCED);
    assertThat(better.verdict(0)).isEqualTo(Verdict.UNDECIDED);
  }

  @Test
  void anIntervalAroundZeroIsUndecided() {
    assertThat(of(-0.01, 0.02, 0.03).verdict(0.5)).isEqualTo(Verdict.UNDECIDED);
  }

  @Test
  void equalDifferencesAreUndecided() {
    assertThat(of(0, 0, 0).verdict(0.5)).isEqualTo(Verdict.UNDECIDED);
    // 0.1 each, up to rounding.
    PairedDifference rounded = of(0.3 - 0.2, 0.7 - 0.6, 0.9 - 0.8);
    assertThat(rounded.verdict(0.5)).isEqualTo(Verdict.UNDECIDED);
    assertThat(rounded.effect()).isNaN();
  }

  @Test
  void withoutAClaimTheSignDecides() {
    assertThat(of(0.020, 0.021, 0.022).verdict()).isEqualTo(Verdict.BETTER);
    assertThat(of(-0.020, -0.021, -0.022).verdict()).isEqualTo(Verdict.WORSE);
    assertThat(of(-0.01, 0.02, 0.03).verdict()).isEqualTo(Verdict.UNDECIDED);
  }

  /** With an effect of 1, t(0.975) / sqrt(n) is 1.0494 for 6 seeds and 0.9248 for 7. */
  @Test
  void theSeedsToDecideAreTheFewestWhoseIntervalWouldExcludeZero() {
    assertThat(new PairedDifference(3, 0.01, -0.015, 0.035, 1).seedsToDecide()).hasValue(7);
    assertThat(new PairedDifference(3, -0.01, -0.035, 0.015, -1).seedsToDecide()).hasValue(7);
    assertThat(new PairedDifference(3, 0.01, 0, 0.02, 0.0621).seedsToDecide()).hasValue(999);
    assertThat(new PairedDifference(3, 0.01, 0, 0.02, 0.06).seedsToDecide()).isEmpty();
    assertThat(of(-0.01, 0.01).seedsToDecide()).isEmpty();
    assertThat(of(0.01).seedsToDecide()).isEmpty();
  }

  @Test
  void aDecidedDifferenceIsOneSentence() {
    PairedDifference d = of(0.03, 0.035, 0.04);
    assertThat(d.points()).isEqualTo("+3.50 (2.3 to 4.7)");
    assertThat(of(0.004, 0.005, 0.006).points()).isEqualTo("+0.50 (0.25 to 0.75)");
    assertThat(of(0.1, 0.2, 0.3).points()).isEqualTo("+20.00 (-4.8 to 45)");
    assertThat(d.sentence(d.verdict()))
        .isEqualTo("better: +3.50 (95 % interval 2.3 to 4.7), 3 seeds");
    assertThat(d.sentence(Verdict.NOT_JUDGED))
        .isEqualTo("not judged: +3.50 (95 % interval 2.3 to 4.7), 3 seeds");
  }

  @Test
  void anUndecidedDifferenceSaysWhatWouldDecide() {
    assertThat(sentence(-0.007, -0.005, 0.003))
        .isEqualTo(
            "undecided: -0.30 (95 % interval -1.6 to 1.0), 3 seeds; about 15 seeds would decide it if"
                + " mean and spread stayed the same");
    assertThat(sentence(-0.01, 0.0102))
        .startsWith("undecided: +0.01 (95 % interval ")
        .endsWith(
            "2 seeds; more than 1000 seeds would be required if mean and spread stayed the same");
    assertThat(sentence(0.008))
        .isEqualTo("undecided: +0.80, 1 seed; an interval requires at least 2 seeds");
    assertThat(sentence(0, 0))
        .isEqualTo(
            "undecided: +0.00, 2 seeds; all seeds have the same difference, which shows nothing"
                + " about chance");
  }

  private static String sentence(double... differences) {
    PairedDifference d = of(differences);
    return d.sentence(d.verdict());
  }
}
