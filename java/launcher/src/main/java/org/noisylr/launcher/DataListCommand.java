package org.noisylr.launcher;

import java.nio.file.Files;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.noisylr.train.data.PublishedDataset;
import org.noisylr.train.data.RemoteFile;
import org.noisylr.train.data.format.Datasets;
import org.noisylr.train.run.RunFormat;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Lists the datasets. */
@Command(name = "list")
final class DataListCommand extends Subcommand {
  private static final String ROW = "%-19s %-9s %8s  %s%n";

  @Option(names = "--json")
  private boolean json;

  @Override
  public Integer call() {
    if (json) {
      out().println(RunFormat.toJson(Map.of("datasets", entries())));
      return 0;
    }
    out().printf(ROW, "name", "state", "MB", "content; licence; folder");
    out().printf(ROW, "fashion-mnist-mini", "embedded", "", "7,000 images of Fashion-MNIST; MIT");
    for (PublishedDataset dataset : PublishedDataset.values()) {
      out()
          .printf(
              ROW,
              dataset.datasetName(),
              state(dataset),
              String.format(Locale.ROOT, "%.1f", bytes(dataset) / 1e6),
              "%s; %s; %s"
                  .formatted(dataset.title(), dataset.licence(), DataFetchCommand.folder(dataset)));
    }
    return 0;
  }

  private static List<Map<String, Object>> entries() {
    List<Map<String, Object>> entries = new ArrayList<>();
    entries.add(Map.of("name", "fashion-mnist-mini", "state", "embedded"));
    for (PublishedDataset dataset : PublishedDataset.values()) {
      Map<String, Object> entry = new LinkedHashMap<>();
      entry.put("name", dataset.datasetName());
      entry.put("state", state(dataset));
      entry.put("bytes", bytes(dataset));
      entry.put("content", dataset.title());
      entry.put("licence", dataset.licence());
      entry.put("folder", DataFetchCommand.folder(dataset).toString());
      entries.add(entry);
    }
    return entries;
  }

  private static long bytes(PublishedDataset dataset) {
    return dataset.files().stream().mapToLong(RemoteFile::bytes).sum();
  }

  private static String state(PublishedDataset dataset) {
    int missing = dataset.missing(Datasets.dataHome()).size();
    boolean unpacked =
        missing == dataset.files().size() && Datasets.isAvailable(dataset.datasetName());
    if (missing == 0 || unpacked) {
      return "present";
    }
    return Files.isDirectory(DataFetchCommand.folder(dataset)) ? "partial" : "absent";
  }
}
