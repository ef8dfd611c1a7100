package org.noisylr.launcher;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import me.tongfei.progressbar.ProgressBar;
import org.noisylr.check.InputException;
import org.noisylr.train.console.Terminal;
import org.noisylr.train.data.Dataset;
import org.noisylr.train.data.Download;
import org.noisylr.train.data.PublishedDataset;
import org.noisylr.train.data.RemoteFile;
import org.noisylr.train.data.format.Datasets;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Lists, fetches and verifies the datasets that are known by name. */
@Command(
    name = "data",
    description = "List, fetch and verify datasets.",
    subcommands = {
      DataCommand.ListCommand.class,
      DataCommand.Fetch.class,
      DataCommand.Verify.class
    })
final class DataCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    throw new CommandLine.ParameterException(
        spec.commandLine(), "Missing subcommand: list, fetch or verify");
  }

  /** The datasets that a command is about. */
  static final class Named {
    @Parameters(
        paramLabel = "NAME",
        arity = "1..*",
        description = "Datasets, as 'data list' names them.")
    private List<String> names;

    List<PublishedDataset> datasets() {
      return names.stream().map(Named::dataset).toList();
    }

    private static PublishedDataset dataset(String name) {
      PublishedDataset dataset = PublishedDataset.of(name);
      if (dataset == null) {
        throw new InputException(
            "dataset must be one of {%s}, but is %s"
                .formatted(
                    Arrays.stream(PublishedDataset.values())
                        .map(PublishedDataset::datasetName)
                        .collect(Collectors.joining(", ")),
                    name));
      }
      return dataset;
    }
  }

  private static Path folder(PublishedDataset dataset) {
    return Datasets.dataHome().resolve(dataset.datasetName());
  }

  @Command(name = "list", description = "What is known by name, where it lies, and its licence.")
  static final class ListCommand implements Callable<Integer> {
    private static final String ROW = "%-19s %-9s %8s  %s%n";

    @Spec private CommandSpec spec;

    @Override
    public Integer call() {
      PrintWriter out = spec.commandLine().getOut();
      out.printf(ROW, "name", "state", "MB", "what, licence, where");
      out.printf(ROW, "fashion-mnist-mini", "built in", "", "7,000 images of Fashion-MNIST; MIT");
      for (PublishedDataset dataset : PublishedDataset.values()) {
        long bytes = dataset.files().stream().mapToLong(RemoteFile::bytes).sum();
        out.printf(
            ROW,
            dataset.datasetName(),
            state(dataset),
            String.format(Locale.ROOT, "%.1f", bytes / 1e6),
            dataset.title() + "; " + dataset.licence() + "; " + folder(dataset));
      }
      out.flush();
      return 0;
    }

    private static String state(PublishedDataset dataset) {
      int missing = dataset.missing(Datasets.dataHome()).size();
      if (missing == 0) {
        return "there";
      }
      return Files.isDirectory(folder(dataset)) ? "in part" : "absent";
    }
  }

  @Command(name = "fetch", description = "Download datasets from where their authors publish them.")
  static final class Fetch implements Callable<Integer> {
    @Spec private CommandSpec spec;

    @Mixin private Named named;

    @Override
    public Integer call() {
      PrintWriter out = spec.commandLine().getOut();
      for (PublishedDataset dataset : named.datasets()) {
        for (RemoteFile file : dataset.files()) {
          boolean fetched = fetch(file, folder(dataset));
          out.printf(
              "%s %s%n", folder(dataset).resolve(file.name()), fetched ? "fetched" : "is there");
          out.flush();
        }
      }
      return 0;
    }

    private static boolean fetch(RemoteFile file, Path folder) {
      if (!Terminal.isInteractive()) {
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

  @Command(
      name = "verify",
      description = "Check the files' sizes and checksums and count the examples in them.")
  static final class Verify implements Callable<Integer> {
    @Spec private CommandSpec spec;

    @Mixin private Named named;

    @Override
    public Integer call() {
      PrintWriter out = spec.commandLine().getOut();
      for (PublishedDataset dataset : named.datasets()) {
        int checked = 0;
        for (RemoteFile file : dataset.files()) {
          checked += verify(folder(dataset).resolve(file.name()), file);
        }
        Dataset data = Datasets.open(dataset.datasetName());
        count(dataset, "training", data.trainCount(), dataset.trainCount());
        count(dataset, "test", data.testCount(), dataset.testCount());
        out.printf(
            "%s: %d of %d published files right, %d training and %d test examples%n",
            dataset.datasetName(),
            checked,
            dataset.files().size(),
            data.trainCount(),
            data.testCount());
        out.flush();
      }
      return 0;
    }

    /** The number of files checked: 0 if it is not there, for it may lie there unpacked. */
    private static int verify(Path path, RemoteFile file) {
      if (!Files.exists(path)) {
        return 0;
      }
      String md5 = Download.md5(path);
      if (!md5.equals(file.md5())) {
        throw new InputException(
            "%s has the MD5 %s, but %s is published: delete it and fetch it again"
                .formatted(path, md5, file.md5()));
      }
      return 1;
    }

    private static void count(PublishedDataset dataset, String which, int found, int published) {
      if (found != published) {
        throw new InputException(
            "%s has %d %s examples, but %d are published"
                .formatted(dataset.datasetName(), found, which, published));
      }
    }
  }
}
