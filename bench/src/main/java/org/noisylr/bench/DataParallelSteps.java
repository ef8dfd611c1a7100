package org.noisylr.bench;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.noisylr.check.Check;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.schedule.Constant;
import org.noisylr.torch.distributed.Communicator;
import org.noisylr.torch.distributed.DataParallel;
import org.noisylr.torch.distributed.Rendezvous;
import org.noisylr.torch.model.Model;
import org.noisylr.torch.optim.Implementation;
import org.noisylr.train.data.Augmentation;
import org.noisylr.train.data.Batch;
import org.noisylr.train.data.BatchPart;
import org.noisylr.train.data.Dataset;
import org.noisylr.train.loop.OptimizerSpec;
import org.noisylr.train.loop.Precision;
import org.noisylr.train.loop.Trainer;
import org.noisylr.train.loop.TrainingConfig;
import org.noisylr.train.loop.UpdateOptions;
import org.noisylr.train.run.Cpu;
import org.noisylr.train.run.ModelName;

/**
 * Measures training steps on the ranks of a group, or in one process if the environment names no
 * group. Rank 0 prints the results.
 */
final class DataParallelSteps {
  private static final int STEPS = 20;
  private static final int BATCH = 128;

  private final Communicator group;

  private DataParallelSteps(Communicator group) {
    this.group = group;
  }

  /**
   * Runs a measurement.
   *
   * <ul>
   *   <li>{@code step}: mean time of a step of the trainer, ResNet-20, in microseconds.
   *   <li>{@code reduction}: the same of forward and backward passes whose gradients are reduced
   *       meanwhile, reduced afterwards, and not reduced.
   *   <li>{@code memory}: resident memory after 200 and 2,000 steps of the small CNN.
   * </ul>
   *
   * @param epochs the number of measured epochs of 20 steps, after as many to warm up
   */
  static void main(String measurement, int epochs) throws IOException {
    Cpu.configure(Cpu.processorsOfRank());
    Optional<Rendezvous> place = Rendezvous.fromEnvironment();
    try (Communicator group =
        place.isEmpty()
            ? null
            : Communicator.join(place.get(), new Device("cpu"), Duration.ofMinutes(1))) {
      DataParallelSteps steps = new DataParallelSteps(group);
      switch (measurement) {
        case "step" -> steps.step(epochs);
        case "reduction" -> steps.reduction(epochs);
        case "memory" -> steps.memory();
        default ->
            throw Check.invalid("measurement", measurement, "one of step, reduction, memory");
      }
    }
  }

  private void print(String format, Object... values) {
    if (group == null || group.rank() == 0) {
      System.out.printf(Locale.ROOT, format + "%n", values);
    }
  }

  private interface Use {
    void of(Model model, Dataset.OnDevice examples) throws IOException;
  }

  private static void with(ModelName name, Use use) throws IOException {
    Trainer.seedWeights(1);
    Dataset data = RandomImages.of(name, STEPS * BATCH);
    try (Model model = name.create(data);
        Dataset.OnDevice examples = data.on(new Device("cpu"), Augmentation.NONE)) {
      use.of(model, examples);
    }
  }

  private Trainer trainer(Model model, Dataset.OnDevice examples) {
    TrainingConfig config =
        new TrainingConfig(
            new OptimizerSpec(OptimizerSpec.Kind.MOMENTUM, 0.9, 1e-4, Implementation.FUSED),
            new Constant(0.001),
            NoiseSpec.uniform(1),
            Integer.MAX_VALUE,
            BATCH,
            Augmentation.NONE,
            Precision.FP32,
            UpdateOptions.PLAIN,
            1);
    return new Trainer(model, config, examples, new Device("cpu"), false, group);
  }

  private void step(int epochs) throws IOException {
    with(
        ModelName.RESNET20,
        (model, examples) -> {
          try (Trainer trainer = trainer(model, examples)) {
            run(trainer, epochs); // warms up
            long start = System.nanoTime();
            run(trainer, epochs);
            print("%.1f", (System.nanoTime() - start) * 1e-3 / epochs / STEPS);
          }
        });
  }

  private static void run(Trainer trainer, int epochs) {
    for (int epoch = 0; epoch < epochs; epoch++) {
      trainer.runEpoch(List.of());
    }
  }

  private void memory() throws IOException {
    with(
        ModelName.CNN28,
        (model, examples) -> {
          try (Trainer trainer = trainer(model, examples)) {
            long early = 0;
            for (int steps = STEPS; steps <= 2_000; steps += STEPS) {
              trainer.runEpoch(List.of());
              if (steps == 200) {
                early = Soak.residentKilobytes();
              }
            }
            long late = Soak.residentKilobytes();
            print(
                "%d kB after 200 steps, %d kB after 2000: %.4f",
                early, late, (double) late / early);
          }
        });
  }

  private void reduction(int epochs) throws IOException {
    with(
        ModelName.RESNET20,
        (model, examples) -> {
          model.channelsLast();
          model.train(true);
          try (DataParallel parallel = new DataParallel(model, group)) {
            List<Runnable> forms = new ArrayList<>();
            forms.add(() -> pass(model, examples, parallel::backward));
            forms.add(
                () ->
                    pass(
                        model,
                        examples,
                        loss -> {
                          loss.backward();
                          reduce(model);
                        }));
            forms.add(() -> pass(model, examples, Tensor::backward));
            double[] seconds = new double[forms.size()];
            for (int epoch = 0; epoch <= epochs; epoch++) {
              for (int form = 0; form < forms.size(); form++) {
                group.barrier();
                long start = System.nanoTime();
                for (int step = 0; step < STEPS; step++) {
                  forms.get(form).run();
                }
                group.barrier();
                // The first epoch warms up.
                seconds[form] += epoch == 0 ? 0 : (System.nanoTime() - start) * 1e-9;
              }
            }
            double scale = 1e6 / epochs / STEPS;
            print("%.1f %.1f %.1f", seconds[0] * scale, seconds[1] * scale, seconds[2] * scale);
          }
        });
  }

  private interface Backward {
    void of(Tensor loss);
  }

  private void pass(Model model, Dataset.OnDevice examples, Backward backward) {
    try (PointerScope scope = new PointerScope()) {
      Tensor indices = torch.randperm(STEPS * BATCH).narrow(0, 0, BATCH);
      Batch batch =
          examples.train().training(indices, BatchPart.of(BATCH, group.rank(), group.size()));
      model.zero_grad(true);
      backward.of(torch.cross_entropy(model.forward(batch.inputs()), batch.targets()));
    }
  }

  /** Reduces all gradients at once, as one tensor. */
  private void reduce(Model model) {
    try (PointerScope scope = new PointerScope();
        AutoGradMode noGrad = new AutoGradMode(false)) {
      TensorVector parameters = model.parameters();
      Tensor[] flat = new Tensor[(int) parameters.size()];
      for (int i = 0; i < flat.length; i++) {
        flat[i] = parameters.get(i).grad().flatten();
      }
      Tensor all = torch.cat(new TensorVector(flat));
      group.allReduce(all);
      long start = 0;
      for (int i = 0; i < flat.length; i++) {
        Tensor gradient = parameters.get(i).grad();
        gradient.copy_(all.narrow(0, start, gradient.numel()).view_as(gradient));
        start += gradient.numel();
      }
    }
  }
}
