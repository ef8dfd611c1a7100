package org.noisylr.launcher;

import java.io.IOException;
import java.nio.file.Path;
import org.noisylr.check.Check;
import org.noisylr.check.Reason;
import org.noisylr.train.run.TrainedModel;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Exports the weights of a run's model with a description for other programs. */
@Command(name = "export")
final class ExportCommand extends Subcommand {
  private static final String EXTENSION = ".safetensors";

  @Mixin private TrainedModelOptions model;
  @Mixin private QuietOption quiet;

  @Option(names = "--out", paramLabel = "FILE.safetensors", required = true)
  private Path out;

  @Override
  public Integer call() {
    String name = out.toString();
    if (!name.endsWith(EXTENSION)) {
      throw Check.invalid("--out", name, "a file with the extension " + EXTENSION);
    }
    Path description = Path.of(name.substring(0, name.length() - EXTENSION.length()) + ".json");
    try (TrainedModel trained = model.open("cpu")) {
      trained.export(out, description);
      quiet
          .progress()
          .printf(
              "%s after epoch %d: weights in %s, classes and inputs in %s%n",
              trained.info().model(), trained.info().epoch(), out, description);
      return 0;
    } catch (IOException e) {
      throw Reason.unwritable(out, e);
    }
  }
}
