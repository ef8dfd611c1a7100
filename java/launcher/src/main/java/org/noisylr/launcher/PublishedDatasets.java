package org.noisylr.launcher;

import static java.util.stream.Collectors.joining;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.noisylr.check.Check;
import org.noisylr.train.data.Datasets;
import org.noisylr.train.data.PublishedDataset;
import picocli.CommandLine.Parameters;

/** The datasets that a command names. */
final class PublishedDatasets {
  @Parameters(
      paramLabel = "NAME",
      arity = "1..*",
      description = "Datasets, with the names of 'data list'.")
  private List<String> names;

  List<PublishedDataset> all() {
    return names.stream().map(PublishedDatasets::dataset).toList();
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

  /** The folder that the files of a dataset belong in. */
  static Path folder(PublishedDataset dataset) {
    return Datasets.dataHome().resolve(dataset.datasetName());
  }
}
