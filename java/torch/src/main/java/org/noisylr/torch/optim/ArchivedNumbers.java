package org.noisylr.torch.optim;

import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.InputArchive;
import org.bytedeco.pytorch.OutputArchive;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.noisylr.check.InputException;
import org.noisylr.torch.Tensors;

/** Numbers in a LibTorch archive, as a tensor beside an optimizer's entries. */
final class ArchivedNumbers {
  private ArchivedNumbers() {}

  static void write(OutputArchive archive, String key, double... numbers) {
    try (PointerScope scope = new PointerScope()) {
      archive.write(key, Tensors.of(numbers, numbers.length), true);
    }
  }

  /**
   * @param what the owner of the numbers, for the message
   * @param least the least number of them
   * @throws InputException if the archive has no such numbers
   */
  static double[] read(InputArchive archive, String key, String what, int least) {
    try (PointerScope scope = new PointerScope()) {
      Tensor tensor = new Tensor();
      if (!archive.try_read(key, tensor, true) || tensor.numel() < least) {
        throw new InputException("the archive holds no state of a " + what);
      }
      Tensor onCpu = tensor.to(new Device("cpu"), torch.ScalarType.Double).contiguous();
      double[] numbers = new double[(int) onCpu.numel()];
      new DoublePointer(onCpu.data_ptr()).get(numbers);
      return numbers;
    }
  }
}
