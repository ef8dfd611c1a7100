package org.noisylr.experiment.table;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.noisylr.check.Check;
import org.noisylr.experiment.schedule.Noises;
import org.noisylr.experiment.schedule.Schedules;
import org.noisylr.experiment.text.PlainNumber;
import org.noisylr.noise.Distribution;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.schedule.Schedule;
import org.noisylr.torch.optim.Implementation;
import org.noisylr.torch.optim.MomentumForm;
import org.noisylr.train.data.NamedAugmentation;
import org.noisylr.train.loop.OptimizerSpec;
import org.noisylr.train.loop.Precision;
import org.noisylr.train.loop.UpdateOptions;
import org.noisylr.train.run.ModelSpec;
import org.noisylr.train.run.Selection;

/**
 * How a cell is trained at full scale. The names are those of the options of {@code train}.
 *
 * @param data name or path of the dataset
 * @param resize width and height that images are resized to; null to keep their size
 * @param model the model
 * @param optimizer the algorithm
 * @param momentum momentum of SGD
 * @param nesterov whether it is Nesterov's momentum
 * @param momentumForm where the learning rate enters the momentum
 * @param weightDecay weight decay of all parameters
 * @param schedule the base learning rate
 * @param noise distribution of the noise factor
 * @param beta the share of noisy epochs, the last ones, in [0, 1]
 * @param noisePer whether a factor holds for an epoch or for a step
 * @param noiseMinLr the least realised rate of noisy epochs
 * @param noiseMaxLr the greatest realised rate of noisy epochs
 * @param epochs number of epochs, at least 1
 * @param batchSize examples in a batch, at least 1
 * @param augmentation random changes of the training examples
 * @param precision arithmetic of the forward pass
 * @param accumulate number of batches whose gradients make an update
 * @param clipNorm greatest norm of the gradients; null for no limit
 * @param labelSmoothing share of a target that is spread over all classes
 * @param ema decay of averaged weights; null for the weights themselves
 * @param validation fraction of the training examples that chooses the best epoch; null for the
 *     test examples
 * @param earlyStop the run ends after this number of epochs without a better score; null for never
 * @param seeds number of seeds, at least 1: the seeds are 1, 2, …, seeds
 * @param processes number of processes that train a run together, at least 1
 */
public record Settings(
    String data,
    Integer resize,
    ModelSpec model,
    OptimizerSpec.Kind optimizer,
    double momentum,
    boolean nesterov,
    MomentumForm momentumForm,
    double weightDecay,
    Schedule schedule,
    Distribution noise,
    double beta,
    NoiseSpec.Draw noisePer,
    double noiseMinLr,
    double noiseMaxLr,
    int epochs,
    int batchSize,
    NamedAugmentation augmentation,
    Precision precision,
    int accumulate,
    Double clipNorm,
    double labelSmoothing,
    Double ema,
    Double validation,
    Integer earlyStop,
    int seeds,
    int processes) {
  /** The most seeds of a cell. */
  public static final int MAX_SEEDS = 1000;

  /** Validates the values. */
  public Settings {
    Check.required("data", data);
    Check.required("model", model);
    Check.required("optimizer", optimizer);
    Check.required("momentumForm", momentumForm);
    Check.required("schedule", schedule);
    Check.required("noise", noise);
    Check.within("beta", beta, 0, 1);
    Check.required("noisePer", noisePer);
    Check.nonNegative("noiseMinLr", noiseMinLr);
    if (!(noiseMaxLr >= noiseMinLr)) {
      throw Check.invalid("noiseMaxLr", noiseMaxLr, "at least " + noiseMinLr);
    }
    Check.atLeast("epochs", epochs, 1);
    Check.atLeast("batch size", batchSize, 1);
    Check.required("augmentation", augmentation);
    Check.required("precision", precision);
    Check.within("seeds", (long) seeds, 1, MAX_SEEDS);
    Check.atLeast("processes", processes, 1);
    optimizerSpec(optimizer, momentum, nesterov, momentumForm, weightDecay);
    UpdateOptions update = new UpdateOptions(accumulate, clipNorm, labelSmoothing, ema);
    if (optimizer.isL4() && update.clipNorm() != null) {
      throw Check.invalid("clip norm", clipNorm, "unset for L4");
    }
    new Selection(validation, earlyStop);
  }

  /** Returns the optimizer. The keys of momentum have no effect on others. */
  public OptimizerSpec optimizerSpec() {
    return optimizerSpec(optimizer, momentum, nesterov, momentumForm, weightDecay);
  }

  private static OptimizerSpec optimizerSpec(
      OptimizerSpec.Kind kind,
      double momentum,
      boolean nesterov,
      MomentumForm form,
      double weightDecay) {
    return kind == OptimizerSpec.Kind.MOMENTUM
        ? new OptimizerSpec(kind, momentum, nesterov, form, weightDecay, Implementation.FUSED)
        : new OptimizerSpec(kind, momentum, weightDecay, Implementation.FUSED);
  }

  /**
   * Returns the noise of a run. Cells without noise have the same one, hence the same key in a
   * store.
   *
   * @param runEpochs number of epochs of the run
   */
  public NoiseSpec noiseSpec(int runEpochs, long seed) {
    return isNoisy()
        ? new NoiseSpec(
            noise,
            NoiseSpec.firstNoisyEpoch(beta, runEpochs),
            noiseMinLr,
            noiseMaxLr,
            noisePer,
            NoiseSpec.Groups.SHARED,
            seed,
            0)
        : NoiseSpec.none();
  }

  /** Returns whether the learning rate has noise. */
  public boolean isNoisy() {
    return !(noise instanceof Distribution.None);
  }

  /** Returns how gradients become a step. */
  public UpdateOptions update() {
    return new UpdateOptions(accumulate, clipNorm, labelSmoothing, ema);
  }

  /** Returns how the best epoch is chosen. */
  public Selection selection() {
    return new Selection(validation, earlyStop);
  }

  /** Returns the number of seeds in words. */
  public String describeSeeds() {
    return PlainNumber.of(seeds, "seed");
  }

  /** Returns all settings but the seeds in one line for readers. */
  public String describe() {
    List<String> parts = new ArrayList<>();
    parts.add(model + " on " + data + (resize == null ? "" : " resized to " + resize));
    parts.add(describeOptimizer());
    parts.add("weight decay " + PlainNumber.of(weightDecay));
    parts.add(Schedules.describe(schedule));
    parts.add(describeNoise());
    parts.add("%s, batch %d".formatted(PlainNumber.of(epochs, "epoch"), batchSize));
    parts.add("augmentation " + augmentation);
    if (precision != Precision.FP32) {
      parts.add("precision " + precision.name().toLowerCase(Locale.ROOT));
    }
    if (accumulate > 1) {
      parts.add("gradients of %d batches".formatted(accumulate));
    }
    add(parts, "clip norm", clipNorm);
    add(parts, "label smoothing", labelSmoothing == 0 ? null : labelSmoothing);
    add(parts, "EMA", ema);
    add(parts, "validation", validation);
    add(parts, "early stop", earlyStop == null ? null : (double) earlyStop);
    if (processes > 1) {
      parts.add(processes + " processes");
    }
    return String.join("; ", parts);
  }

  private static void add(List<String> parts, String name, Double value) {
    if (value != null) {
      parts.add(name + " " + PlainNumber.of(value));
    }
  }

  private String describeOptimizer() {
    String name = optimizer.name().toLowerCase(Locale.ROOT);
    return optimizer == OptimizerSpec.Kind.MOMENTUM
        ? "%s %s in %s form"
            .formatted(
                nesterov ? "Nesterov's momentum" : name,
                PlainNumber.of(momentum),
                momentumForm == MomentumForm.KERAS ? "Keras'" : "PyTorch's")
        : name;
  }

  private String describeNoise() {
    if (!isNoisy()) {
      return "no noise";
    }
    String text =
        "noise %s per %s, beta %s"
            .formatted(
                Noises.describe(noise),
                noisePer.name().toLowerCase(Locale.ROOT),
                PlainNumber.of(beta));
    if (noiseMinLr > 0) {
      text += ", at least " + PlainNumber.of(noiseMinLr);
    }
    return noiseMaxLr < Double.POSITIVE_INFINITY
        ? text + ", at most " + PlainNumber.of(noiseMaxLr)
        : text;
  }
}
