package org.noisylr.launcher;

import java.nio.file.Path;
import me.tongfei.progressbar.ProgressBar;
import org.noisylr.train.console.Terminal;
import org.noisylr.train.data.Download;
import org.noisylr.train.data.PublishedDataset;
import org.noisylr.train.data.RemoteFile;
import picocli.CommandLine.Command;

/** Downloads datasets. */
@Command(name = "fetch")
final class DataFetchCommand extends DatasetsCommand {
  @Override
  void process(PublishedDataset dataset, Path folder) {
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
