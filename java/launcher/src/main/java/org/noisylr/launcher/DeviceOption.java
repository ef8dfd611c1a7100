package org.noisylr.launcher;

import java.io.PrintWriter;
import java.util.Map;
import org.noisylr.train.run.Devices;
import picocli.CommandLine.Option;

/** The option that says where to train. */
final class DeviceOption {
  @Option(
      names = "--device",
      paramLabel = "NAME",
      defaultValue = "auto",
      description = "auto, cpu, cuda or cuda:i; default ${DEFAULT-VALUE}.")
  private String device;

  /** The name of the device that it stands for. Says so where a build for CUDA finds none. */
  String name(PrintWriter err) {
    String name =
        Options.named(Map.of("device", "--device"), () -> Devices.of(device).str().getString());
    if (name.equals("cpu") && !device.equals("cpu") && Devices.isForCuda()) {
      err.printf(
          "noisylr: %s: training on the CPU (for a GPU, this build wants %s)%n",
          Devices.cudaState(), Versions.cuda());
      err.flush();
    }
    return name;
  }
}
