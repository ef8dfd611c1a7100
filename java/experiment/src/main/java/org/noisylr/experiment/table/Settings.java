package org.noisylr.experiment.table;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.noisylr.check.Check;
import org.noisylr.experiment.schedule.Noises;
import org.noisylr.experiment.text.PlainNumber;
import org.noisylr.noise.Distribution;
import org.noisylr.torch.optim.Implementation;
import org.noisylr.torch.optim.MomentumForm;
import org.noisylr.train.data.Augmentation;
import org.noisylr.train.loop.OptimizerSpec;
import org.noisylr.train.run.ModelSpec;

/**
 * How a cell of a table is trained at full scale.
 *
 * @param data name of the published dataset
 * @param model the model
 * @param optimizer the algorithm
 * @param momentum momentum of SGD
 * @param nesterov whether it is Nesterov's momentum
 * @param momentumForm where the learning rate enters the momentum
 * @param weightDecay weight decay of all parameters
 * @param schedule name of a schedule in {@code paper.yaml}
 * @param lr the initial rate; null for the schedule's own
 * @param noise distribution of the noise factor
 * @param beta the share of noisy epochs, the last ones, in [0, 1]
 * @param epochs number of epochs, at least 1
 * @param batchSize examples in a step, at least 1
 * @param augmentation random changes of the training examples
 * @param seeds number of seeds, at least 1: the seeds are 1, 2, …, seeds
 * @param processes number of processes that train a run together, at least 1
 */
public record Settings(
    String data,
    ModelSpec model,
    OptimizerSpec.Kind optimizer,
    double momentum,
    boolean nesterov,
    MomentumForm momentumForm,
    double weightDecay,
    String schedule,
    Double lr,
    Distribution noise,
    double beta,
    int epochs,
    int batchSize,
    Augmentation augmentation,
    int seeds,
    int processes) {
  /** Validates the values. */
  public Settings {
    Check.within("beta", beta, 0, 1);
    Check.atLeast("epochs", epochs, 1);
    Check.atLeast("batch size", batchSize, 1);
    Check.atLeast("seeds", seeds, 1);
    Check.atLeast("processes", processes, 1);
  }

  /** Returns all settings in one line for readers. */
  public String describe() {
    return "%s on %s, %s%s, weight decay %s, %s%s, %s, %d epochs, batch %d, %s, %s%s"
        .formatted(
            model,
            data,
            optimizer.name().toLowerCase(Locale.ROOT),
            optimizer == OptimizerSpec.Kind.MOMENTUM ? describeMomentum() : "",
            PlainNumber.of(weightDecay),
            schedule,
            lr == null ? "" : " from " + PlainNumber.of(lr),
            noise instanceof Distribution.None
                ? "no noise"
                : "noise %s, beta %s".formatted(Noises.describe(noise), PlainNumber.of(beta)),
            epochs,
            batchSize,
            describeAugmentation(),
            seeds == 1 ? "1 seed" : seeds + " seeds",
            processes == 1 ? "" : ", " + processes + " processes");
  }

  private String describeMomentum() {
    return " %s%s%s"
        .formatted(
            PlainNumber.of(momentum),
            nesterov ? " (Nesterov)" : "",
            momentumForm == MomentumForm.KERAS ? " in Keras' form" : "");
  }

  /** Returns the optimizer. The keys of momentum have no effect on others. */
  public OptimizerSpec optimizerSpec() {
    return optimizer == OptimizerSpec.Kind.MOMENTUM
        ? new OptimizerSpec(
            optimizer, momentum, nesterov, momentumForm, weightDecay, Implementation.FUSED)
        : new OptimizerSpec(optimizer, momentum, weightDecay, Implementation.FUSED);
  }

  private String describeAugmentation() {
    List<String> parts = new ArrayList<>();
    if (augmentation.padding() > 0) {
      parts.add("crop after " + augmentation.padding() + " pixels of padding");
    }
    if (augmentation.zoom() > 1) {
      parts.add("zoom up to " + PlainNumber.of(augmentation.zoom()));
    }
    if (augmentation.mirror()) {
      parts.add("mirror");
    }
    return parts.isEmpty() ? "no augmentation" : String.join(" and ", parts);
  }
}
