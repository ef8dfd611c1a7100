package org.noisylr.launcher;

import java.util.Map;
import org.noisylr.torch.optim.MomentumForm;
import picocli.CommandLine.Option;

/** The form of momentum that replaces the experiment's own. */
final class MomentumFormOption {
  @Option(
      names = "--momentum-form",
      paramLabel = "FORM",
      descriptionKey = "experiment-momentum-form")
  private MomentumForm form;

  /** Returns the keys that override those of all cells. */
  Map<String, Object> overrides() {
    return form == null ? Map.of() : Map.of("momentum_form", Choice.word(form));
  }

  /** Returns the option as it was given, with a blank before it. */
  String argument() {
    return form == null ? "" : " --momentum-form " + Choice.word(form);
  }
}
