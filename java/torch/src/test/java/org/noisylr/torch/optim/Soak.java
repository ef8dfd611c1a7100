package org.noisylr.torch.optim;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.LossClosure;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.noisylr.torch.NativeMemory;

/** Many steps with each optimizer; {@link SoakTest} runs it in a separate JVM. */
final class Soak {
  /** The number of optimizers that are created and closed. */
  private static final int CLOSED = 50;

  /** What is alive at one time. */
  private record Alive(long pointers, long bytes, long resident) {
    static Alive now() throws IOException, InterruptedException {
      // Until two collections in a row free nothing.
      for (int unchanged = 0; unchanged < 2; ) {
        long before = Pointer.totalCount();
        System.gc();
        Thread.sleep(10);
        Pointer.deallocateReferences();
        unchanged = Pointer.totalCount() == before ? unchanged + 1 : 0;
      }
      return new Alive(Pointer.totalCount(), NativeMemory.allocated(), residentNow());
    }

    static long residentNow() throws IOException {
      return Files.readAllLines(Path.of("/proc/self/status")).stream()
          .filter(line -> line.startsWith("VmRSS:"))
          .mapToLong(line -> 1024 * Long.parseLong(line.replaceAll("\\D", "")))
          .findFirst()
          .orElseThrow();
    }
  }

  private Soak() {}

  /**
   * Prints for each optimizer, separated by tabs: its name, then what a tenth of the steps and all
   * of them leave, Java's references to native objects and native bytes each, then the native bytes
   * that stay of one that is closed; at last the name "all" and resident bytes before the first
   * optimizer and at the end.
   *
   * @param args the number of steps with each optimizer
   */
  public static void main(String[] args) throws Exception {
    int steps = Integer.parseInt(args[0]);
    torch.set_num_threads(1);
    Subject.Maker first = Subject.makers().get(0);
    Problem warm = new Problem();
    try (Subject subject = first.make(warm)) {
      // What is made once in a process.
      run(subject, warm, 100);
    }
    long resident = Alive.now().resident;
    for (Subject.Maker maker : Subject.makers()) {
      Problem problem = new Problem();
      try (Subject subject = maker.make(problem)) {
        run(subject, problem, steps / 10);
        Alive early = Alive.now();
        run(subject, problem, steps - steps / 10);
        Alive late = Alive.now();
        System.out.printf(
            Locale.ROOT,
            "%s\t%d\t%d\t%d\t%d\t%d%n",
            maker,
            early.pointers,
            late.pointers,
            early.bytes,
            late.bytes,
            bytesOfClosed(maker, problem));
      }
    }
    System.out.printf("all\t%d\t%d%n", resident, Alive.now().resident);
    System.exit(0);
  }

  private static long bytesOfClosed(Subject.Maker maker, Problem problem)
      throws IOException, InterruptedException {
    long before = 0;
    for (int i = -CLOSED / 10; i < CLOSED; i++) {
      if (i == 0) {
        before = Alive.now().bytes;
      }
      try (PointerScope scope = new PointerScope();
          TensorVector parameters = problem.parameters();
          Subject subject = maker.make(parameters)) {
        run(subject, problem, 1);
      }
    }
    return (Alive.now().bytes - before) / CLOSED;
  }

  private static void run(Subject subject, Problem problem, int steps) {
    LossClosure closure =
        new LossClosure() {
          @Override
          public Tensor call() {
            subject.optimizer().zero_grad();
            return problem.backward();
          }
        };
    for (int i = 0; i < steps; i++) {
      try (PointerScope scope = new PointerScope()) {
        if (i % 2 == 0 || subject.needsClosure()) {
          subject.step(closure);
        } else {
          closure.call();
          subject.step(null);
        }
        if (subject.object() instanceof NoisyOptimizer noisy) {
          noisy.epoch(i);
          noisy.realisedLr();
          noisy.noise(noisy.noise());
        }
        subject.lrs();
        if (i % 100 == 0 && !(subject.object() instanceof StepHook)) {
          OptimizerState.read(subject.optimizer()).values().forEach(Tensor::close);
        }
      }
    }
    closure.close();
  }
}
