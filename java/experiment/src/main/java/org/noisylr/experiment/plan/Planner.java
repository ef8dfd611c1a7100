package org.noisylr.experiment.plan;

import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Collectors;
import org.noisylr.check.Check;
import org.noisylr.check.InputException;
import org.noisylr.experiment.schedule.Schedules;
import org.noisylr.experiment.table.Cell;
import org.noisylr.experiment.table.Settings;
import org.noisylr.experiment.table.Table;
import org.noisylr.train.data.Augmentation;
import org.noisylr.train.data.Dataset;
import org.noisylr.train.data.PublishedDataset;
import org.noisylr.train.loop.TrainingConfig;
import org.noisylr.train.run.ModelName;
import org.noisylr.train.run.Run;
import org.noisylr.train.run.RunConfig;

/**
 * Turns cells into runs.
 *
 * @param scale how much is trained
 * @param seeds the number of seeds that replaces the cells' own, in [1, 1000]; null for the rule of
 *     the scale
 * @param overrides data that replaces that of cells, by its name
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
  /** Validates the values. */
  public Planner {
    if (seeds != null) {
      Check.within("--seeds", (long) seeds, 1, Settings.MAX_SEEDS);
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
      Cell cell, DataSource data, int trainCount, int testCount, Map<Long, RunConfig> runs) {
    /** Returns whether its noise starts after the last epoch. */
    public boolean hasIdleNoise() {
      TrainingConfig training = runs.get(1L).training();
      return cell.settings().isNoisy() && training.noise().firstEpoch() >= training.epochs();
    }
  }

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
      return FileSystems.getDefault().getPathMatcher("glob:" + ascii(glob));
    } catch (PatternSyntaxException e) {
      throw new InputException("--only must be a pattern such as sd*/cifar-10, but is " + glob, e);
    }
  }

  /** Replaces letters that a path in the POSIX locale cannot have. */
  private static String ascii(String text) {
    return text.codePoints()
        .mapToObj(c -> c < 128 ? Character.toString(c) : "~%x~".formatted(c))
        .collect(Collectors.joining());
  }

  private static boolean matches(PathMatcher matcher, String id) {
    Path path = Path.of(ascii(id));
    return matcher.matches(path) || matcher.matches(path.subpath(1, path.getNameCount()));
  }

  /**
   * Plans the selected cells, opens their data, and checks that each cell can be trained on it.
   *
   * @param only as for {@link #select}
   * @throws InputException if no cell is selected, or data is absent, damaged or does not fit
   */
  public List<PlannedCell> plan(List<Table> tables, List<String> only) {
    List<Cell> cells = select(tables, only);
    checkBackbone(cells);
    Set<DataSource.Key> keys = new LinkedHashSet<>();
    cells.forEach(cell -> keys.add(DataSource.Key.of(cell.settings())));
    Map<Cell, PlannedCell> planned = new HashMap<>();
    DataSource.open(
        keys,
        overrides,
        scale == Scale.SMOKE,
        (key, source, data) ->
            cells.stream()
                .filter(cell -> key.equals(DataSource.Key.of(cell.settings())))
                .forEach(cell -> planned.put(cell, plan(cell, source, data))));
    return cells.stream().map(planned::get).toList();
  }

  private PlannedCell plan(Cell cell, DataSource source, Dataset data) {
    Settings settings = cell.settings();
    Map<Long, RunConfig> runs = new LinkedHashMap<>();
    int count = seeds == null ? scale.seeds(settings.seeds()) : seeds;
    for (long seed = 1; seed <= count; seed++) {
      runs.put(seed, config(settings, source, settings.augmentation().of(data), seed));
    }
    try {
      RunConfig first = runs.get(1L);
      Run.check(first, data);
      int used = Run.parts(first, data).dataset().trainCount();
      settings.model().checkBatches(data, used, settings.batchSize(), settings.processes());
      return new PlannedCell(cell, source, used, testCount(source), runs);
    } catch (InputException e) {
      throw new InputException(cell.id() + ": " + e.getMessage(), e);
    }
  }

  private int trainCount(DataSource source) {
    return Math.min(scale.trainCount(), source.trainCount());
  }

  private int testCount(DataSource source) {
    return Math.min(scale.testCount(), source.testCount());
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
  }

  private RunConfig config(
      Settings settings, DataSource source, Augmentation augmentation, long seed) {
    int epochs = scale.epochs(settings.epochs());
    int trainCount = trainCount(source);
    int testCount = testCount(source);
    double epochRatio = (double) epochs / settings.epochs();
    PublishedDataset published = PublishedDataset.of(settings.data());
    int fullCount = published == null ? source.trainCount() : published.trainCount();
    double stepRatio =
        epochRatio
            * steps(trainCount, settings.batchSize())
            / steps(fullCount, settings.batchSize());
    TrainingConfig training =
        new TrainingConfig(
            settings.optimizerSpec(),
            Schedules.stretched(settings.schedule(), epochRatio, stepRatio),
            settings.noiseSpec(epochs, seed),
            epochs,
            settings.batchSize(),
            augmentation,
            settings.precision(),
            settings.update(),
            seed);
    return new RunConfig(
        source.location(),
        settings.resize(),
        trainCount == source.trainCount() ? null : trainCount,
        testCount == source.testCount() ? null : testCount,
        settings.model(),
        settings.model() == ModelName.DEEPLABV3 ? backbone : null,
        device,
        Math.max(1, threads / settings.processes()),
        settings.processes(),
        capture && !settings.optimizer().isL4(),
        training,
        settings.selection());
  }

  private static double steps(int examples, int batchSize) {
    return Math.ceil((double) examples / batchSize);
  }
}
