package org.noisylr.launcher;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.noisylr.check.InputException;
import org.noisylr.train.data.Dataset;
import org.noisylr.train.data.Download;
import org.noisylr.train.data.ImageDataset;
import org.noisylr.train.data.PublishedDataset;
import org.noisylr.train.data.RemoteFile;
import org.noisylr.train.data.SegmentationDataset;
import org.noisylr.train.data.TextDataset;
import org.noisylr.train.data.format.Datasets;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Verifies datasets: the published ones, and those of users. */
@Command(name = "verify")
final class DataVerifyCommand extends Subcommand {
  private static final int MOST_CLASSES = 10;

  @Parameters(paramLabel = "NAME|PATH", arity = "1..*", descriptionKey = "verified")
  private List<String> datasets;

  @Option(names = "--resize", paramLabel = "N")
  private Integer resize;

  @Override
  public Integer call() {
    datasets.forEach(this::verify);
    return 0;
  }

  private void verify(String nameOrPath) {
    PublishedDataset published = PublishedDataset.of(nameOrPath);
    int files = published == null ? 0 : verifyFiles(published);
    Dataset data =
        Options.named(Map.of("resize", "--resize"), () -> Datasets.open(nameOrPath, resize));
    if (published != null) {
      verifyCount(published, "training", data.trainCount(), published.trainCount());
      verifyCount(published, "test", data.testCount(), published.testCount());
    }
    out()
        .printf(
            "%s (%s): %s%d training and %d test examples, %s; %s%n",
            nameOrPath,
            Datasets.formatOf(nameOrPath),
            published == null
                ? ""
                : "%d of %d published files verified, ".formatted(files, published.files().size()),
            data.trainCount(),
            data.testCount(),
            shape(data),
            classes(data.classNames()));
  }

  /** Returns the number of files that exist. Their content must be the published one. */
  private static int verifyFiles(PublishedDataset published) {
    int verified = 0;
    for (RemoteFile file : published.files()) {
      Path path = DataFetchCommand.folder(published).resolve(file.name());
      // An archive may be absent if its files are unpacked.
      if (Files.exists(path)) {
        verify(path, file);
        verified++;
      }
    }
    return verified;
  }

  private static String shape(Dataset data) {
    if (data instanceof ImageDataset images) {
      return "%s images of %d x %d pixels (width x height)%s"
          .formatted(
              images.train().channels() == 1 ? "grey" : "colour",
              images.train().width(),
              images.train().height(),
              images.resize() == null ? "" : ", resized");
    }
    if (data instanceof SegmentationDataset images) {
      return "colour images on canvases of %d x %d pixels (width x height)"
          .formatted(images.train().width(), images.train().height());
    }
    TextDataset texts = (TextDataset) data;
    return "texts of %d tokens, %d different ones"
        .formatted(texts.train().length(), texts.vocabulary());
  }

  private static String classes(List<String> names) {
    return "%d classes: %s%s"
        .formatted(
            names.size(),
            String.join(", ", names.subList(0, Math.min(MOST_CLASSES, names.size()))),
            names.size() > MOST_CLASSES ? ", …" : "");
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
