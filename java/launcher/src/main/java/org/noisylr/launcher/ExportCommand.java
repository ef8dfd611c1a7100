package org.noisylr.launcher;

import java.io.IOException;
import java.nio.file.Path;
import org.noisylr.check.Check;
import org.noisylr.check.Reason;
import org.noisylr.train.run.ScriptFile;
import org.noisylr.train.run.TrainedModel;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Exports a run's model for other programs. */
@Command(name = "export")
final class ExportCommand extends Subcommand {
  private static final String WEIGHTS = ".safetensors";

  @Mixin private TrainedModelOptions model;
  @Mixin private QuietOption quiet;

  @Option(names = "--out", paramLabel = "FILE", required = true)
  private Path out;

  @Override
  public Integer call() {
    String name = out.toString();
    boolean isTorchScript = name.endsWith(ScriptFile.EXTENSION);
    if (!isTorchScript && !name.endsWith(WEIGHTS)) {
      throw Check.invalid(
          "--out",
          name,
          "a file with the extension %s or %s".formatted(WEIGHTS, ScriptFile.EXTENSION));
    }
    Path description = Path.of(name.substring(0, name.lastIndexOf('.')) + ".json");
    try (TrainedModel trained = model.open("cpu")) {
      if (isTorchScript) {
        trained.exportTorchScript(out, description);
      } else {
        trained.export(out, description);
      }
      quiet
          .progress()
          .printf(
              "%s after epoch %d: %s in %s, classes and inputs in %s%n",
              trained.info().model(),
              trained.info().epoch(),
              isTorchScript ? "TorchScript" : "weights",
              out,
              description);
      return 0;
    } catch (IOException e) {
      throw Reason.unwritable(out, e);
    }
  }
}
