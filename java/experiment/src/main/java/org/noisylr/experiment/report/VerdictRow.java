package org.noisylr.experiment.report;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.noisylr.experiment.statistics.PairedDifference;
import org.noisylr.experiment.statistics.PairedDifference.Verdict;

/** The values of {@code verdicts.html} for a comparison. */
final class VerdictRow {
  private VerdictRow() {}

  /**
   * Returns a map to which a page adds its own values.
   *
   * @param name what is compared
   * @param best difference of the best test scores
   */
  static Map<String, Object> of(String name, Verdict verdict, Optional<PairedDifference> best) {
    Map<String, Object> row = new HashMap<>();
    row.put("name", name);
    row.put("run", verdict != Verdict.NOT_RUN);
    row.put("best", points(best));
    row.put("verdict", verdict.toString());
    row.put("verdictClass", verdict.name().toLowerCase(Locale.ROOT));
    row.put("sentence", best.map(d -> d.sentence(verdict)).orElse(verdict.toString()));
    return row;
  }

  static String points(Optional<PairedDifference> difference) {
    return difference.map(PairedDifference::points).orElse("–");
  }
}
