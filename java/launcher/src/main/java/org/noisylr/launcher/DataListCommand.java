package org.noisylr.launcher;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.noisylr.train.data.Datasets;
import org.noisylr.train.data.PublishedDataset;
import org.noisylr.train.data.RemoteFile;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Lists the datasets. */
@Command(name = "list", description = "List the datasets, their folders and licences.")
final class DataListCommand implements Callable<Integer> {
  private static final String ROW = "%-19s %-9s %8s  %s%n";

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    out.printf(ROW, "name", "state", "MB", "content; licence; folder");
    out.printf(ROW, "fashion-mnist-mini", "embedded", "", "7,000 images of Fashion-MNIST; MIT");
    for (PublishedDataset dataset : PublishedDataset.values()) {
      long bytes = dataset.files().stream().mapToLong(RemoteFile::bytes).sum();
      out.printf(
          ROW,
          dataset.datasetName(),
          state(dataset),
          String.format(Locale.ROOT, "%.1f", bytes / 1e6),
          "%s; %s; %s"
              .formatted(dataset.title(), dataset.licence(), PublishedDatasets.folder(dataset)));
    }
    out.flush();
    return 0;
  }

  private static String state(PublishedDataset dataset) {
    if (dataset.missing(Datasets.dataHome()).isEmpty()) {
      return "present";
    }
    return Files.isDirectory(PublishedDatasets.folder(dataset)) ? "partial" : "absent";
  }
}
