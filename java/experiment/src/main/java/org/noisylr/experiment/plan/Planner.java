package org.noisylr.experiment.plan;

import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.PatternSyntaxException;
import org.noisylr.check.Check;
import org.noisylr.check.InputException;
import org.noisylr.experiment.schedule.Schedules;
import org.noisylr.experiment.table.Cell;
import org.noisylr.experiment.table.Settings;
import org.noisylr.experiment.table.Table;
import org.noisylr.noise.Distribution;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.schedule.Schedule;
import org.noisylr.train.data.Dataset;
import org.noisylr.train.data.PublishedDataset;
import org.noisylr.train.loop.Precision;
import org.noisylr.train.loop.TrainingConfig;
import org.noisylr.train.loop.UpdateOptions;
import org.noisylr.train.run.ModelName;
import org.noisylr.train.run.Run;
import org.noisylr.train.run.RunConfig;
import org.noisylr.train.run.Selection;

/**
 * Turns cells of the paper's tables into runs.
 *
 * @param scale how much is trained
 * @param seeds the number of seeds that replaces the paper's, in [1, 1000]; null for the rule of
 *     the scale
 * @param overrides data that replaces published datasets, by their names
 * @param backbone a file of weights for DeepLab V3; null for none
 * @param device the device's own name
 * @param threads CPU threads of a run, divided among its processes
 * @param capture whether training steps are captured in a CUDA graph, except L4's
 */
public record Planner(
    Scale scale,
    Integer seeds,
    Map<String, String> overrides,
    String backbone,
    String device,
    int threads,
    boolean capture) {
  private static final int MAX_SEEDS = 1000;

  /** Validates the values. */
  public Planner {
    if (seeds != null) {
      Check.within("--seeds", (long) seeds, 1, MAX_SEEDS);
    }
  }

  /**
   * A cell and its runs.
   *
   * @param cell the cell
   * @param data the data that it is trained on
   * @param trainCount number of training examples used
   * @param testCount number of test examples used
   * @param runs configurations by seed
   */
  public record PlannedCell(
      Cell cell, DataSource data, int trainCount, int testCount, Map<Long, RunConfig> runs) {}

  /**
   * Selects cells.
   *
   * @param only globs of cell ids, with or without the table; empty for all cells
   * @throws InputException if a glob matches no cell
   */
  static List<Cell> select(Collection<Table> tables, List<String> only) {
    List<Cell> all = tables.stream().flatMap(table -> table.cells().stream()).toList();
    if (only.isEmpty()) {
      return all;
    }
    Set<Cell> selected = new LinkedHashSet<>();
    for (String glob : only) {
      PathMatcher matcher = matcher(glob);
      List<Cell> matching = all.stream().filter(cell -> matches(matcher, cell.id())).toList();
      if (matching.isEmpty()) {
        throw new InputException(
            "--only must match a cell, %s for instance, but %s matches none"
                .formatted(all.get(0).id(), glob));
      }
      selected.addAll(matching);
    }
    return all.stream().filter(selected::contains).toList();
  }

  private static PathMatcher matcher(String glob) {
    try {
      return FileSystems.getDefault().getPathMatcher("glob:" + glob);
    } catch (PatternSyntaxException e) {
      throw new InputException("--only must be a pattern such as sd*/cifar-10, but is " + glob, e);
    }
  }

  private static boolean matches(PathMatcher matcher, String id) {
    Path path = Path.of(id);
    return matcher.matches(path) || matcher.matches(path.subpath(1, path.getNameCount()));
  }

  /**
   * Plans the selected cells, and opens their data to count the examples.
   *
   * @param only as for {@link #select}
   * @throws InputException if no cell is selected, or data is absent, damaged or does not fit
   */
  public List<PlannedCell> plan(List<Table> tables, List<String> only) {
    List<Cell> cells = select(tables, only);
    checkBackbone(cells);
    Map<String, DataSource> sources =
        DataSource.find(
            cells.stream().map(cell -> cell.settings().data()).toList(),
            overrides,
            scale == Scale.SMOKE,
            (name, data) -> check(cells, name, data));
    Map<String, Table> byId = new LinkedHashMap<>();
    tables.forEach(table -> byId.put(table.id(), table));
    return cells.stream()
        .map(cell -> plan(byId.get(cell.table()), cell, sources.get(cell.settings().data())))
        .toList();
  }

  private PlannedCell plan(Table table, Cell cell, DataSource source) {
    Map<Long, RunConfig> runs = new LinkedHashMap<>();
    int count = seeds == null ? scale.seeds(cell.settings().seeds()) : seeds;
    for (long seed = 1; seed <= count; seed++) {
      runs.put(seed, config(table, cell.settings(), source, seed));
    }
    return new PlannedCell(cell, source, trainCount(source), testCount(source), runs);
  }

  private int trainCount(DataSource source) {
    return Math.min(scale.trainCount(), source.trainCount());
  }

  private int testCount(DataSource source) {
    return Math.min(scale.testCount(), source.testCount());
  }

  /** Checks that the models of the cells can train on the data that replaces their dataset. */
  private void check(List<Cell> cells, String name, Dataset data) {
    for (Cell cell : cells) {
      Settings settings = cell.settings();
      if (settings.data().equals(name)) {
        try {
          int trainCount = Math.min(scale.trainCount(), data.trainCount());
          settings.model().check(data);
          settings
              .model()
              .checkBatches(data, trainCount, settings.batchSize(), settings.processes());
          data.check(settings.augmentation());
        } catch (InputException e) {
          throw new InputException(cell.id() + ": " + e.getMessage(), e);
        }
      }
    }
  }

  private void checkBackbone(List<Cell> cells) {
    if (backbone == null) {
      return;
    }
    if (cells.stream().noneMatch(cell -> cell.settings().model() == ModelName.DEEPLABV3)) {
      throw new InputException(
          "--backbone needs a cell of model %s, but none is selected"
              .formatted(ModelName.DEEPLABV3));
    }
    if (!Files.isReadable(Path.of(backbone))) {
      throw new InputException("--backbone must be a readable file, but is " + backbone);
    }
    Run.checkBackbone(Path.of(backbone));
  }

  private RunConfig config(Table table, Settings settings, DataSource source, long seed) {
    int epochs = scale.epochs(settings.epochs());
    int trainCount = trainCount(source);
    int testCount = testCount(source);
    double epochRatio = (double) epochs / settings.epochs();
    int published = PublishedDataset.of(settings.data()).trainCount();
    double stepRatio =
        epochRatio
            * steps(trainCount, settings.batchSize())
            / steps(published, settings.batchSize());
    Schedule schedule = Schedules.stretched(table.schedule(settings), epochRatio, stepRatio);
    TrainingConfig training =
        new TrainingConfig(
            settings.optimizerSpec(),
            schedule,
            noise(settings, epochs, seed),
            epochs,
            settings.batchSize(),
            settings.augmentation(),
            Precision.FP32,
            UpdateOptions.PLAIN,
            seed);
    return new RunConfig(
        source.location(),
        null,
        trainCount == source.trainCount() ? null : trainCount,
        testCount == source.testCount() ? null : testCount,
        settings.model(),
        settings.model() == ModelName.DEEPLABV3 ? backbone : null,
        device,
        Math.max(1, threads / settings.processes()),
        settings.processes(),
        capture && !settings.optimizer().isL4(),
        training,
        Selection.BY_TEST);
  }

  private static double steps(int examples, int batchSize) {
    return Math.ceil((double) examples / batchSize);
  }

  /** Cells without noise have the same noise settings, hence the same key in a store. */
  private static NoiseSpec noise(Settings settings, int epochs, long seed) {
    return settings.noise() instanceof Distribution.None
        ? NoiseSpec.none()
        : NoiseSpec.of(settings.noise()).lastFraction(settings.beta(), epochs).seed(seed);
  }
}
