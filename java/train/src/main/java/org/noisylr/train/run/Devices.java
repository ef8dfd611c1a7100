package org.noisylr.train.run;

import java.nio.file.Files;
import java.nio.file.Path;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.global.torch;
import org.noisylr.check.Check;
import org.noisylr.check.InputException;
import org.noisylr.torch.LibTorch;

/** The devices of this machine. */
public final class Devices {
  private static final String CUDA_LIBRARY =
      "/org/bytedeco/pytorch/" + Loader.getPlatform() + "-gpu/libtorch_cuda.so";
  private static final String DRIVER = "/proc/driver/nvidia/version";

  static {
    LibTorch.load();
  }

  private Devices() {}

  /**
   * Returns the device with a name.
   *
   * @param name {@code auto} (the first CUDA device, else the CPU), {@code cpu}, {@code cuda} or
   *     {@code cuda:INDEX}
   * @throws InputException if the name has another form, or the CUDA device does not exist
   */
  public static Device of(String name) {
    return of(name, 0);
  }

  /**
   * Returns the device with a name.
   *
   * @param name as in {@link #of(String)}, but {@code auto} and {@code cuda} are the CUDA device
   *     {@code index}
   * @throws InputException if the name has another form, or the CUDA device does not exist
   */
  public static Device of(String name, int index) {
    if (name.equals("cpu") || (name.equals("auto") && !torch.cuda_is_available())) {
      return new Device("cpu");
    }
    if (!name.matches("auto|cuda|cuda:[0-9]{1,2}")) {
      throw Check.invalid("device", name, "one of auto, cpu, cuda, cuda:0, cuda:1, ...");
    }
    if (!torch.cuda_is_available()) {
      throw InputException.of("device", "is " + name + ", but " + cudaState());
    }
    String device = name.contains(":") ? name : "cuda:" + index;
    long count = torch.getNumGPUs();
    if (Integer.parseInt(device.substring("cuda:".length())) >= count) {
      throw Check.invalid("device", device, "one of cuda:0 ... cuda:" + (count - 1));
    }
    return new Device(device);
  }

  /** Returns whether this is LibTorch's build for CUDA, which also runs without CUDA. */
  public static boolean isForCuda() {
    return torch.class.getResource(CUDA_LIBRARY) != null;
  }

  /** Returns whether CUDA can be used here, and if not, why, in words. */
  public static String cudaState() {
    if (torch.cuda_is_available()) {
      return torch.getNumGPUs() + " CUDA device(s)";
    }
    if (!isForCuda()) {
      return "this build of LibTorch supports only the CPU (build noisylr with -Pgpu for CUDA)";
    }
    if (!Files.exists(Path.of(DRIVER))) {
      return "no CUDA driver was found";
    }
    return "a CUDA driver was found, but no device or no CUDA libraries (cuBLAS, cuDNN, ...)";
  }
}
