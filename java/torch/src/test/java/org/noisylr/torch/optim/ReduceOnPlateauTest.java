package org.noisylr.torch.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.noisylr.torch.optim.Archives.load;
import static org.noisylr.torch.optim.Archives.save;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.CRC32;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.OptimizerParamGroup;
import org.bytedeco.pytorch.SGD;
import org.bytedeco.pytorch.SGDOptions;
import org.bytedeco.pytorch.TensorVector;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.noisylr.check.InputException;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.schedule.Schedule;

class ReduceOnPlateauTest {
  private static final int STEPS = 40;

  @TempDir private Path folder;

  /** The generator of src/test/python/pytorch_plateau.py. */
  private static final class SplitMix64 {
    private long state;

    SplitMix64(long seed) {
      state = seed;
    }

    int below(int bound) {
      state += 0x9E3779B97F4A7C15L;
      long z = state;
      z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
      z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
      return (int) Long.remainderUnsigned(z ^ (z >>> 31), bound);
    }

    double of(double... values) {
      return values[below(values.length)];
    }

    PlateauOptions options() {
      return new PlateauOptions(
          below(2) == 1,
          of(0.1, 0.5, 0.9),
          below(5),
          of(0, 1e-4, 0.1, 0.5),
          below(2) == 0,
          below(4),
          of(0, 1e-3, 0.05));
    }
  }

  private static SGD twoGroups() {
    Problem problem = new Problem();
    SGD optimizer = new SGD(new TensorVector(problem.a()), new SGDOptions(0.1));
    optimizer.add_param_group(
        new OptimizerParamGroup(new TensorVector(problem.b()), new SGDOptions(0.03)));
    return optimizer;
  }

  private static double lr(Optimizer optimizer, int group) {
    try (PointerScope scope = new PointerScope()) {
      return optimizer.param_groups().get(group).options().get_lr();
    }
  }

  /**
   * The row of a sequence, as the script writes it.
   *
   * @param cut the step before which optimizer and plateau move to new objects by an archive; -1
   *     for none
   */
  private String row(int seed, int cut) {
    try (PointerScope scope = new PointerScope()) {
      SplitMix64 random = new SplitMix64(seed);
      Optimizer optimizer = twoGroups();
      ReduceOnPlateau plateau = new ReduceOnPlateau(optimizer, random.options());
      ByteBuffer rates = ByteBuffer.allocate(2 * Double.BYTES * STEPS);
      double metric = 0;
      double previous = lr(optimizer, 0);
      int reductions = 0;
      for (int step = 0; step < STEPS; step++) {
        if (step == cut) {
          Path file = folder.resolve("plateau.pt");
          save(file, optimizer::save, plateau::save);
          optimizer = twoGroups();
          plateau = new ReduceOnPlateau(optimizer, PlateauOptions.minimize());
          load(file, optimizer::load, plateau::load);
        }
        int change = random.below(17);
        metric += (change - 8) / 4.0;
        plateau.step(random.below(50) == 0 ? Double.NaN : metric);
        double lr = lr(optimizer, 0);
        rates.putDouble(lr).putDouble(lr(optimizer, 1));
        if (lr != previous) {
          reductions++;
        }
        previous = lr;
      }
      CRC32 crc = new CRC32();
      crc.update(rates.array());
      return "%08x,%d".formatted(crc.getValue(), reductions);
    }
  }

  private static List<String> expected() {
    try {
      Path file = Path.of(ReduceOnPlateauTest.class.getResource("/pytorch-plateau.csv").getPath());
      List<String> lines = Files.readAllLines(file);
      return lines.subList(1, lines.size());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void ratesEqualPyTorchsOverTenThousandSequences() {
    List<String> expected = expected();
    assertThat(expected).hasSize(10_000);
    for (int seed = 0; seed < expected.size(); seed++) {
      assertThat(row(seed, -1)).as("sequence %d", seed).isEqualTo(expected.get(seed));
    }
  }

  /** One in ten is cut; with -Dreliability=long, each. */
  @Test
  void sequencesThatAreCutAndResumedEqualPyTorchs() {
    int every = "long".equals(System.getProperty("reliability")) ? 1 : 10;
    List<String> expected = expected();
    for (int seed = 0; seed < expected.size(); seed += every) {
      int cut = new SplitMix64(~seed).below(STEPS);
      assertThat(row(seed, cut))
          .as("sequence %d, cut before step %d", seed, cut)
          .isEqualTo(expected.get(seed));
    }
  }

  @Test
  void aReductionScalesAScheduleFromThereOn() {
    Problem problem = new Problem();
    try (SGD optimizer = new SGD(problem.parameters(), new SGDOptions(8))) {
      Scheduler scheduler = new Scheduler(optimizer, Schedule.linear(8, 0, 8));
      ReduceOnPlateau plateau =
          new ReduceOnPlateau(scheduler, PlateauOptions.minimize().factor(0.5).patience(0));
      double[] metrics = {3, 2, 2, 1, 1};
      double[] rates = new double[metrics.length];
      for (int epoch = 0; epoch < metrics.length; epoch++) {
        plateau.step(metrics[epoch]);
        scheduler.step();
        rates[epoch] = lr(optimizer, 0);
      }
      // 7, 6, 5, 4, 3 without reductions; halved in epochs 2 and 4.
      assertThat(rates).containsExactly(7, 6, 2.5, 2, 0.75);
      assertThat(scheduler.lastLr()).isEqualTo(0.75);
    }
  }

  @Test
  void aReductionOnAScheduleIncludesNewGroupsAndDoesNotDependOnTheCurrentRate() {
    try (PointerScope scope = new PointerScope()) {
      Problem problem = new Problem();
      SGD optimizer = new SGD(new TensorVector(problem.a()), new SGDOptions(0.4));
      Scheduler scheduler = new Scheduler(optimizer, Schedule.constant(0.4).warmup(2));
      ReduceOnPlateau plateau =
          new ReduceOnPlateau(
              scheduler, PlateauOptions.minimize().factor(0.25).patience(0).minLr(0.1));
      optimizer.add_param_group(
          new OptimizerParamGroup(new TensorVector(problem.b()), new SGDOptions(0.2)));
      plateau.step(1);
      plateau.step(1); // in the first step of the warm-up, whose rate is 0
      assertThat(lr(optimizer, 0)).isZero();
      scheduler.step();
      scheduler.step();
      assertThat(lr(optimizer, 0)).isCloseTo(0.1, within(1e-15));
      assertThat(lr(optimizer, 1)).isCloseTo(0.1, within(1e-15));
    }
  }

  @Test
  void aResumedPlateauOnAScheduleContinues() {
    PlateauOptions options = PlateauOptions.minimize().factor(0.5).patience(1).minLr(1e-4);
    double[] metrics = {3, 3, 3, 3, 3, 3, 2, 2, 2, 2};
    for (int cut = -1; cut < metrics.length; cut++) {
      try (PointerScope scope = new PointerScope()) {
        Optimizer optimizer = twoGroups();
        Scheduler scheduler = new Scheduler(optimizer, Schedule.cosine(0.1, 0, 12));
        ReduceOnPlateau plateau = new ReduceOnPlateau(scheduler, options);
        for (int epoch = 0; epoch < metrics.length; epoch++) {
          if (epoch == cut) {
            Path file = folder.resolve("schedule.pt");
            save(file, optimizer::save, scheduler::save, plateau::save);
            optimizer = twoGroups();
            scheduler = new Scheduler(optimizer, Schedule.cosine(0.1, 0, 12));
            plateau = new ReduceOnPlateau(scheduler, PlateauOptions.maximize());
            load(file, optimizer::load, scheduler::load, plateau::load);
          }
          plateau.step(metrics[epoch]);
          scheduler.step();
        }
        double full = Schedule.cosine(0.1, 0, 12).lr(metrics.length, 1);
        // Halved after epochs 2, 4 and 8.
        assertThat(lr(optimizer, 0)).as("cut %d", cut).isCloseTo(full / 8, within(1e-15));
        assertThat(plateau.options()).isEqualTo(options);
      }
    }
  }

  @Test
  void noiseMultipliesTheReducedRate() {
    Problem problem = new Problem();
    NoiseSpec noise = NoiseSpec.uniform(8).seed(3).stepsPerEpoch(1);
    try (NoisySGD optimizer = new NoisySGD(problem.parameters(), new SGDOptions(0.1), noise)) {
      ReduceOnPlateau plateau =
          new ReduceOnPlateau(optimizer, PlateauOptions.maximize().patience(0).factor(0.5));
      plateau.step(0.5);
      plateau.step(0.5);
      problem.step(optimizer);
      assertThat(lr(optimizer, 0)).isEqualTo(0.05);
      assertThat(optimizer.realisedLr()).isEqualTo(0.05 * noise.factor(0, 0, 0));
    }
  }

  @Test
  void badOptionsAndForeignArchivesAreRejected() {
    assertThatThrownBy(() -> PlateauOptions.minimize().factor(1))
        .isInstanceOf(InputException.class)
        .hasMessage("factor must be less than 1, but is 1.0");
    assertThatThrownBy(() -> PlateauOptions.minimize().patience(-1))
        .hasMessage("patience must be at least 0, but is -1");
    assertThatThrownBy(() -> PlateauOptions.minimize().absolute(-0.1))
        .hasMessage("threshold must be at least 0, but is -0.1");
    assertThatThrownBy(() -> PlateauOptions.minimize().cooldown(-1))
        .hasMessage("cooldown must be at least 0, but is -1");
    assertThatThrownBy(() -> PlateauOptions.minimize().minLr(-1))
        .hasMessage("minLr must be at least 0, but is -1.0");
    try (SGD optimizer = twoGroups()) {
      ReduceOnPlateau plateau = new ReduceOnPlateau(optimizer, PlateauOptions.minimize());
      Path file = folder.resolve("plain.pt");
      save(file, optimizer::save);
      assertThatThrownBy(() -> load(file, plateau::load))
          .isInstanceOf(InputException.class)
          .hasMessage("the archive holds no state of a plateau");
    }
  }
}
