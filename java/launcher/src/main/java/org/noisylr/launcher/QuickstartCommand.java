package org.noisylr.launcher;

import java.nio.file.Path;
import java.util.Map;
import org.noisylr.experiment.Quickstart;
import org.noisylr.train.loop.StopSignal;
import org.noisylr.train.run.Cpu;
import org.noisylr.train.run.Environment;
import org.noisylr.train.run.StoppedException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Trains without and with noise, and compares. */
@Command(name = "quickstart")
final class QuickstartCommand extends Subcommand {
  @Option(names = "--epochs", paramLabel = "S", defaultValue = "8")
  private int epochs;

  @Option(names = "--seeds", paramLabel = "N", defaultValue = "2")
  private int seeds;

  @Mixin private ThreadsOption threads;
  @Mixin private DeviceOption device;

  @Option(names = "--out", paramLabel = "DIR", defaultValue = "runs/quickstart")
  private Path out;

  @Mixin private QuietOption quiet;

  @Override
  public Integer call() {
    int threadCount = threads.orElse(Cpu::processors);
    String deviceName = device.name(err(), 0);
    Quickstart quickstart =
        Options.named(
            Map.of("epochs", "--epochs", "seeds", "--seeds"),
            () -> new Quickstart(epochs, seeds, deviceName, threadCount));
    NoiseOptions.warn(quickstart.noise(1), epochs, err());
    try (GracefulShutdown shutdown = new GracefulShutdown(true);
        StopSignal.Work work = shutdown.signal().work()) {
      try {
        Map<String, String> environment = Environment.of(deviceName);
        quickstart.run(out, environment, System.out, quiet.progress(), shutdown.signal());
        return 0;
      } catch (StoppedException e) {
        return reportStopped(e.getMessage());
      }
    }
  }
}
