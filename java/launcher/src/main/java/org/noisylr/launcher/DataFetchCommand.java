package org.noisylr.launcher;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import me.tongfei.progressbar.ProgressBar;
import org.noisylr.train.console.Terminal;
import org.noisylr.train.data.Download;
import org.noisylr.train.data.PublishedDataset;
import org.noisylr.train.data.RemoteFile;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Downloads datasets. */
@Command(name = "fetch", description = "Download datasets from their authors' servers.")
final class DataFetchCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Mixin private PublishedDatasets datasets;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    for (PublishedDataset dataset : datasets.all()) {
      Path folder = PublishedDatasets.folder(dataset);
      for (RemoteFile file : dataset.files()) {
        String result = fetch(file, folder) ? "fetched" : "already present";
        out.printf("%s %s%n", folder.resolve(file.name()), result);
        out.flush();
      }
    }
    return 0;
  }

  private static boolean fetch(RemoteFile file, Path folder) {
    if (!Terminal.isThere()) {
      return new Download().fetch(file, folder, (done, total) -> {});
    }
    try (ProgressBar bar =
        Terminal.bar(System.err)
            .setTaskName(file.name())
            .setUnit(" MB", 1_000_000)
            .setInitialMax(file.bytes())
            .build()) {
      return new Download().fetch(file, folder, (done, total) -> bar.stepTo(done));
    }
  }
}
