package org.noisylr.torch.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.noisylr.torch.optim.Subject.LR;
import static org.noisylr.torch.optim.Subject.closure;

import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.LossClosure;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.OptimizerParamGroup;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Tag;
import org.noisylr.torch.optim.Subject.Each;
import org.noisylr.torch.optim.Subject.Maker;

/**
 * What a closure may do: use its optimizer, change its groups and throw. It may neither step nor
 * close it, nor may another thread while a step runs.
 *
 * <p>These tests run in a JVM in which the C library overwrites freed memory.
 */
@Tag("lifetime")
class ClosureTest {
  @Each
  void theExceptionOfAClosureLeavesTheStepAndTheBaseRate(Maker maker) {
    Problem problem = new Problem();
    try (Subject subject = maker.make(problem)) {
      for (Throwable expected :
          List.of(new IllegalArgumentException("no loss"), new OutOfMemoryError("an error"))) {
        LossClosure throwing =
            new LossClosure() {
              @Override
              public Tensor call() {
                if (expected instanceof Error error) {
                  throw error;
                }
                throw (RuntimeException) expected;
              }
            };
        assertThat(catchThrowable(() -> subject.step(throwing))).isSameAs(expected);
        assertThat(subject.lrs()).containsExactly(LR);
        subject.assertSteps(problem);
      }
    }
  }

  @Each
  void aClosureWithoutALossThrows(Maker maker) {
    Problem problem = new Problem();
    try (Subject subject = maker.make(problem)) {
      Tensor closed = torch.ones(1);
      closed.close();
      LossClosure scoped =
          closure(
              () -> {
                try (PointerScope scope = new PointerScope()) {
                  return problem.backward();
                }
              });
      for (LossClosure none : List.of(closure(() -> null), closure(() -> closed), scoped)) {
        assertThatThrownBy(() -> subject.step(none))
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("returned no loss");
      }
      subject.assertSteps(problem);
    }
  }

  @Each
  void aStepInItsOwnClosureThrowsAndTheStepContinues(Maker maker) {
    Problem problem = new Problem();
    try (Subject subject = maker.make(problem)) {
      LossClosure inner = closure(problem::backward);
      float[] before = problem.values();
      subject.step(
          closure(
              () -> {
                assertThatThrownBy(() -> subject.step(inner)).hasMessageStartingWith("step() was");
                return problem.loss(subject.optimizer());
              }));
      assertThat(problem.values()).isNotEqualTo(before);
      subject.assertSteps(problem);
    }
  }

  @Each
  void closingInAClosureThrowsAndTheStepContinues(Maker maker) {
    Problem problem = new Problem();
    try (Subject subject = maker.make(problem)) {
      List<ThrowingCallable> closings =
          List.of(subject.object()::close, subject.object()::releaseReference);
      for (ThrowingCallable closing : closings) {
        subject.step(
            closure(
                () -> {
                  assertThatThrownBy(closing)
                      .isInstanceOf(RuntimeException.class)
                      .hasMessageContaining("while a step");
                  return problem.backward();
                }));
      }
      subject.assertSteps(problem);
    }
  }

  @Each
  void aClosureMayChangeRatesAndGroups(Maker maker) {
    Problem problem = new Problem();
    try (Subject subject = maker.make(problem)) {
      Optimizer optimizer = subject.optimizer();
      subject.step(
          closure(
              () -> {
                optimizer.param_groups().get(0).options().set_lr(0.02);
                for (int i = 0; i < 20 && optimizer.param_groups().size() < 20; i++) {
                  Tensor parameter = torch.randn(5).requires_grad_(true);
                  optimizer.add_param_group(new OptimizerParamGroup(new TensorVector(parameter)));
                }
                return problem.backward();
              }));
      LifetimeTest.collect();
      assertThat(subject.lrs()).hasSize(20).startsWith(0.02, LR);
      subject.step(
          closure(
              () -> {
                optimizer.param_groups().resize(2);
                optimizer.param_groups().get(1).params().clear();
                return problem.backward();
              }));
      subject.assertSteps(problem);
      subject.step(
          closure(
              () -> {
                optimizer.param_groups().clear();
                return problem.backward();
              }));
      assertThat(subject.lrs()).isEmpty();
    }
  }

  @Each
  void anotherThreadCanNeitherStepNorCloseWhileAStepRuns(Maker maker) throws Exception {
    Problem problem = new Problem();
    LossClosure loss = closure(problem::backward);
    ExecutorService thread = Executors.newSingleThreadExecutor();
    try (Subject subject = maker.make(problem)) {
      List<ThrowingCallable> uses = List.of(() -> subject.step(loss), subject.object()::close);
      subject.step(
          closure(
              () -> {
                for (ThrowingCallable use : uses) {
                  Future<Throwable> thrown = thread.submit(() -> catchThrowable(use));
                  assertThat(thrown.get(60, TimeUnit.SECONDS)).isInstanceOf(RuntimeException.class);
                }
                return problem.backward();
              }));
      thread.submit(() -> subject.assertSteps(problem)).get(60, TimeUnit.SECONDS);
    } finally {
      thread.shutdown();
    }
  }

  @Each
  void optimizersOfDifferentThreadsAreIndependent(Maker maker) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(2);
    try {
      Future<?>[] runs = new Future<?>[2];
      Problem[] problems = {new Problem(), new Problem()};
      for (int i = 0; i < 2; i++) {
        Problem problem = problems[i];
        runs[i] =
            threads.submit(
                () -> {
                  try (Subject subject = maker.make(problem)) {
                    for (int step = 0; step < 50; step++) {
                      subject.step(closure(() -> problem.loss(subject.optimizer())));
                    }
                  }
                });
      }
      for (Future<?> run : runs) {
        run.get(60, TimeUnit.SECONDS);
      }
      assertThat(problems[0].values()).isEqualTo(problems[1].values());
    } finally {
      threads.shutdown();
    }
  }
}
