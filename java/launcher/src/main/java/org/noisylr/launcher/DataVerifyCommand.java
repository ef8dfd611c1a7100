package org.noisylr.launcher;

import java.nio.file.Files;
import java.nio.file.Path;
import org.noisylr.check.InputException;
import org.noisylr.train.data.Dataset;
import org.noisylr.train.data.Download;
import org.noisylr.train.data.PublishedDataset;
import org.noisylr.train.data.RemoteFile;
import org.noisylr.train.data.format.Datasets;
import picocli.CommandLine.Command;

/** Verifies datasets. */
@Command(name = "verify")
final class DataVerifyCommand extends DatasetsCommand {
  @Override
  void process(PublishedDataset dataset, Path folder) {
    int checked = 0;
    for (RemoteFile file : dataset.files()) {
      Path path = folder.resolve(file.name());
      // An archive may be absent if its files are unpacked.
      if (Files.exists(path)) {
        verify(path, file);
        checked++;
      }
    }
    Dataset data = Datasets.open(dataset.datasetName());
    verifyCount(dataset, "training", data.trainCount(), dataset.trainCount());
    verifyCount(dataset, "test", data.testCount(), dataset.testCount());
    out()
        .printf(
            "%s: %d of %d published files verified, %d training and %d test examples%n",
            dataset.datasetName(),
            checked,
            dataset.files().size(),
            data.trainCount(),
            data.testCount());
  }

  private static void verify(Path path, RemoteFile file) {
    String md5 = Download.md5(path);
    if (!md5.equals(file.md5())) {
      throw new InputException(
          "%s must have the published MD5 %s, but has %s: delete it and fetch it again"
              .formatted(path, file.md5(), md5));
    }
  }

  private static void verifyCount(
      PublishedDataset dataset, String which, int found, int published) {
    if (found != published) {
      throw new InputException(
          "%s must have the published %d %s examples, but has %d"
              .formatted(dataset.datasetName(), published, which, found));
    }
  }
}
