package org.noisylr.experiment.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.noisylr.check.InputException;
import org.noisylr.experiment.FinishedRun;
import org.noisylr.experiment.plan.Planner.PlannedCell;
import org.noisylr.experiment.store.RunStore;
import org.noisylr.experiment.table.Table;

class PlanTest {
  @TempDir private Path store;

  private static List<PlannedCell> cells(int seeds, String data, String... only) {
    return new Planner(Scale.TINY, seeds, Map.of("cifar10", data), null, "cpu", 1, false)
        .plan(Table.of("table4"), List.of(only));
  }

  private Plan.Entry entry(String id) {
    return Plan.read(store, "table4", Scale.TINY).cells().get("table4/" + id);
  }

  @Test
  void aLaterPlanKeepsEarlierCells() {
    Plan.write(
        store, Scale.TINY, "noisylr experiment run", cells(1, "generated:cifar10", "sd/cifar-10"));
    Plan.write(
        store,
        Scale.TINY,
        "noisylr experiment run",
        cells(1, "generated:cifar10", "alpha-2-*/cifar-10"));
    assertThat(Plan.read(store, "table4", Scale.TINY).cells())
        .containsOnlyKeys("table4/sd/cifar-10", "table4/alpha-2-beta-0.6/cifar-10");
  }

  private List<String> write(List<PlannedCell> cells) {
    return Plan.write(store, Scale.TINY, "noisylr experiment run", cells);
  }

  @Test
  void fewerSeedsKeepFinishedRunsAndOtherDataReplacesThem() throws IOException {
    List<PlannedCell> three = cells(3, "generated:cifar10", "sd/cifar-10");
    write(three);
    assertThat(entry("sd/cifar-10").runs()).containsOnlyKeys(1L, 2L, 3L);
    String second = RunStore.key(three.get(0).runs().get(2L));
    FinishedRun.write(new RunStore(store).folder(second), 0.5);
    write(cells(1, "generated:cifar10", "sd/cifar-10"));
    assertThat(entry("sd/cifar-10").runs()).containsOnlyKeys(1L, 2L);
    assertThat(write(cells(1, "generated:svhn", "sd/cifar-10")))
        .singleElement()
        .asString()
        .startsWith(
            "table4/sd/cifar-10 is trained in another way than before (generated:svhn in place of"
                + " cifar10: 400 training and 200 test examples, 10 epochs; resnet20-keras on ")
        .contains("; the store keeps its earlier runs (generated:cifar10 in place of cifar10: ");
    assertThat(entry("sd/cifar-10").runs()).containsOnlyKeys(1L);
    assertThat(entry("sd/cifar-10").data()).isEqualTo("generated:svhn in place of cifar10");
  }

  private List<PlannedCell> own(String keys, int seeds) throws IOException {
    Path file = store.resolve("own.yaml");
    Files.writeString(
        file,
        """
        setting: {data: "generated:cifar10", model: resnet20, epochs: 20, %s}
        rows: [{name: only}]
        """
            .formatted(keys));
    return new Planner(Scale.TINY, seeds, Map.of(), null, "cpu", 1, false)
        .plan(Table.of(file.toString()), List.of());
  }

  @Test
  void aChangedFileDoesNotMixRuns() throws IOException {
    String schedule = "schedule: {type: one-cycle, lr: 0.1, peak_lr: 0.3, rise_fraction: %s}";
    write(own(schedule.formatted("0.1"), 3));
    List<PlannedCell> changed = own(schedule.formatted("0.6"), 2);
    assertThat(write(changed)).hasSize(1);
    assertThat(Plan.read(store, "own", Scale.TINY).cells().get("own/only/result").runs())
        .containsOnly(
            Map.entry(1L, RunStore.key(changed.get(0).runs().get(1L))),
            Map.entry(2L, RunStore.key(changed.get(0).runs().get(2L))));
  }

  @Test
  void cellsOnDataInDifferentPlacesAreNotComparable() {
    write(cells(1, "generated:cifar10", "sd/cifar-10"));
    write(cells(1, "generated:svhn", "alpha-2-*/cifar-10"));
    assertThat(entry("sd/cifar-10").comparable(entry("alpha-2-beta-0.6/cifar-10"))).isFalse();
    write(cells(1, "generated:cifar10", "alpha-2-*/cifar-10"));
    assertThat(entry("sd/cifar-10").comparable(entry("alpha-2-beta-0.6/cifar-10"))).isTrue();
  }

  @Test
  void concurrentPlansLoseNoCell() {
    List<String> rows =
        Table.of("table4").get(0).cells().stream()
            .map(cell -> cell.id().substring("table4/".length()))
            .toList();
    List<List<PlannedCell>> plans =
        rows.stream().map(row -> cells(1, "generated:cifar10", row)).toList();
    IntStream.range(0, 200)
        .parallel()
        .forEach(
            i ->
                Plan.write(
                    store, Scale.TINY, "noisylr experiment run", plans.get(i % plans.size())));
    assertThat(Plan.read(store, "table4", Scale.TINY).cells()).hasSize(rows.size());
  }

  @Test
  void onlyScalesThatWereRunAreListed() {
    assertThat(Plan.scales(store, "table4")).isEmpty();
    Plan.write(store, Scale.TINY, "noisylr experiment run", cells(1, "generated:cifar10"));
    assertThat(Plan.scales(store, "table4")).containsExactly(Scale.TINY);
  }

  @Test
  void theErrorOfADamagedPlanNamesTheFile() throws IOException {
    Path folder = Files.createDirectories(Plan.folder(store, "table4", Scale.TINY));
    Files.writeString(folder.resolve("plan.yaml"), "cells: 5\n");
    assertThatThrownBy(() -> Plan.read(store, "table4", Scale.TINY))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(folder.resolve("plan.yaml") + " is not a plan: ");
  }
}
