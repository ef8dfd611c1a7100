package org.noisylr.launcher;

import static java.util.stream.Collectors.joining;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.DoubleStream;
import java.util.stream.LongStream;
import org.noisylr.check.Check;
import org.noisylr.check.InputException;
import org.noisylr.check.Reason;
import org.noisylr.experiment.report.QuickstartReport;
import org.noisylr.experiment.statistics.Comparison;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.schedule.Constant;
import org.noisylr.schedule.Milestone;
import org.noisylr.schedule.Schedule;
import org.noisylr.schedule.StepDecay;
import org.noisylr.torch.optim.Implementation;
import org.noisylr.train.checkpoint.AtomicFile;
import org.noisylr.train.data.Augmentation;
import org.noisylr.train.data.Dataset;
import org.noisylr.train.data.format.Datasets;
import org.noisylr.train.loop.ConsoleProgress;
import org.noisylr.train.loop.OptimizerSpec;
import org.noisylr.train.loop.Precision;
import org.noisylr.train.loop.TrainingConfig;
import org.noisylr.train.run.Cpu;
import org.noisylr.train.run.DirectoryLock;
import org.noisylr.train.run.ModelName;
import org.noisylr.train.run.Run;
import org.noisylr.train.run.RunConfig;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Trains with and without noise on the embedded images and compares. */
@Command(
    name = "quickstart",
    description =
        "Train a small network on the embedded images, plain against noisy, and write a report.",
    sortOptions = false)
final class QuickstartCommand implements Callable<Integer> {
  private static final String DATA = "fashion-mnist-mini";
  private static final int BATCH_SIZE = 128;
  private static final double ALPHA = 8;
  private static final double BETA = 0.6;

  @Spec private CommandSpec spec;

  private record Variant(String name, String description, Schedule schedule) {}

  @Option(
      names = "--epochs",
      paramLabel = "S",
      defaultValue = "8",
      description = "Epochs of each run; default ${DEFAULT-VALUE}.")
  private int epochs;

  @Option(
      names = "--seeds",
      paramLabel = "N",
      defaultValue = "2",
      description = "Seeds 1 to N; default ${DEFAULT-VALUE}.")
  private int seedCount;

  @Mixin private DeviceOption device;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      defaultValue = "runs/quickstart",
      description = "Folder for report.html and its picture; default ${DEFAULT-VALUE}.")
  private Path out;

  @Override
  public Integer call() {
    Check.atLeast("--epochs", epochs, 1);
    Check.atLeast("--seeds", seedCount, 1);
    NoiseOptions.warn(noise(1), epochs, spec.commandLine().getErr());
    String deviceName = device.name(spec.commandLine().getErr());
    createDirectory();
    try (DirectoryLock lock = DirectoryLock.of(out)) {
      compare(deviceName, System.out);
    } catch (IOException e) {
      throw unwritable(e);
    }
    return 0;
  }

  private void compare(String device, PrintStream console) {
    long start = System.nanoTime();
    List<Long> seeds = LongStream.rangeClosed(1, seedCount).boxed().toList();
    Dataset data = Datasets.open(DATA);
    console.printf(
        "%s on %s (%d training, %d test images), %s: %d runs of %d epochs%n",
        ModelName.CNN28, DATA, data.trainCount(), data.testCount(), device, 4 * seedCount, epochs);

    List<Comparison> comparisons = new ArrayList<>();
    for (Variant variant : variants()) {
      List<Run> plain = new ArrayList<>();
      List<Run> noisy = new ArrayList<>();
      for (long seed : seeds) {
        String name = variant.name + ", seed " + seed;
        plain.add(run(data, device, variant.schedule, NoiseSpec.none(), seed, name, console));
        noisy.add(
            run(data, device, variant.schedule, noise(seed), seed, name + ", noisy", console));
      }
      comparisons.add(new Comparison(variant.name, plain, noisy));
    }
    double seconds = (System.nanoTime() - start) * 1e-9;

    print(comparisons, console);
    Path report = write(comparisons, seeds, data, device, seconds);
    console.printf(Locale.ROOT, "%.0f s; report: %s%n", seconds, report);
  }

  private NoiseSpec noise(long seed) {
    return NoiseSpec.uniform(ALPHA).lastFraction(BETA, epochs).seed(seed);
  }

  /**
   * The paper's constant rate, and its step decay with milestones at the same fractions of the run
   * and half its rate, which suits a network without batch norm.
   */
  private List<Variant> variants() {
    List<Milestone> milestones =
        DoubleStream.of(0.4, 0.6, 0.8)
            .mapToLong(fraction -> Math.round(fraction * epochs))
            .filter(epoch -> epoch > 0)
            .distinct()
            .mapToObj(epoch -> new Milestone(epoch, 0.1))
            .toList();
    return List.of(
        new Variant("constant 0.01", "0.01 throughout", new Constant(0.01)),
        new Variant(
            "step decay from 0.05",
            "0.05, times 0.1 after each of the epochs "
                + milestones.stream().map(m -> Long.toString(m.epoch())).collect(joining(", ")),
            new StepDecay(0.05, milestones)));
  }

  private Run run(
      Dataset data,
      String device,
      Schedule schedule,
      NoiseSpec noise,
      long seed,
      String name,
      PrintStream console) {
    TrainingConfig training =
        new TrainingConfig(
            new OptimizerSpec(OptimizerSpec.Kind.MOMENTUM, 0.9, 1e-4, Implementation.FUSED),
            schedule,
            noise,
            epochs,
            BATCH_SIZE,
            Augmentation.NONE,
            Precision.FP32,
            seed);
    try (ConsoleProgress progress = new ConsoleProgress(console, name, epochs)) {
      return Run.execute(
          new RunConfig(
              DATA, null, null, ModelName.CNN28, null, device, Cpu.processors(), training),
          data,
          List.of(progress));
    }
  }

  private void print(List<Comparison> comparisons, PrintStream console) {
    console.printf("%nbest test accuracy, per cent: mean ± std over %d seed(s)%n", seedCount);
    String row = "%-22s %-16s %-16s %-16s%n";
    console.printf(row, "schedule", "plain", "with noise", "paired difference");
    for (Comparison c : comparisons) {
      console.printf(
          row,
          c.name(),
          c.plainAccuracy().percent(),
          c.noisyAccuracy().percent(),
          c.difference().signedPercent());
    }
    console.println();
  }

  private Path write(
      List<Comparison> comparisons, List<Long> seeds, Dataset data, String device, double seconds) {
    Map<String, String> setting = new LinkedHashMap<>();
    setting.put(
        "data",
        "%s: %d training and %d test images (Fashion-MNIST, Zalando SE, MIT licence)"
            .formatted(DATA, data.trainCount(), data.testCount()));
    setting.put("network", ModelName.CNN28 + ": two convolutions, two dense layers");
    setting.put(
        "optimizer",
        "SGD, momentum 0.9, weight decay 1e-4, batches of %d, %d epochs"
            .formatted(BATCH_SIZE, epochs));
    for (Variant variant : variants()) {
      setting.put(variant.name, variant.description);
    }
    setting.put(
        "noise",
        "factor %s · U(0,1), one draw an epoch, in the last %s of the epochs"
            .formatted(ALPHA, BETA));
    setting.put("seeds", seeds.stream().map(String::valueOf).collect(joining(", ")));
    Map<String, String> environment = new LinkedHashMap<>();
    environment.put("noisylr", Versions.of("noisylr"));
    environment.put(
        "LibTorch", Versions.of("pytorch") + " (" + Versions.of("pytorch.classifier") + ")");
    environment.put(
        "Java", System.getProperty("java.version") + ", " + System.getProperty("java.vendor"));
    environment.put(
        "machine",
        "%s %s, %d processors"
            .formatted(
                System.getProperty("os.name"),
                System.getProperty("os.arch"),
                Runtime.getRuntime().availableProcessors()));
    environment.put("device", device);
    environment.put("date", LocalDate.now().toString());
    Path report = out.resolve("report.html");
    try {
      AtomicFile.write(
          report, QuickstartReport.html(comparisons, seeds, setting, environment, seconds));
    } catch (IOException e) {
      throw unwritable(e);
    }
    QuickstartReport.testAccuracy(comparisons.get(0)).writePng(out.resolve("test-accuracy.png"));
    return report;
  }

  private void createDirectory() {
    try {
      Files.createDirectories(out);
      if (!Files.isWritable(out)) {
        throw new InputException("cannot write to --out " + out);
      }
    } catch (IOException e) {
      throw unwritable(e);
    }
  }

  private InputException unwritable(IOException e) {
    return new InputException("cannot write to --out " + out + ": " + Reason.of(e, out), e);
  }
}
