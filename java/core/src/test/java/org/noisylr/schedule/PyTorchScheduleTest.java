package org.noisylr.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVRecord;
import org.junit.jupiter.api.Test;

/**
 * Compares schedules with the rates of PyTorch's schedulers, written by
 * src/test/python/pytorch_schedules.py. PyTorch multiplies from step to step, so the rates, between
 * 0 and 0.3, may differ by 10⁻¹³.
 */
class PyTorchScheduleTest {
  private static final double TOLERANCE = 1e-13;

  private static final Milestone[] TENTHS = {
    new Milestone(80, 0.1), new Milestone(120, 0.1), new Milestone(160, 0.1)
  };

  private static final Map<String, Schedule> SCHEDULES =
      Map.ofEntries(
          Map.entry("multi_step", Schedule.stepDecay(0.1, TENTHS)),
          Map.entry(
              "multi_step_two_factors",
              new StepDecay(0.1, Milestone.parse("milestones", "80:0.1,120:0.1,160:0.1,180:0.5"))),
          Map.entry("exponential", Schedule.exponentialDecay(0.1, 0.96, 600)),
          Map.entry("cyclic_16_epochs", Schedule.cyclic(0.1, 0.3, 16)),
          Map.entry("cyclic_2.5_epochs", Schedule.cyclic(0.1, 0.3, 2.5)),
          Map.entry("cosine_restarts_same_length", Schedule.cosineRestarts(0.05, 0, 10, 1)),
          Map.entry("cosine_restarts_doubling", Schedule.cosineRestarts(0.05, 0, 10, 2)),
          Map.entry("cosine_restarts_tripling", Schedule.cosineRestarts(0.05, 0.002, 10, 3)),
          Map.entry("cosine", Schedule.cosine(0.1, 0.003, 12)),
          Map.entry("linear_rise", Schedule.linear(0.01, 0.1, 5)),
          Map.entry("linear_fall", Schedule.linear(0.1, 0.002, 8)),
          Map.entry("polynomial_0.9", Schedule.polynomial(0.2, 0, 8, 0.9)),
          Map.entry("polynomial_2", Schedule.polynomial(0.2, 0, 8, 2)),
          Map.entry("one_cycle", Schedule.oneCycle(0.3, 12)),
          Map.entry("one_cycle_late_peak", new OneCycle(0.03, 0.3, 0.015, 12, 0.75)),
          Map.entry("warmup_stable_decay", Schedule.warmupStableDecay(0.1, 0.01, 20, 2, 6)),
          Map.entry(
              "warmup_then_step_decay",
              Schedule.linear(0.01, 0.1, 5)
                  .then(
                      5, Schedule.stepDecay(0.1, new Milestone(15, 0.1), new Milestone(25, 0.1)))),
          Map.entry(
              "warmup_then_constant_then_cosine",
              Schedule.linear(0.05, 0.2, 3)
                  .then(3, Schedule.constant(0.2))
                  .then(10, Schedule.cosineRestarts(0.2, 0.001, 4, 2))));

  @Test
  void agreesWithPyTorch() throws IOException {
    List<CSVRecord> rows = rows();
    assertThat(rows.stream().map(row -> row.get("schedule")).distinct())
        .containsExactlyInAnyOrderElementsOf(SCHEDULES.keySet());
    for (CSVRecord row : rows) {
      double actual =
          SCHEDULES
              .get(row.get("schedule"))
              .lr(Long.parseLong(row.get("step")), Long.parseLong(row.get("steps_per_epoch")));
      assertThat(actual)
          .as("%s", row)
          .isCloseTo(Double.parseDouble(row.get("lr")), within(TOLERANCE));
    }
  }

  private static List<CSVRecord> rows() throws IOException {
    CSVFormat format = CSVFormat.RFC4180.builder().setHeader().setSkipHeaderRecord(true).get();
    try (InputStream in = PyTorchScheduleTest.class.getResourceAsStream("/pytorch-schedules.csv")) {
      return format.parse(new InputStreamReader(in, StandardCharsets.US_ASCII)).getRecords();
    }
  }
}
