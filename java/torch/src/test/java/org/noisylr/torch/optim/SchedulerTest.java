package org.noisylr.torch.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.noisylr.torch.optim.Archives.load;
import static org.noisylr.torch.optim.Archives.save;

import java.nio.file.Path;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Adam;
import org.bytedeco.pytorch.AdamOptions;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.OptimizerParamGroup;
import org.bytedeco.pytorch.SGD;
import org.bytedeco.pytorch.SGDOptions;
import org.bytedeco.pytorch.TensorVector;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.noisylr.check.InputException;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.schedule.Milestone;
import org.noisylr.schedule.Schedule;

class SchedulerTest {
  private final Problem problem = new Problem();

  private static double[] lrs(Optimizer optimizer) {
    try (PointerScope scope = new PointerScope()) {
      return IntStream.range(0, (int) optimizer.param_groups().size())
          .mapToDouble(i -> optimizer.param_groups().get(i).options().get_lr())
          .toArray();
    }
  }

  @ParameterizedTest
  @EnumSource
  void everyOptimizerHasTheRatesOfItsSchedule(OptimizerFamily family) {
    Schedule schedule = Schedule.cosine(0.2, 0.01, 4).warmup(1);
    NoiseSpec noise = NoiseSpec.uniform(8).stepsPerEpoch(3);
    for (Optimizer each :
        new Optimizer[] {
          family.stock(problem.parameters(), 0.01), family.noisy(problem.parameters(), 0.01, noise)
        }) {
      try (Optimizer optimizer = each) {
        Scheduler scheduler = new Scheduler(optimizer, schedule, 3);
        for (int step = 0; step < 18; step++) {
          assertThat(scheduler.position()).isEqualTo(step);
          assertThat(scheduler.lastLr()).isEqualTo(schedule.lr(step, 3));
          assertThat(lrs(optimizer)).containsExactly(schedule.lr(step, 3));
          problem.step(optimizer);
          if (optimizer instanceof NoisyOptimizer noisy) {
            assertThat(noisy.realisedLr())
                .isEqualTo(noise.realised(schedule.lr(step, 3), step / 3, step, 0));
          }
          scheduler.step();
        }
      }
    }
  }

  @Test
  void aStepAnEpochFollowsTheEpochs() {
    try (SGD optimizer = new SGD(problem.parameters(), new SGDOptions(1))) {
      Scheduler scheduler = new Scheduler(optimizer, Schedule.stepDecay(1, new Milestone(2, 0.5)));
      double[] rates = new double[4];
      for (int epoch = 0; epoch < rates.length; epoch++) {
        rates[epoch] = scheduler.lastLr();
        scheduler.step();
      }
      assertThat(rates).containsExactly(1, 1, 0.5, 0.5);
    }
  }

  @Test
  void groupsKeepTheProportionOfTheirInitialRates() {
    try (Adam optimizer = new Adam(new TensorVector(problem.a()), new AdamOptions(0.5))) {
      optimizer.add_param_group(
          new OptimizerParamGroup(new TensorVector(problem.b()), new AdamOptions(0.125)));
      Scheduler scheduler = new Scheduler(optimizer, Schedule.linear(0.5, 0, 4));
      scheduler.step();
      assertThat(lrs(optimizer)).containsExactly(0.375, 0.09375);

      // A group that is added later has its own initial rate.
      TensorVector late = new TensorVector(new Problem().a());
      optimizer.add_param_group(new OptimizerParamGroup(late, new AdamOptions(0.25)));
      assertThat(lrs(optimizer)).containsExactly(0.375, 0.09375, 0.25);
      scheduler.step();
      assertThat(lrs(optimizer)).containsExactly(0.25, 0.0625, 0.125);
      assertThat(scheduler.lastLr(2)).isEqualTo(0.125);
      scheduler.step();
      scheduler.step();
      assertThat(lrs(optimizer)).containsOnly(0);
    }
  }

  @Test
  void aResumedSchedulerContinues(@TempDir Path folder) {
    Schedule schedule = Schedule.oneCycle(0.5, 6);
    for (Path file : new Path[] {folder.resolve("together.pt"), folder.resolve("alone.pt")}) {
      boolean alone = file.endsWith("alone.pt");
      try (PointerScope scope = new PointerScope()) {
        Optimizer saved = twoGroups();
        Scheduler before = new Scheduler(saved, schedule, 10);
        IntStream.range(0, 25).forEach(i -> before.step());
        Path optimizerFile = alone ? folder.resolve("optimizer.pt") : file;
        if (alone) {
          save(optimizerFile, saved::save);
          save(file, before::save);
        } else {
          save(file, saved::save, before::save);
        }
        Optimizer loaded = twoGroups();
        Scheduler after = new Scheduler(loaded, schedule, 10);
        load(optimizerFile, loaded::load);
        load(file, after::load);
        for (int step = 25; step < 60; step++) {
          assertThat(after.position()).isEqualTo(step);
          assertThat(lrs(loaded)).containsExactly(lrs(saved));
          before.step();
          after.step();
        }
      }
    }
  }

  private Optimizer twoGroups() {
    Optimizer optimizer = new SGD(new TensorVector(problem.a()), new SGDOptions(0.02));
    optimizer.add_param_group(
        new OptimizerParamGroup(new TensorVector(problem.b()), new SGDOptions(0.07)));
    return optimizer;
  }

  /** Saved with the optimizer, whose rates are those of the position, and made after loading. */
  @Test
  void aSchedulerThatIsMadeAfterLoadingHasTheInitialRatesOfItsArchive(@TempDir Path folder) {
    try (PointerScope scope = new PointerScope()) {
      Optimizer saved = twoGroups();
      Scheduler before = new Scheduler(saved, Schedule.linear(0.02, 0, 10));
      before.position(9);
      save(folder.resolve("late.pt"), saved::save, before::save);
      Optimizer loaded = twoGroups();
      load(folder.resolve("late.pt"), loaded::load);
      Scheduler after = new Scheduler(loaded, Schedule.linear(0.02, 0, 10));
      load(folder.resolve("late.pt"), after::load);
      assertThat(lrs(loaded)).containsExactly(lrs(saved));
      after.position(0);
      assertThat(lrs(loaded)).containsExactly(0.02, 0.07);
    }
  }

  @Test
  void anArchiveOfMoreGroupsIsRejectedAndChangesNothing(@TempDir Path folder) {
    try (PointerScope scope = new PointerScope()) {
      Scheduler two = new Scheduler(twoGroups(), Schedule.linear(0.02, 0, 10));
      two.position(5);
      save(folder.resolve("two.pt"), two::save);
      Optimizer one = new SGD(new TensorVector(problem.a()), new SGDOptions(0.4));
      Scheduler scheduler = new Scheduler(one, Schedule.constant(0.4));
      assertThatThrownBy(() -> load(folder.resolve("two.pt"), scheduler::load))
          .isInstanceOf(InputException.class)
          .hasMessage(
              "the number of parameter groups is 2 in the scheduler's archive, but 1 in the"
                  + " optimizer");
      assertThat(scheduler.position()).isZero();
      assertThat(lrs(one)).containsExactly(0.4);
    }
  }

  @Test
  void anArchiveThatIsRejectedChangesNothing(@TempDir Path folder) {
    try (PointerScope scope = new PointerScope()) {
      Scheduler saved = new Scheduler(twoGroups(), Schedule.linear(0.02, 0, 10), 4);
      saved.position(9);
      save(folder.resolve("saved.pt"), saved::save);
      Optimizer optimizer = new SGD(new TensorVector(problem.a()), new SGDOptions(0.1));
      optimizer.add_param_group(
          new OptimizerParamGroup(new TensorVector(problem.b()), new SGDOptions(0.2)));
      Scheduler other = new Scheduler(optimizer, Schedule.constant(0.1));
      assertThatThrownBy(() -> load(folder.resolve("saved.pt"), other::load))
          .hasMessage("the number of steps per epoch is 4 in the archive, but 1 in the scheduler");
      Scheduler ending = new Scheduler(optimizer, (step, perEpoch) -> step > 4 ? -1 : 0.1, 4);
      assertThatThrownBy(() -> load(folder.resolve("saved.pt"), ending::load))
          .hasMessage("the schedule's learning rate must be at least 0, but is -1.0");
      ending.step();
      assertThat(lrs(optimizer)).containsExactly(0.1, 0.2);
      assertThatThrownBy(() -> ending.lastLr(2))
          .isInstanceOf(IndexOutOfBoundsException.class)
          .hasMessage("group must be in [0, 1], but is 2");
    }
  }

  /** Groups that the saved scheduler had seen, but this one has not; and the other way round. */
  @Test
  void groupsMayBeAddedBeforeAndAfterLoading(@TempDir Path folder) {
    try (PointerScope scope = new PointerScope()) {
      Schedule schedule = Schedule.linear(0.02, 0, 10);
      Scheduler whole = new Scheduler(twoGroups(), schedule);
      whole.position(5);
      save(folder.resolve("whole.pt"), whole::save);
      Optimizer grown = new SGD(new TensorVector(problem.a()), new SGDOptions(0.02));
      Scheduler first = new Scheduler(grown, schedule);
      grown.add_param_group(
          new OptimizerParamGroup(new TensorVector(problem.b()), new SGDOptions(0.07)));
      load(folder.resolve("whole.pt"), first::load);
      assertThat(lrs(grown)).containsExactly(0.01, 0.035);

      Optimizer one = new SGD(new TensorVector(problem.a()), new SGDOptions(0.02));
      Scheduler before = new Scheduler(one, schedule);
      before.position(5);
      one.add_param_group(
          new OptimizerParamGroup(new TensorVector(problem.b()), new SGDOptions(0.07)));
      save(folder.resolve("one.pt"), one::save, before::save);
      Optimizer loaded = twoGroups();
      Scheduler after = new Scheduler(loaded, schedule);
      load(folder.resolve("one.pt"), loaded::load);
      load(folder.resolve("one.pt"), after::load);
      assertThat(lrs(loaded)).containsExactly(lrs(one));
      before.step();
      after.step();
      assertThat(lrs(loaded)).containsExactly(lrs(one));
    }
  }

  @Test
  void badValuesAndClosedOptimizersAreRejected(@TempDir Path folder) {
    Schedule schedule = Schedule.constant(0.1);
    SGD optimizer = new SGD(problem.parameters(), new SGDOptions(0.1));
    Scheduler scheduler = new Scheduler(optimizer, schedule);
    assertThatThrownBy(() -> new Scheduler(optimizer, schedule, 0))
        .isInstanceOf(InputException.class)
        .hasMessage("stepsPerEpoch must be at least 1, but is 0");
    assertThatThrownBy(() -> scheduler.position(-1))
        .hasMessage("position must be at least 0, but is -1");
    save(folder.resolve("plain.pt"), optimizer::save);
    assertThatThrownBy(() -> load(folder.resolve("plain.pt"), scheduler::load))
        .hasMessage("the archive holds no state of a scheduler");
    try (SGD frozen = new SGD(problem.parameters(), new SGDOptions(0))) {
      assertThatThrownBy(() -> new Scheduler(frozen, schedule))
          .hasMessage(
              "the learning rate of the first parameter group must be greater than 0, but is 0.0:"
                  + " create the scheduler before you load the optimizer's archive");
    }
    Scheduler diverging = new Scheduler(optimizer, (step, perEpoch) -> 0.1 / (1 - step));
    assertThatThrownBy(diverging::step)
        .hasMessage("the schedule's learning rate must be finite, but is Infinity");
    assertThat(lrs(optimizer)).containsExactly(0.1);
    assertThat(diverging.position()).isZero();
    optimizer.close();
    assertThatIllegalStateException().isThrownBy(scheduler::step).withMessage("SGD is closed");
  }
}
