package org.noisylr.launcher;

import java.util.EnumSet;
import java.util.Map;
import org.noisylr.torch.optim.Implementation;
import org.noisylr.torch.optim.MomentumForm;
import org.noisylr.train.loop.OptimizerSpec;
import picocli.CommandLine.Option;

/** The options for an optimizer. */
final class OptimizerOptions extends OptionGroup {
  private static final double DEFAULT_WEIGHT_DECAY = 1e-4;

  @Option(names = "--optimizer", paramLabel = "NAME", defaultValue = "momentum")
  private OptimizerSpec.Kind kind;

  @Option(names = "--momentum", paramLabel = "M", defaultValue = "0.9")
  private double momentum;

  @Option(names = "--nesterov")
  private boolean nesterov;

  @Option(names = "--momentum-form", paramLabel = "FORM", defaultValue = "torch")
  private MomentumForm momentumForm;

  @Option(names = "--weight-decay", paramLabel = "W")
  private Double weightDecay;

  @Option(names = "--optimizer-impl", paramLabel = "HOW", defaultValue = "fused")
  private Implementation implementation;

  OptimizerSpec spec() {
    Options.requireChoice(
        command(),
        "--optimizer",
        kind,
        Map.of(
            "--momentum", EnumSet.of(OptimizerSpec.Kind.MOMENTUM),
            "--nesterov", EnumSet.of(OptimizerSpec.Kind.MOMENTUM),
            "--momentum-form", EnumSet.of(OptimizerSpec.Kind.MOMENTUM),
            "--optimizer-impl",
                EnumSet.complementOf(
                    EnumSet.of(OptimizerSpec.Kind.L4MOM, OptimizerSpec.Kind.L4ADAM))));
    double decay = weightDecay != null ? weightDecay : kind.isL4() ? 0 : DEFAULT_WEIGHT_DECAY;
    return Options.named(
        Map.of("momentum", "--momentum", "weight decay", "--weight-decay"),
        () -> new OptimizerSpec(kind, momentum, nesterov, momentumForm, decay, implementation));
  }
}
