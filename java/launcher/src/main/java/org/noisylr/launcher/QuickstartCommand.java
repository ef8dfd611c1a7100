package org.noisylr.launcher;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.noisylr.experiment.Quickstart;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Trains without and with noise, and compares. */
@Command(
    name = "quickstart",
    description =
        "Train a small network on embedded images without and with noise, and write a report.",
    sortOptions = false)
final class QuickstartCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

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
  private int seeds;

  @Mixin private DeviceOption device;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      defaultValue = "runs/quickstart",
      description = "Folder for report.html and its picture; default ${DEFAULT-VALUE}.")
  private Path out;

  @Override
  public Integer call() {
    PrintWriter err = spec.commandLine().getErr();
    String deviceName = device.name(err);
    Quickstart quickstart =
        Options.named(
            Map.of("epochs", "--epochs", "seeds", "--seeds"),
            () -> new Quickstart(epochs, seeds, deviceName));
    NoiseOptions.warn(quickstart.noise(1), epochs, err);
    quickstart.run(out, environment(deviceName), System.out);
    return 0;
  }

  private static Map<String, String> environment(String device) {
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
    return environment;
  }
}
