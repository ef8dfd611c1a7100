package org.noisylr.experiment.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.noisylr.check.InputException;
import org.noisylr.experiment.plan.Planner.PlannedCell;
import org.noisylr.experiment.store.RunStore;
import org.noisylr.experiment.table.Cell;
import org.noisylr.experiment.table.Table;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.schedule.ExponentialDecay;
import org.noisylr.schedule.Milestone;
import org.noisylr.schedule.StepDecay;
import org.noisylr.torch.Tensors;
import org.noisylr.torch.model.DeepLabV3;
import org.noisylr.train.checkpoint.SafeTensors;
import org.noisylr.train.data.format.Datasets;
import org.noisylr.train.run.RunConfig;

class PlannerTest {

  private static Planner planner(Scale scale, Integer seeds, Map<String, String> overrides) {
    return new Planner(scale, seeds, overrides, null, "cpu", 2, false);
  }

  private static PlannedCell cell(Scale scale, String id) {
    List<Table> tables = Table.of(id.substring(0, id.indexOf('/')));
    String data = Planner.select(tables, List.of(id)).get(0).settings().data();
    return planner(scale, null, Map.of(data, "generated:" + data)).plan(tables, List.of(id)).get(0);
  }

  @Test
  void aTinyRunHasATwentiethOfThePapersEpochs() {
    PlannedCell cell = cell(Scale.TINY, "table1/sd-rn/cifar-10");
    assertThat(cell.runs()).containsOnlyKeys(1L, 2L, 3L);
    RunConfig config = cell.runs().get(2L);
    assertThat(config.training().epochs()).isEqualTo(10);
    assertThat(config.training().seed()).isEqualTo(2);
    assertThat(config.training().noise())
        .isEqualTo(NoiseSpec.uniform(8).lastFraction(0.6, 10).seed(2));
    assertThat(((StepDecay) config.training().schedule()).milestones())
        .containsExactly(
            new Milestone(4, 0.1),
            new Milestone(6, 0.1),
            new Milestone(8, 0.1),
            new Milestone(9, 0.5));
    // The data has fewer examples than the scale allows.
    assertThat(config.subset()).isNull();
    assertThat(config.backbone()).isNull();
  }

  /** Another key would train the runs of every store again. */
  @Test
  void theKeyOfARunDoesNotChange() {
    assertThat(RunStore.key(cell(Scale.TINY, "table1/sd-rn/cifar-10").runs().get(1L)))
        .isEqualTo("5df2aabe77ee5619");
  }

  @Test
  void comparedRunsDifferInTheNoiseOnly() {
    RunConfig base = cell(Scale.TINY, "table1/sd/cifar-10").runs().get(1L);
    RunConfig noisy = cell(Scale.TINY, "table1/sd-rn/cifar-10").runs().get(1L);
    assertThat(base.training().noise()).isEqualTo(NoiseSpec.none());
    assertThat(base.training().schedule()).isEqualTo(noisy.training().schedule());
    assertThat(base.training().seed()).isEqualTo(noisy.training().seed());
    assertThat(base.data()).isEqualTo(noisy.data());
  }

  @Test
  void aSmokeRunHasFewExamplesAndSeeds() {
    PlannedCell cell = cell(Scale.SMOKE, "table1/const/cifar-10");
    assertThat(cell.runs()).containsOnlyKeys(1L, 2L);
    assertThat(cell.data().standIn()).isTrue();
    assertThat(cell.trainCount()).isEqualTo(64);
    RunConfig config = cell.runs().get(1L);
    assertThat(config.training().epochs()).isEqualTo(5);
    assertThat(config.subset()).isEqualTo(64);
    assertThat(config.testSubset()).isEqualTo(64);
  }

  @Test
  void exponentialDecayFallsAsFarAsInThePapersRun() {
    RunConfig config = cell(Scale.TINY, "table1/ed/cifar-10").runs().get(1L);
    ExponentialDecay schedule = (ExponentialDecay) config.training().schedule();
    // 400 generated images are 4 batches; CIFAR-10's 50,000 are 391.
    assertThat(schedule.lr(10 * 4, 4))
        .isCloseTo(new ExponentialDecay(0.1, 0.96, 600).lr(200 * 391, 391), within(1e-15));
  }

  private static List<PlannedCell> withBackbone(String backbone, String only) {
    return new Planner(Scale.SMOKE, null, Map.of(), backbone, "cpu", 2, false)
        .plan(Table.of("table2"), List.of(only));
  }

  private static String error(String table, String overridden, String location) {
    return catchThrowableOfType(
            InputException.class,
            () ->
                planner(Scale.TINY, null, Map.of(overridden, location))
                    .plan(Table.of(table), List.of()))
        .getMessage();
  }

  @Test
  void dataThatDoesNotFitAModelIsRejectedBeforeAnyRun() {
    assertThat(error("table4", "cifar10", "generated:imdb"))
        .isEqualTo(
            "table4/sd/cifar-10: model resnet20-keras takes images, but generated:imdb has texts");
  }

  /** Writes the weights of a ResNet-50, with torchvision's names. */
  private static void writeBackbone(Path file) throws IOException {
    try (PointerScope scope = new PointerScope();
        DeepLabV3 network = new DeepLabV3(2)) {
      Map<String, Tensor> state = new LinkedHashMap<>(Tensors.state(network));
      state.keySet().removeIf(name -> !name.matches("(conv1|bn1|layer).*"));
      Map<String, Tensor> backbone = new LinkedHashMap<>();
      state.forEach((name, tensor) -> backbone.put(torchvisionName(name), tensor));
      SafeTensors.write(file, backbone, Map.of());
    }
  }

  private static String torchvisionName(String name) {
    return name.replaceFirst("^(layer\\d)_(\\d+)_", "$1.$2.")
        .replaceFirst("downsample_(\\d)", "downsample.$1");
  }

  @Test
  @Tag("slow")
  void onlyDeepLabHasABackbone(@TempDir Path folder) throws IOException {
    String file = folder.resolve("weights").toString();
    writeBackbone(Path.of(file));
    List<PlannedCell> cells = withBackbone(file, "{deeplab,lstm}*/sd");
    assertThat(cells.stream().map(cell -> cell.runs().get(1L).backbone()))
        .containsExactly(null, file);
    assertThatThrownBy(() -> withBackbone(file, "lstm*/sd"))
        .isInstanceOf(InputException.class)
        .hasMessage("--backbone needs a cell of model deeplabv3, but none is selected");
    assertThatThrownBy(() -> withBackbone(folder + "/none", "deeplab*/sd"))
        .isInstanceOf(InputException.class)
        .hasMessage("--backbone must be a readable file, but is " + folder + "/none");
    String text = Files.writeString(folder.resolve("text"), "no weights").toString();
    assertThatThrownBy(() -> withBackbone(text, "deeplab*/sd"))
        .isInstanceOf(InputException.class)
        .hasMessageContaining(text + " is not a valid safetensors file: ");
  }

  @Test
  void theNumberOfSeedsCanBeSet() {
    List<PlannedCell> cells =
        planner(Scale.FULL, 5, Map.of("cifar10", "generated:cifar10"))
            .plan(Table.of("table6"), List.of("sd/batch-32"));
    assertThat(cells.get(0).runs()).containsOnlyKeys(1L, 2L, 3L, 4L, 5L);
  }

  private static List<String> selected(String... only) {
    return Planner.select(Table.of("table1"), List.of(only)).stream().map(Cell::id).toList();
  }

  @Test
  void cellsAreSelectedByPatterns() {
    assertThat(selected()).hasSize(20);
    assertThat(selected("{sd,const}*/cifar-10"))
        .containsExactly(
            "table1/sd/cifar-10",
            "table1/sd-rn/cifar-10",
            "table1/const/cifar-10",
            "table1/const-rn/cifar-10");
    assertThat(selected("table1/wr/*", "sd/cifar-10"))
        .containsExactly("table1/sd/cifar-10", "table1/wr/cifar-10", "table1/wr/cifar-100");
    assertThatThrownBy(() -> selected("adam/*"))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "--only must match a cell, table1/sd/cifar-10 for instance, but adam/* matches none");
    assertThatThrownBy(() -> selected("[z"))
        .isInstanceOf(InputException.class)
        .hasMessage("--only must be a pattern such as sd*/cifar-10, but is [z");
  }

  @Test
  void theErrorOfAbsentDataNamesItAndTheRemedies() {
    assumeFalse(Datasets.isAvailable("cifar100"));
    assertThat(error("table1", "cifar10", "generated:cifar10"))
        .isEqualTo(
            "no data of cifar100 in "
                + Datasets.dataHome()
                + ": fetch it with 'noisylr data fetch cifar100', name other data with"
                + " --data-override NAME=PATH, or select cells that do not use it with --only");
  }

  @ParameterizedTest
  @ValueSource(strings = {"svhn", "cifar"})
  void overridesReplaceDataOfSelectedCells(String name) {
    assertThat(error("table4", name, "x"))
        .isEqualTo(
            "--data-override must be NAME=PATH with NAME one of {cifar10}, the data of the selected"
                + " cells, but is "
                + name);
  }

  @Test
  void theErrorOfAnAbsentOverrideNamesItsPath() {
    assertThat(error("table4", "cifar10", "nothing/here.zip"))
        .isEqualTo("cannot read nothing/here.zip: no such file or folder");
  }

  @Test
  void linksToTheSameDataGiveTheSameRuns(@TempDir Path folder) throws IOException {
    Path data = Files.createDirectory(folder.resolve("data"));
    for (String split : List.of("train", "t10k")) {
      byte[] image = new byte[28 * 28];
      write(data.resolve(split + "-images-idx3-ubyte"), 3, new int[] {1, 28, 28}, image);
      write(data.resolve(split + "-labels-idx1-ubyte"), 1, new int[] {1}, new byte[1]);
    }
    Path link = Files.createSymbolicLink(folder.resolve("link"), data);
    assertThat(onMnist(link)).isEqualTo(onMnist(data));
  }

  private static List<PlannedCell> onMnist(Path data) {
    return planner(Scale.TINY, 1, Map.of("mnist", data.toString()))
        .plan(Table.of("table2"), List.of("cnn-mnist/sd"));
  }

  /** Writes an IDX file. */
  private static void write(Path file, int kind, int[] sizes, byte[] values) throws IOException {
    ByteBuffer content = ByteBuffer.allocate(4 + 4 * sizes.length + values.length);
    content.putInt(0x0800 + kind);
    IntStream.of(sizes).forEach(content::putInt);
    Files.write(file, content.put(values).array());
  }

  @Test
  void scalesHaveRules() {
    assertThat(Scale.FULL.rules()).isEqualTo("all epochs and examples");
    assertThat(Scale.TINY.rules())
        .isEqualTo(
            "epochs, milestones, cycles and decays divided by 20, at most the first 10,000 training"
                + " and 2,000 test examples");
    assertThat(Scale.HALF.epochs(200)).isEqualTo(100);
    assertThat(Scale.SMOKE.epochs(1)).isEqualTo(1);
  }
}
