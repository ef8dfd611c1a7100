package org.noisylr.experiment.table;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.noisylr.check.InputException;
import org.noisylr.noise.Distribution;
import org.noisylr.schedule.Constant;
import org.noisylr.schedule.Milestone;
import org.noisylr.schedule.StepDecay;
import org.noisylr.torch.optim.Implementation;
import org.noisylr.torch.optim.MomentumForm;
import org.noisylr.train.loop.OptimizerSpec;
import org.noisylr.train.run.ModelName;

class TableTest {
  private static Table table(int number) {
    return Table.of("table" + number).get(0);
  }

  private static Cell cell(String id) {
    return Table.of(id.substring(0, id.indexOf('/'))).get(0).cells().stream()
        .filter(cell -> cell.id().equals(id))
        .findFirst()
        .orElseThrow();
  }

  @ParameterizedTest
  @CsvSource({"1, 20, 10", "2, 24, 12", "3, 8, 6", "4, 10, 9", "5, 8, 6", "6, 6, 3", "7, 8, 4"})
  void everyTableHasItsCellsAndComparisons(int number, int cells, int comparisons) {
    Table table = table(number);
    assertThat(table.cells()).hasSize(cells);
    assertThat(table.comparisons()).hasSize(comparisons);
    assertThat(table.cells().stream().map(Cell::id).distinct()).hasSize(cells);
    assertThat(table.cells()).allSatisfy(cell -> assertThat(cell.settings().seeds()).isEqualTo(3));
    assertThat(table.choices()).allSatisfy(c -> assertThat(c.reason()).isNotBlank());
  }

  @Test
  void allStandsForEveryTable() {
    assertThat(Table.of("all").stream().map(Table::id))
        .containsExactly(
            "table1", "table2", "table3", "table4", "table5", "table6", "table7", "fig4");
    assertThatThrownBy(() -> Table.of("table8"))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "experiment must be one of {table1, table2, table3, table4, table5, table6, table7,"
                + " fig4, fig1, fig2, fig3, noise-kinds, alpha-beta, warmup-cosine, fashion-mnist,"
                + " all, FILE.yaml}, but is table8 (did you mean table1?)");
  }

  /** The paper's general setting: section 4, and section 4.2 for the schedules. */
  @Test
  void theGeneralSettingIsThatOfThePaper() {
    Settings sd = cell("table1/sd/cifar-10").settings();
    assertThat(sd.model()).isEqualTo(ModelName.RESNET20_KERAS);
    assertThat(sd.optimizer()).isEqualTo(OptimizerSpec.Kind.MOMENTUM);
    assertThat(sd.optimizerSpec())
        .isEqualTo(
            new OptimizerSpec(
                OptimizerSpec.Kind.MOMENTUM,
                0.9,
                false,
                MomentumForm.KERAS,
                1e-4,
                Implementation.FUSED));
    assertThat(sd.epochs()).isEqualTo(200);
    assertThat(sd.batchSize()).isEqualTo(128);
    assertThat(sd.beta()).isEqualTo(0.6);
    assertThat(sd.noise()).isEqualTo(new Distribution.None());
    assertThat(sd.schedule())
        .isEqualTo(
            new StepDecay(0.1, Milestone.parse("milestones", "80:0.1,120:0.1,160:0.1,180:0.5")));
  }

  @Test
  void constantWithNoiseHasAlpha10AndTheOthers8() {
    assertThat(table(1).comparisons())
        .allSatisfy(
            each -> {
              int alpha = each.noisy().row().startsWith("Const") ? 10 : 8;
              assertThat(each.noisy().settings().noise())
                  .isEqualTo(new Distribution.Uniform(0, alpha));
              assertThat(each.base().settings().noise()).isEqualTo(new Distribution.None());
              assertThat(each.noisy().settings().schedule())
                  .isEqualTo(each.base().settings().schedule());
            });
  }

  @Test
  void inferredRowsAreMarked() {
    assertThat(
            table(1).cells().stream()
                .filter(cell -> cell.inferred() != null)
                .map(Cell::row)
                .distinct())
        .containsExactly("ED", "ED + RN", "CLR", "CLR + RN", "WR", "WR + RN");
    assertThat(
            table(7).cells().stream()
                .filter(cell -> cell.inferred() != null)
                .map(Cell::row)
                .distinct())
        .containsExactly("no dropout, augmentation", "dropout, no augmentation");
  }

  /** Row by row, as printed in the paper. */
  @ParameterizedTest
  @CsvSource({
    "1, 91.66 69.25 92.15 69.31 88.49 59.85 91.34 69.56 91.57 67.44 91.61 67.74 91.83 69.53 92.09 69.73 91.70 68.78 91.77 69.23",
    "2, 91.66 92.15 91.10 91.58 89.32 89.84 91.19 91.45 90.17 91.28 93.56 94.23 94.09 94.54 94.51 94.81 99.19 99.28 95.94 96.01 82.85 83.59 74.20 75.44",
    "3, 91.66 69.25 92.15 69.31 92.09 70.03 92.14 69.37",
    "4, 91.66 91.86 91.91 92.15 91.98 92.07 91.59 91.81 91.80 91.57",
    "5, 88.49 59.85 86.99 61.22 86.30 59.15 91.34 69.56",
    "6, 92.18 91.66 90.70 92.27 91.91 91.44",
    "7, 90.17 91.28 87.01 87.87 83.21 83.58 77.38 80.02"
  })
  void everyRowHasThePapersNumbers(int number, String numbers) {
    assertThat(table(number).cells().stream().map(cell -> "%.2f".formatted(cell.paper().mean())))
        .containsExactly(numbers.split(" "));
  }

  @Test
  void table4VariesAlphaAndBeta() {
    assertThat(
            table(4).cells().stream()
                .filter(cell -> cell.settings().noise() instanceof Distribution.Uniform)
                .map(
                    cell ->
                        ((Distribution.Uniform) cell.settings().noise()).high()
                            + " "
                            + cell.settings().beta())
                .collect(Collectors.toList()))
        .containsExactly(
            "2.0 0.6",
            "4.0 0.6",
            "8.0 0.6",
            "16.0 0.6",
            "32.0 0.6",
            "8.0 1.0",
            "8.0 0.8",
            "8.0 0.4",
            "8.0 0.2");
  }

  @Test
  void table5ComparesTheNoisyRateWithEveryConstantRate() {
    assertThat(table(5).comparisons().stream().map(CellComparison::name))
        .containsExactly(
            "Const 1e-2 + RN against Const 1e-2, CIFAR-10",
            "Const 1e-2 + RN against Const 5e-2, CIFAR-10",
            "Const 1e-2 + RN against Const 1e-1, CIFAR-10",
            "Const 1e-2 + RN against Const 1e-2, CIFAR-100",
            "Const 1e-2 + RN against Const 5e-2, CIFAR-100",
            "Const 1e-2 + RN against Const 1e-1, CIFAR-100");
    assertThat(cell("table5/const-5e-2/cifar-10").settings().schedule())
        .isEqualTo(new Constant(0.05));
  }

  @Test
  void figure4ComparesTheNoisyConstantRateWithL4() {
    Table figure = Table.of("fig4").get(0);
    assertThat(figure.name()).isEqualTo("Figure 4");
    assertThat(figure.comparisons().stream().map(CellComparison::name))
        .containsExactly("Const + RN against Const, CIFAR-10", "Const + RN against L4, CIFAR-10");
    assertThat(figure.cells())
        .allSatisfy(cell -> assertThat(cell.settings().epochs()).isEqualTo(400));
    Settings l4 = cell("fig4/l4/cifar-10").settings();
    assertThat(l4.optimizer()).isEqualTo(OptimizerSpec.Kind.L4MOM);
    assertThat(l4.schedule()).isEqualTo(new Constant(0.15));
    assertThat(cell("fig4/const/cifar-10").settings().schedule()).isEqualTo(new Constant(0.004));
  }

  @ParameterizedTest
  @CsvSource({"32, 0.05", "256, 0.14", "2048, 0.4"})
  void table6HasAnInitialRateForEachBatchSize(int batch, double lr) {
    Settings settings = cell("table6/sd-rn/batch-" + batch).settings();
    assertThat(settings.batchSize()).isEqualTo(batch);
    assertThat(((StepDecay) settings.schedule()).lr()).isEqualTo(lr);
  }

  @Test
  void table2HasAnInitialRateForEachOptimizer() {
    assertThat(((StepDecay) cell("table2/resnet-20-cifar-10-adam/sd").settings().schedule()).lr())
        .isEqualTo(0.001);
    assertThat(
            ((StepDecay) cell("table2/resnet-20-cifar-10-rmsprop/sd").settings().schedule()).lr())
        .isEqualTo(0.001);
    assertThat(
            ((StepDecay) cell("table2/resnet-20-cifar-10-adagrad/sd").settings().schedule()).lr())
        .isEqualTo(0.1);
  }

  @Test
  void paperValuesAreReadAndPrinted() {
    assertThat(PaperValue.parse("91.66 ± 0.03")).hasToString("91.66 ± 0.03");
    assertThat(PaperValue.parse("91.1")).hasToString("91.10");
    assertThat(cell("table1/const-rn/cifar-100").paper()).isEqualTo(new PaperValue(69.56, 0.29));
    assertThatThrownBy(() -> PaperValue.parse("about 91"))
        .isInstanceOf(InputException.class)
        .hasMessage("paper must look like 91.66 ± 0.03, but is about 91");
  }
}
