package org.noisylr.experiment.surface;

import org.noisylr.experiment.chart.Ink;
import org.noisylr.torch.optim.Implementation;
import org.noisylr.train.loop.OptimizerSpec;

/** The optimizers whose paths are drawn. */
public enum Algorithm {
  SGD("SGD", OptimizerSpec.Kind.SGD),
  MOMENTUM("momentum", OptimizerSpec.Kind.MOMENTUM),
  ADAM("Adam", OptimizerSpec.Kind.ADAM),
  RMSPROP("RMSProp", OptimizerSpec.Kind.RMSPROP);

  private final String title;
  private final OptimizerSpec.Kind kind;

  Algorithm(String title, OptimizerSpec.Kind kind) {
    this.title = title;
    this.kind = kind;
  }

  /** Returns the name for readers. */
  public String title() {
    return title;
  }

  /** Returns the line of the optimizer's paths. */
  Ink ink() {
    return Ink.values()[ordinal()];
  }

  OptimizerSpec spec() {
    return new OptimizerSpec(kind, 0.9, 0, Implementation.FUSED);
  }
}
