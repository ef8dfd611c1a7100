package org.noisylr.launcher;

import static java.util.stream.Collectors.joining;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.noisylr.check.Check;
import org.noisylr.train.data.PublishedDataset;
import org.noisylr.train.data.format.Datasets;
import picocli.CommandLine.Parameters;

/** A command that processes published datasets. */
abstract class DatasetsCommand extends Subcommand {
  @Parameters(paramLabel = "NAME", arity = "1..*", descriptionKey = "datasets")
  private List<String> names;

  /** Processes a dataset whose files are in {@code folder}, if they exist. */
  abstract void process(PublishedDataset dataset, Path folder);

  @Override
  public final Integer call() {
    names.stream()
        .map(DatasetsCommand::dataset)
        .toList()
        .forEach(dataset -> process(dataset, folder(dataset)));
    return 0;
  }

  private static PublishedDataset dataset(String name) {
    PublishedDataset dataset = PublishedDataset.of(name);
    if (dataset == null) {
      throw Check.invalid(
          "dataset",
          name,
          Arrays.stream(PublishedDataset.values())
              .map(PublishedDataset::datasetName)
              .collect(joining(", ", "one of {", "}")));
    }
    return dataset;
  }

  /** Returns the folder for the files of a dataset. */
  static Path folder(PublishedDataset dataset) {
    return Datasets.dataHome().resolve(dataset.datasetName());
  }
}
