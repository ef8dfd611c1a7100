package org.noisylr.train.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.noisylr.check.InputException;

class MetricsCsvTest {
  private static final List<EpochMetrics> METRICS =
      List.of(
          new EpochMetrics(0, 78, 0.1, 1, 0.1, 2.25, 0.2218, 1.908, 0.28, null, null),
          new EpochMetrics(1, 157, 0.1, 2e-3, 2e-4, 1.0 / 3, 0.3175, 1e23, 0.3455, null, null));

  @Test
  void everyNumberParsesFromItsShortestForm() {
    String text = MetricsCsv.format(METRICS);
    assertThat(text)
        .isEqualTo(
            """
            epoch,step,base_lr,factor,lr,train_loss,train_acc,test_loss,test_acc
            0,78,0.1,1.0,0.1,2.25,0.2218,1.908,0.28
            1,157,0.1,0.002,2.0E-4,0.3333333333333333,0.3175,1.0E23,0.3455
            """);
    assertThat(MetricsCsv.parse(text)).isEqualTo(METRICS);
  }

  @Test
  void aRunWithoutEpochsIsAHeader() {
    assertThat(MetricsCsv.parse(MetricsCsv.format(List.of()))).isEmpty();
  }

  @Test
  void otherTextsAreRejected() {
    String header = MetricsCsv.format(List.of());
    for (String rows : List.of("1,2\n", "x,78,0.1,1,0.1,2,0.2,1,0.2\n")) {
      assertThatThrownBy(() -> MetricsCsv.parse(header + rows))
          .isInstanceOf(InputException.class)
          .hasMessageStartingWith("not a run's metrics: ");
    }
  }

  @Test
  void decimalsAreShortestOnEveryJavaVersion() {
    // Double.toString of Java 17 writes 2.0E-3 as 0.002, but these with a digit too many.
    assertThat(Decimal.shortest(2.2E-322)).isEqualTo("2.2E-322");
    assertThat(Decimal.shortest(2.0E-3)).isEqualTo("0.002");
    assertThat(Decimal.shortest(0.1 * 0.1)).isEqualTo("0.010000000000000002");
    assertThat(Decimal.shortest(1.1E23)).isEqualTo("1.1E23");
  }
}
