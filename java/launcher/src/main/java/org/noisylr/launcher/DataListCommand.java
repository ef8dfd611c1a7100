package org.noisylr.launcher;

import java.nio.file.Files;
import java.util.Locale;
import org.noisylr.train.data.PublishedDataset;
import org.noisylr.train.data.RemoteFile;
import org.noisylr.train.data.format.Datasets;
import picocli.CommandLine.Command;

/** Lists the datasets. */
@Command(name = "list")
final class DataListCommand extends Subcommand {
  private static final String ROW = "%-19s %-9s %8s  %s%n";

  @Override
  public Integer call() {
    out().printf(ROW, "name", "state", "MB", "content; licence; folder");
    out().printf(ROW, "fashion-mnist-mini", "embedded", "", "7,000 images of Fashion-MNIST; MIT");
    for (PublishedDataset dataset : PublishedDataset.values()) {
      long bytes = dataset.files().stream().mapToLong(RemoteFile::bytes).sum();
      out()
          .printf(
              ROW,
              dataset.datasetName(),
              state(dataset),
              String.format(Locale.ROOT, "%.1f", bytes / 1e6),
              "%s; %s; %s"
                  .formatted(dataset.title(), dataset.licence(), DatasetsCommand.folder(dataset)));
    }
    return 0;
  }

  private static String state(PublishedDataset dataset) {
    int missing = dataset.missing(Datasets.dataHome()).size();
    boolean unpacked =
        missing == dataset.files().size() && Datasets.isAvailable(dataset.datasetName());
    if (missing == 0 || unpacked) {
      return "present";
    }
    return Files.isDirectory(DatasetsCommand.folder(dataset)) ? "partial" : "absent";
  }
}
