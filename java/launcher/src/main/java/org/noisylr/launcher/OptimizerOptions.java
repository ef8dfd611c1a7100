package org.noisylr.launcher;

import java.util.EnumSet;
import java.util.Map;
import org.noisylr.torch.optim.Implementation;
import org.noisylr.train.loop.OptimizerSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The options for an optimizer. */
final class OptimizerOptions {
  private static final double DEFAULT_WEIGHT_DECAY = 1e-4;

  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

  @Option(
      names = "--optimizer",
      paramLabel = "NAME",
      defaultValue = "momentum",
      description =
          "sgd, momentum, adam, adamw, adagrad, rmsprop, l4mom or l4adam (for L4, --lr is its alpha,"
              + " 0.15 in its paper); default ${DEFAULT-VALUE}.")
  private OptimizerSpec.Kind kind;

  @Option(
      names = "--momentum",
      paramLabel = "M",
      defaultValue = "0.9",
      description = "For --optimizer momentum; default ${DEFAULT-VALUE}.")
  private double momentum;

  @Option(
      names = "--weight-decay",
      paramLabel = "W",
      description = "Default 1e-4; 0 for L4, which has none.")
  private Double weightDecay;

  @Option(
      names = "--optimizer-impl",
      paramLabel = "HOW",
      defaultValue = "fused",
      description =
          "fused (one pass over all parameters) or stock (LibTorch's own step); both compute the same"
              + " values on a CPU; default ${DEFAULT-VALUE}.")
  private Implementation implementation;

  OptimizerSpec spec() {
    Options.requireChoice(
        command,
        "--optimizer",
        kind,
        Map.of("--momentum", EnumSet.of(OptimizerSpec.Kind.MOMENTUM)));
    double decay = weightDecay != null ? weightDecay : kind.isL4() ? 0 : DEFAULT_WEIGHT_DECAY;
    return Options.named(
        Map.of("momentum", "--momentum", "weight decay", "--weight-decay"),
        () -> new OptimizerSpec(kind, momentum, decay, implementation));
  }
}
