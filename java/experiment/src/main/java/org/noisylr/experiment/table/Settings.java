package org.noisylr.experiment.table;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.noisylr.check.Check;
import org.noisylr.noise.Distribution;
import org.noisylr.train.data.Augmentation;
import org.noisylr.train.loop.OptimizerSpec;
import org.noisylr.train.run.ModelName;

/**
 * How a cell of a table is trained, at full scale.
 *
 * @param data the published dataset's name
 * @param model the model
 * @param optimizer the algorithm
 * @param momentum of SGD with momentum
 * @param weightDecay of all parameters
 * @param schedule the name of a schedule in {@code paper.yaml}
 * @param lr the initial rate if it is not the schedule's own; else null
 * @param noise the distribution of the noise factor
 * @param beta the share of noisy epochs, the last ones
 * @param epochs number of epochs
 * @param batchSize examples a step
 * @param augmentation of the training examples
 * @param seeds number of seeds: 1 … seeds
 */
public record Settings(
    String data,
    ModelName model,
    OptimizerSpec.Kind optimizer,
    double momentum,
    double weightDecay,
    String schedule,
    Double lr,
    Distribution noise,
    double beta,
    int epochs,
    int batchSize,
    Augmentation augmentation,
    int seeds) {
  /** Validates the values. */
  public Settings {
    Check.within("beta", beta, 0, 1);
    Check.atLeast("epochs", epochs, 1);
    Check.atLeast("batch size", batchSize, 1);
    Check.atLeast("seeds", seeds, 1);
  }

  /** In one line for readers. */
  public String describe() {
    return "%s on %s, %s%s, weight decay %s, %s%s, %s, %d epochs, batch %d, %s, %s"
        .formatted(
            model,
            data,
            optimizer.name().toLowerCase(Locale.ROOT),
            optimizer == OptimizerSpec.Kind.MOMENTUM ? " " + momentum : "",
            weightDecay,
            schedule,
            lr == null ? "" : " from " + lr,
            describeNoise(),
            epochs,
            batchSize,
            describeAugmentation(),
            seeds == 1 ? "1 seed" : seeds + " seeds");
  }

  private String describeAugmentation() {
    List<String> parts = new ArrayList<>();
    if (augmentation.padding() > 0) {
      parts.add("crop after " + augmentation.padding() + " pixels of padding");
    }
    if (augmentation.zoom() > 1) {
      parts.add("zoom up to " + augmentation.zoom());
    }
    if (augmentation.mirror()) {
      parts.add("mirror");
    }
    return parts.isEmpty() ? "no augmentation" : String.join(" and ", parts);
  }

  private String describeNoise() {
    if (noise instanceof Distribution.Uniform uniform) {
      return "noise %s * U(0,1), beta %s".formatted(uniform.alpha(), beta);
    }
    if (noise instanceof Distribution.Gaussian gaussian) {
      return "noise N(%s, %s), beta %s".formatted(gaussian.mean(), gaussian.std(), beta);
    }
    return "no noise";
  }
}
