package org.noisylr.torch.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.noisylr.torch.optim.Subject.LR;
import static org.noisylr.torch.optim.Subject.NOISE;
import static org.noisylr.torch.optim.Subject.closure;

import java.lang.ref.WeakReference;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AdamOptions;
import org.bytedeco.pytorch.InputArchive;
import org.bytedeco.pytorch.LossClosure;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.OptimizerOptions;
import org.bytedeco.pytorch.OptimizerParamGroup;
import org.bytedeco.pytorch.OptimizerParamGroupVector;
import org.bytedeco.pytorch.OutputArchive;
import org.bytedeco.pytorch.SGDOptions;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.torch.model.Cnn28;
import org.noisylr.torch.optim.Subject.Each;
import org.noisylr.torch.optim.Subject.Maker;
import org.noisylr.torch.optim.baseline.Langevin;

/**
 * An optimizer shares ownership of its parameters. Close it or let it be collected. A closed one
 * throws, and closing it again does nothing. A group or list that it gave keeps it reachable.
 *
 * <p>These tests run in a JVM in which the C library overwrites freed memory.
 */
@Tag("lifetime")
class LifetimeTest {
  @Each
  void aClosedObjectThrows(Maker maker) {
    Problem problem = new Problem();
    Subject subject = maker.make(problem);
    subject.assertSteps(problem);
    subject.close();
    Optimizer optimizer = subject.optimizer();
    Stream<ThrowingCallable> uses =
        Stream.of(
            () -> subject.step(null),
            () -> subject.step(closure(problem::backward)),
            optimizer::step,
            optimizer::zero_grad,
            () -> optimizer.add_param_group(new OptimizerParamGroup(problem.parameters())),
            optimizer::parameters,
            optimizer::defaults,
            optimizer::param_groups,
            optimizer::size,
            () -> optimizer.save(new OutputArchive()),
            () -> optimizer.load(new InputArchive()),
            () -> OptimizerState.read(optimizer),
            () -> OptimizerState.load(optimizer, Map.of()),
            () -> new StepHook(optimizer, NOISE),
            () -> new Langevin(optimizer, 1, 1));
    uses.forEach(use -> assertThat(catchThrowable(use)).isInstanceOf(RuntimeException.class));
  }

  @Each
  void closingAgainDoesNothing(Maker maker) {
    Problem problem = new Problem();
    Subject subject = maker.make(problem);
    subject.assertSteps(problem);
    subject.close();
    subject.close();
    subject.object().deallocate();
    subject.object().releaseReference();
    subject.optimizer().deallocate();
    assertThat(subject.object().isNull()).isTrue();
  }

  @Each
  void aWrapperAndItsOptimizerMayBeClosedInAnyOrder(Maker maker) {
    for (boolean optimizerFirst : new boolean[] {true, false}) {
      Problem problem = new Problem();
      Subject subject = maker.make(problem);
      subject.assertSteps(problem);
      (optimizerFirst ? subject.optimizer() : subject.object()).close();
      collect();
      assertThatThrownBy(() -> subject.step(closure(problem::backward)))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageEndingWith(" is closed");
      subject.close();
    }
  }

  @Each
  void theObjectsThatAnOptimizerWasMadeOfMayBeClosed(Maker maker) {
    Problem problem = new Problem();
    TensorVector parameters = problem.parameters();
    try (Subject subject = maker.make(parameters)) {
      parameters.close();
      collect();
      subject.assertSteps(problem);
      LossClosure closure =
          closure(
              () -> {
                Tensor loss = problem.backward();
                problem.a().grad().close();
                return loss;
              });
      subject.step(closure).close();
      closure.close();
      Tensor a = problem.a().detach();
      problem.a().close();
      problem.b().close();
      collect();
      subject.step(closure(() -> torch.ones(1)));
      assertThat(a.isfinite().all().item_bool()).isTrue();
    }
  }

  @Test
  void aModelAndItsOptimizerMayBeClosedInAnyOrder() {
    for (boolean modelFirst : new boolean[] {true, false}) {
      Cnn28 model = new Cnn28(1, 10);
      NoisyAdam optimizer = new NoisyAdam(model.parameters(), new AdamOptions(0.01), NOISE);
      model.forward(torch.randn(2, 1, 28, 28)).sum().backward();
      optimizer.step();
      if (modelFirst) {
        model.close();
        collect();
        optimizer.step();
      } else {
        optimizer.close();
        collect();
        model.forward(torch.randn(2, 1, 28, 28)).sum().backward();
        model.close();
      }
      optimizer.close();
    }
  }

  @Test
  void tensorsOutliveTheOptimizerThatGaveThem() {
    Problem problem = new Problem();
    Map<String, Tensor> state;
    Tensor first;
    try (Optimizer optimizer = OptimizerFamily.SGD.noisy(problem.parameters(), LR, NOISE)) {
      problem.step(optimizer);
      state = OptimizerState.read(optimizer);
      first = new Tensor(optimizer.param_groups().get(0).params().get(0));
    }
    double momentum = state.get("0.0.momentum_buffer").sum().item_double();
    collect();
    assertThat(state.get("0.0.momentum_buffer").sum().item_double()).isEqualTo(momentum);
    assertThat(first.isfinite().all().item_bool()).isTrue();
  }

  @Test
  void aScopeClosesTheOptimizersThatWereMadeInIt() {
    Problem problem = new Problem();
    NoisySGD closed;
    NoisySGD kept;
    try (PointerScope scope = new PointerScope()) {
      closed = sgd(problem, NOISE);
      kept = sgd(problem, NOISE);
      kept.retainReference();
      problem.step(closed);
    }
    assertThatThrownBy(closed::step).isInstanceOf(RuntimeException.class);
    closed.close();
    problem.step(kept);
    kept.close();
    assertThatThrownBy(kept::step).isInstanceOf(RuntimeException.class);
  }

  @Each
  void groupsOptionsAndListsKeepTheirOptimizer(Maker maker) {
    if (maker.make(new Problem()).isStock()) {
      return; // bytedeco's rule
    }
    List<Function<OptimizerParamGroupVector, Pointer>> views =
        List.of(
            groups -> groups,
            groups -> groups.get(0),
            groups -> groups.get(0).options(),
            groups -> groups.get(0).params());
    for (Function<OptimizerParamGroupVector, Pointer> view : views) {
      Optimizer made = maker.make(new Problem()).optimizer();
      WeakReference<Optimizer> optimizer = new WeakReference<>(made);
      Pointer held = view.apply(made.param_groups());
      made = null;
      collect();
      assertThat(optimizer.get()).isNotNull();
      if (held instanceof OptimizerOptions options) {
        assertThat(options.get_lr()).isEqualTo(LR);
      } else if (held instanceof TensorVector parameters) {
        assertThat(parameters.get(1).sum().item_double()).isFinite();
      }
      held = null;
      collect();
      assertThat(optimizer.get()).isNull();
    }
  }

  @Each
  void groupsOptionsAndListsOfAClosedOptimizerThrow(Maker maker) {
    Problem problem = new Problem();
    Subject subject = maker.make(problem);
    if (subject.isStock()) {
      return; // bytedeco's rule
    }
    OptimizerParamGroupVector groups = subject.optimizer().param_groups();
    OptimizerParamGroup group = groups.get(0);
    OptimizerOptions options = group.options();
    TensorVector parameters = group.params();
    subject.close();
    collect();
    Stream<ThrowingCallable> uses =
        Stream.of(
            () -> groups.get(0),
            group::options,
            group::params,
            options::get_lr,
            () -> options.set_lr(1),
            () -> parameters.get(0));
    uses.forEach(
        use ->
            assertThatThrownBy(use)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageEndingWith(" is closed"));
  }

  @Each
  void garbageCollectionDuringStepsDoesNoHarm(Maker maker) {
    Problem problem = new Problem();
    try (Subject subject = maker.make(problem)) {
      for (int i = 0; i < 3; i++) {
        maker.make(new Problem()).step(closure(() -> torch.ones(1)));
        collect();
        subject.step(
            closure(
                () -> {
                  Tensor loss = problem.backward();
                  collect();
                  return loss;
                }));
      }
      assertThat(problem.values()).doesNotContain(Float.NaN);
    }
  }

  @Each
  void groupsMayBeAddedAndRemovedBetweenSteps(Maker maker) {
    Problem problem = new Problem();
    Problem more = new Problem();
    try (Subject subject = maker.make(problem)) {
      Optimizer optimizer = subject.optimizer();
      subject.assertSteps(problem);
      optimizer.add_param_group(new OptimizerParamGroup(more.parameters()));
      optimizer.add_param_group(new OptimizerParamGroup(new TensorVector()));
      more.backward();
      subject.assertSteps(problem);
      assertThat(subject.lrs()).containsExactly(LR, LR, LR);
      optimizer.param_groups().resize(1);
      subject.assertSteps(problem);
      optimizer.param_groups().get(0).params().put(1, more.b());
      subject.assertSteps(problem);
      optimizer.param_groups().clear();
      subject.step(closure(problem::backward));
    }
  }

  @Each
  void aNewTensorDoesNotInheritTheStateOfARemovedOne(Maker maker) {
    try (Subject subject = maker.make(new TensorVector(withGradient()))) {
      if (subject.isWrapper()) {
        return; // the optimizer decides, and noise differs from step to step
      }
      for (int i = 0; i < 20; i++) {
        // The freed tensor's address is likely to be that of the next one.
        subject.optimizer().param_groups().get(0).params().put(0, withGradient());
        subject.step(closure(() -> torch.ones(1)));
        try (Subject fresh = maker.make(new TensorVector(withGradient()))) {
          fresh.step(closure(() -> torch.ones(1)));
          assertThat(sums(subject.optimizer())).isEqualTo(sums(fresh.optimizer()));
        }
      }
    }
  }

  /** The sums of all buffers of the state, by name; L4's least loss is left out. */
  private static Map<String, Double> sums(Optimizer optimizer) {
    return OptimizerState.read(optimizer).entrySet().stream()
        .filter(entry -> !entry.getKey().endsWith("min_loss"))
        .collect(Collectors.toMap(Map.Entry::getKey, e -> e.getValue().sum().item_double()));
  }

  private static NoisySGD sgd(Problem problem, NoiseSpec noise) {
    return new NoisySGD(problem.parameters(), new SGDOptions(LR), noise);
  }

  private static Tensor withGradient() {
    Tensor tensor = torch.ones(3).requires_grad_(true);
    tensor.mutable_grad().put(torch.ones(3));
    return tensor;
  }

  /** Frees what nothing refers to, and uses its memory again. */
  static void collect() {
    System.gc();
    try {
      Thread.sleep(5);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
    Pointer.deallocateReferences();
    TensorVector[] garbage = new TensorVector[50];
    Arrays.setAll(garbage, i -> new TensorVector(torch.randn(9), torch.randn(64)));
    Arrays.stream(garbage).forEach(Pointer::close);
  }
}
