package org.noisylr.launcher;

import java.io.PrintWriter;
import java.util.Map;
import org.noisylr.torch.Versions;
import org.noisylr.train.run.Devices;
import picocli.CommandLine.Option;

/** The option for the device. */
final class DeviceOption {
  @Option(names = "--device", paramLabel = "NAME", defaultValue = "auto")
  private String device;

  /**
   * Returns the resolved name, such as {@code cuda:0}. Warns if a build for CUDA uses the CPU.
   *
   * @param index of the CUDA device if the option names none
   */
  String name(PrintWriter err, int index) {
    String name =
        Options.named(
            Map.of("device", "--device"), () -> Devices.of(device, index).str().getString());
    if (name.equals("cpu") && !device.equals("cpu") && Devices.isForCuda()) {
      err.printf(
          "noisylr: %s: training on the CPU (for a GPU, this build requires %s)%n",
          Devices.cudaState(), Versions.cuda());
    }
    return name;
  }

  /** Returns whether the option allows a CUDA device. */
  boolean allowsCuda() {
    return !device.equals("cpu");
  }
}
