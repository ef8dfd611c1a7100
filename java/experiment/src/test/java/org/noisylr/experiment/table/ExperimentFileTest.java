package org.noisylr.experiment.table;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.noisylr.check.InputException;
import org.noisylr.noise.Distribution;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.schedule.Constant;
import org.noisylr.schedule.Cosine;
import org.noisylr.schedule.Cyclic;
import org.noisylr.schedule.InverseSquareRoot;
import org.noisylr.schedule.OneCycle;
import org.noisylr.schedule.Polynomial;
import org.noisylr.schedule.Schedule;
import org.noisylr.schedule.Sequence;
import org.noisylr.schedule.Warmup;
import org.noisylr.schedule.WarmupStableDecay;
import org.noisylr.torch.optim.MomentumForm;
import org.noisylr.train.data.NamedAugmentation;
import org.noisylr.train.run.ModelName;
import org.noisylr.train.run.ScriptFile;

/** Experiments of one's own, read from YAML. */
class ExperimentFileTest {
  private static final String YAML =
      """
      title: Scale of the noise
      setting: {data: images, model: cnn28, epochs: 40, schedule: mine}
      schedules:
        mine: {type: cosine, lr: 0.1}
      columns:
        - {name: β 0.3, beta: 0.3}
        - {name: β 0.6, beta: 0.6}
      rows:
        - name: plain
        - name: α 8
          against: [plain]
          noise: {type: uniform, alpha: 8}
      """;

  @TempDir private Path folder;

  private Table read(String yaml) throws IOException {
    Path file = folder.resolve("mine.yaml");
    return Table.of(Files.writeString(file, yaml).toString()).get(0);
  }

  /** Returns the settings of the only cell of an experiment. */
  private Settings settings(String keys) throws IOException {
    String yaml =
        """
        setting: {data: mnist, model: cnn28, epochs: 40}
        rows: [{name: only, %s}]
        """;
    return read(yaml.formatted(keys)).cells().get(0).settings();
  }

  private Schedule schedule(String keys) throws IOException {
    return settings(keys).schedule();
  }

  @Test
  void aGridHasACellForEachRowAndColumn() throws IOException {
    Table table = read(YAML);
    assertThat(table.id()).isEqualTo("mine");
    assertThat(table.title()).isEqualTo("Scale of the noise");
    assertThat(table.ofPaper()).isFalse();
    assertThat(table.cells().stream().map(Cell::id))
        .containsExactly(
            "mine/plain/β-0.3", "mine/plain/β-0.6", "mine/α-8/β-0.3", "mine/α-8/β-0.6");
    assertThat(table.comparisons().stream().map(CellComparison::name))
        .containsExactly("α 8 against plain, β 0.3", "α 8 against plain, β 0.6");
    assertThat(table.comparisons())
        .allSatisfy(each -> assertThat(each.paperDifference()).isNaN())
        .allSatisfy(each -> assertThat(each.noisy().paper()).isNull());
    Settings settings = table.cells().get(3).settings();
    assertThat(settings.noise()).isEqualTo(new Distribution.Uniform(0, 8));
    assertThat(settings.beta()).isEqualTo(0.6);
    assertThat(settings.schedule()).isEqualTo(new Cosine(0.1, 0, 40));
  }

  @Test
  void whatACellDoesNotSetIsTheDefaultOfTrain() throws IOException {
    Settings settings = settings("lr: 0.1");
    assertThat(settings.schedule()).isEqualTo(new Constant(0.1));
    assertThat(settings.optimizerSpec().momentum()).isEqualTo(0.9);
    assertThat(settings.optimizerSpec().momentumForm()).isEqualTo(MomentumForm.TORCH);
    assertThat(settings.weightDecay()).isZero();
    assertThat(settings.batchSize()).isEqualTo(128);
    assertThat(settings.augmentation()).isEqualTo(NamedAugmentation.AUTO);
    assertThat(settings.noiseSpec(10, 7)).isEqualTo(NoiseSpec.none());
    assertThat(settings.seeds()).isEqualTo(3);
  }

  @Test
  void noiseMayBeDrawnInEachStepAndBounded() throws IOException {
    Settings settings =
        settings(
            "lr: 0.1, noise: {type: gaussian, mean: 1, std: 0.5}, noise_per: step, beta: 1,"
                + " noise_min_lr: 0.01, noise_max_lr: 0.3");
    assertThat(settings.noiseSpec(10, 7))
        .isEqualTo(
            new NoiseSpec(
                new Distribution.Gaussian(1, 0.5),
                0,
                0.01,
                0.3,
                NoiseSpec.Draw.STEP,
                NoiseSpec.Groups.SHARED,
                7,
                0));
  }

  @Test
  void aScheduleLastsAsLongAsTheRun() throws IOException {
    assertThat(schedule("schedule: {type: poly, lr: 0.1}"))
        .isEqualTo(new Polynomial(0.1, 0, 40, 1));
    assertThat(schedule("schedule: {type: one-cycle, lr: 0.1, peak_lr: 0.3}"))
        .isEqualTo(new OneCycle(0.1, 0.3, 0, 40, 0.3));
    assertThat(schedule("schedule: {type: cosine, lr: 0.1}, warmup_epochs: 5"))
        .isEqualTo(new Warmup(new Cosine(0.1, 0, 35), 5));
    assertThat(
            schedule(
                "schedule: {type: sequence, first: {type: const}, epochs: 10, next: {type: cosine,"
                    + " lr: 0.2}}, lr: 0.3"))
        .isEqualTo(new Sequence(new Constant(0.3), 10, new Cosine(0.2, 0, 30)));
    assertThat(schedule("schedule: {type: clr, peak_lr: 0.3, cycle_epochs: 4}, lr: 0.1"))
        .isEqualTo(new Cyclic(0.1, 0.3, 4, List.of()));
  }

  @Test
  void aWarmupSetsTheScheduleSOwnIfItHasOne() throws IOException {
    String wsd = "schedule: {type: wsd, lr: 0.1, decay_epochs: 8}";
    assertThat(schedule(wsd)).isEqualTo(new WarmupStableDecay(0.1, 0, 40, 0, 8));
    assertThat(schedule(wsd + ", warmup_epochs: 4"))
        .isEqualTo(new WarmupStableDecay(0.1, 0, 40, 4, 8));
    assertThat(schedule("schedule: {type: inverse-sqrt, lr: 0.1}, warmup_epochs: 4"))
        .isEqualTo(new InverseSquareRoot(0.1, 4));
  }

  @Test
  void aNumberMayBeQuoted() throws IOException {
    assertThat(schedule("epochs: '20', schedule: {type: cosine, lr: '0.1'}, warmup_epochs: '2'"))
        .isEqualTo(new Warmup(new Cosine(0.1, 0, 18), 2));
    assertThat(
            schedule(
                "schedule: {type: sequence, first: {lr: 0.1}, epochs: '10', next: {type: cosine,"
                    + " lr: 0.2}}"))
        .isEqualTo(new Sequence(new Constant(0.1), 10, new Cosine(0.2, 0, 30)));
  }

  @Test
  void pathsAreRelativeToTheFile() throws IOException {
    Path model = Files.writeString(folder.resolve("net.pt"), "a module");
    Settings settings = settings("lr: 0.1, model: net.pt, data: images");
    assertThat(settings.model()).isEqualTo(ScriptFile.of(model));
    assertThat(settings.data()).isEqualTo(folder.resolve("images").toString());
    assertThat(settings("lr: 0.1").data()).isEqualTo("mnist");
  }

  @Test
  void overridesReplaceTheKeysOfAllCells() {
    assertThat(Table.of("table3", Map.of("momentum_form", "torch")).get(0).cells())
        .allSatisfy(
            cell -> assertThat(cell.settings().momentumForm()).isEqualTo(MomentumForm.TORCH));
  }

  @SuppressWarnings("unused")
  private static final List<String> EXAMPLES = Table.EXAMPLES;

  @ParameterizedTest
  @FieldSource("EXAMPLES")
  void examplesAreOwnExperiments(String id) throws IOException {
    Table example = Table.of(id).get(0);
    assertThat(example.id()).isEqualTo(id);
    assertThat(example.comparisons()).isNotEmpty();
    assertThat(example.cells())
        .allSatisfy(cell -> assertThat(cell.settings().model()).isEqualTo(ModelName.CNN28));
    assertThat(read(Table.yaml(id)).title()).isEqualTo(example.title());
  }

  /** Faults that a row of a table cannot hold, in the same columns. */
  static Stream<Arguments> faults() {
    return Stream.of(
        Arguments.of("  - name: plain\n", "  - name: plain\n    paper: [1, 2]\n", 10, "paper and "),
        Arguments.of(
            YAML, "rows: []", 1, "an experiment must have at least one row and one column"));
  }

  /** The replaced text, its replacement, and the line and the start of the message. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          rows: | row: | 8 | row: unknown field (did you mean rows?); the known ones
          noise: | noize: | 12 | noize: unknown field (did you mean noise?); the
          beta: 0.6 | beta: 6 | 7 | beta must be in [0.0, 1.0], but is 6.0
          alpha: 8 | alpha: -8 | 12 | noise: alpha must be greater than 0.0, but is
          type: uniform | type: unifrom | 12 | noise: type must be one of {none, uniform, gaussian, log-uniform}, but is unifrom (did you mean uniform?)
          lr: 0.1 | lr: x | 4 | lr: must be a number, but is x
          lr: 0.1 | lr: 0.1, final_lr: 3 | 4 | final_lr must be in [0.0, 0.1], but is 3.0
          {type: cosine, lr: 0.1} | 5 | 4 | schedules.mine:
          schedule: mine | schedule: main | 2 | schedule must be one of {mine}, but is main (did you mean mine?)
          schedule: mine | schedule: mine, lr: -1 | 2 | lr must be at least 0, but is -1.0
          schedule: mine | schedule: mine, warmup_epochs: 40 | 2 | warmup_epochs must be in [0, 40), the epochs of the run, but is 40
          epochs: 40 | epochs: 0 | 2 | epochs must be at least 1, but is 0
          'epochs: 40, ' | '' | 9 | epochs: required, but missing
          'data: images, ' | '' | 9 | data is required
          model: cnn28 | model: cnn82 | 2 | model: must be FILE.pt or one of {cnn
          [plain] | [palin] | 11 | against must be one of {plain}, but is palin (did
          name: α 8 | name: Plain | 10 | name must have letters or digits, and
          [plain] | plain | 11 | rows.1.against: must be a list
          against: | agianst: | 11 | agianst: unknown field (did you mean against?)
          epochs: 40 | epochs: many | 2 | epochs: must be a whole number, but is many
          epochs: 40 | epochs: 40, lr: high | 2 | lr: must be a number, but is high
          {type: uniform, alpha: 8} | true | 12 | noise: must be a mapping with a type, one of {none, uniform, gaussian,
          data: images | data: fashion-mnist-mni | 2 | data must be a path or one of {fashion-mnist-mini,
          model: cnn28 | model: cnn28, optimizer: sgd, momentum: 0.9 | 2 | momentum requires optimizer momentum, but the optimizer is sgd
          name: plain | name: "+" | 9 | name must have letters or digits, and dif
          [plain] | [α 8] | 11 | against must be one of {plain}, but is α 8
          [plain] | [plain, plain] | 11 | against must name a cell once, but is [
          , alpha: 8 | '' | 12 | noise: alpha is required, or low and high
          alpha: 8 | alpha: 8, low: 1 | 12 | noise must have alpha or low and high,
          - name: plain | - beta: 1 | 9 | rows.0: name is required
          epochs: 40 | epochs: *a | 2 | an alias cannot be used
          title: Scale | title: "Scale | 13 | found unexpected end of stream
          """)
  @MethodSource("faults")
  void anErrorNamesFileLineKeyValueAndWhatIsAllowed(
      String old, String replacement, int line, String message) {
    assertThatThrownBy(() -> read(YAML.replace(old, replacement)))
        .isExactlyInstanceOf(InputException.class)
        .hasMessageStartingWith("%s, line %d: %s", folder.resolve("mine.yaml"), line, message)
        .message()
        .hasLineCount(1);
  }

  @Test
  void anEmptyFileIsRejected() {
    assertThatThrownBy(() -> read(""))
        .isExactlyInstanceOf(InputException.class)
        .hasMessage(folder.resolve("mine.yaml") + " must be an experiment, but is empty");
  }

  @Test
  void momentumMayBeSharedByRowsWithAndWithoutIt() throws IOException {
    Table table =
        read(
            """
            setting: {data: mnist, model: cnn28, epochs: 4, lr: 0.1, momentum: 0.8}
            rows: [{name: momentum}, {name: adam, optimizer: adam}]
            """);
    assertThat(table.cells().stream().map(cell -> cell.settings().optimizerSpec().momentum()))
        .containsExactly(0.8, 0.8);
  }

  @Test
  void onlyExperimentsThatAreFilesHaveYaml() {
    assertThatThrownBy(() -> Table.yaml("all")).hasMessage("all has no YAML of its own");
  }

  @Test
  void aFileIsNotNamedLikeABuiltInExperiment() throws IOException {
    Path file = Files.writeString(folder.resolve("table1.yaml"), YAML);
    assertThatThrownBy(() -> Table.of(file.toString()))
        .hasMessage(file + " must have another name, because table1 is a built-in experiment");
    assertThatThrownBy(() -> Table.of(folder.resolve("none.yaml").toString()))
        .hasMessageStartingWith("cannot read " + folder.resolve("none.yaml"));
  }
}
