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
import org.noisylr.experiment.plan.Planner.PlannedCell;
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

  @Test
  void fewerSeedsKeepEarlierRunsAndOtherDataReplacesThem() {
    Plan.write(
        store, Scale.TINY, "noisylr experiment run", cells(3, "generated:cifar10", "sd/cifar-10"));
    Plan.write(
        store, Scale.TINY, "noisylr experiment run", cells(1, "generated:cifar10", "sd/cifar-10"));
    assertThat(entry("sd/cifar-10").runs()).containsOnlyKeys(1L, 2L, 3L);
    assertThat(
            Plan.write(
                store,
                Scale.TINY,
                "noisylr experiment run",
                cells(1, "generated:svhn", "sd/cifar-10")))
        .containsExactly(
            "table4/sd/cifar-10 now uses generated:svhn in place of cifar10: 400 training and 200 test"
                + " examples, 10 epochs; the store keeps its earlier runs on generated:cifar10 in"
                + " place of cifar10: 400 training and 200 test examples, 10 epochs");
    assertThat(entry("sd/cifar-10").runs()).containsOnlyKeys(1L);
    assertThat(entry("sd/cifar-10").data()).isEqualTo("generated:svhn in place of cifar10");
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
