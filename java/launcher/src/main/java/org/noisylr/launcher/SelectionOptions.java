package org.noisylr.launcher;

import java.util.Map;
import org.noisylr.train.run.Selection;
import picocli.CommandLine.Option;

/** The options for how the best epoch is chosen. */
final class SelectionOptions {
  @Option(names = "--validation", paramLabel = "F")
  private Double validation;

  @Option(names = "--early-stop", paramLabel = "N")
  private Integer earlyStop;

  Selection selection() {
    return Options.named(
        Map.of("validation", "--validation", "early stop", "--early-stop"),
        () -> new Selection(validation, earlyStop));
  }
}
