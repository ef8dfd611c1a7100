package org.noisylr.launcher;

import static java.util.stream.Collectors.joining;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import me.tongfei.progressbar.ProgressBar;
import org.noisylr.check.Check;
import org.noisylr.train.console.Terminal;
import org.noisylr.train.data.Download;
import org.noisylr.train.data.PublishedDataset;
import org.noisylr.train.data.RemoteFile;
import org.noisylr.train.data.format.Datasets;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Downloads datasets. */
@Command(name = "fetch")
final class DataFetchCommand extends Subcommand {
  @Parameters(paramLabel = "NAME", arity = "1..*", descriptionKey = "datasets")
  private List<String> names;

  @Override
  public Integer call() {
    names.stream().map(DataFetchCommand::dataset).toList().forEach(this::fetch);
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

  private void fetch(PublishedDataset dataset) {
    Path folder = folder(dataset);
    for (RemoteFile file : dataset.files()) {
      String result = fetch(file, folder) ? "fetched" : "already present";
      out().printf("%s %s%n", folder.resolve(file.name()), result);
    }
  }

  private static boolean fetch(RemoteFile file, Path folder) {
    try (ProgressBar bar = Terminal.isInteractive(System.out) ? bar(file) : null) {
      return new Download().fetch(file, folder, bar == null ? done -> {} : bar::stepTo);
    }
  }

  private static ProgressBar bar(RemoteFile file) {
    return Terminal.bar(System.err)
        .setTaskName(file.name())
        .setUnit(" MB", 1_000_000)
        .setInitialMax(file.bytes())
        .build();
  }
}
