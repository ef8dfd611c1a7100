package org.noisylr.torch.optim;

import java.util.Arrays;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.LossClosure;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/** Two small parameters and a smooth loss whose gradient never vanishes in the tests' steps. */
final class Problem {
  private final Tensor a;
  private final Tensor b;

  Problem() {
    this("cpu");
  }

  Problem(String device) {
    a = on(device, Tensor.create(new float[] {1, -2, 3, -4, 5, -6}, 2, 3));
    b = on(device, Tensor.create(new float[] {0.5f, -0.25f, 2}, 3));
    a.set_requires_grad(true);
    b.set_requires_grad(true);
  }

  private static Tensor on(String device, Tensor tensor) {
    return tensor.to(new Device(device), torch.ScalarType.Float);
  }

  TensorVector parameters() {
    return new TensorVector(a, b);
  }

  Tensor a() {
    return a;
  }

  Tensor b() {
    return b;
  }

  /** The loss, with new gradients in the parameters. */
  Tensor loss(Optimizer optimizer) {
    optimizer.zero_grad();
    return backward();
  }

  /** {@link #loss} as the closure of a step. */
  LossClosure closure(Optimizer optimizer) {
    return new LossClosure() {
      @Override
      public Tensor call() {
        return loss(optimizer);
      }
    };
  }

  /** Adds to the gradients; returns the loss. */
  Tensor backward() {
    Tensor loss = a.sin().add(b).pow(new Scalar(2.0)).sum().add(a.mul(b).tanh().sum());
    loss.backward();
    return loss;
  }

  /** One training step of a loop without closure. */
  void step(Optimizer optimizer) {
    try (PointerScope scope = new PointerScope()) {
      optimizer.zero_grad();
      backward();
      optimizer.step();
    }
  }

  /** All values of both parameters. */
  float[] values() {
    try (PointerScope scope = new PointerScope()) {
      float[] values = new float[9];
      Tensor all = torch.cat(new TensorVector(a.detach().flatten(), b.detach())).cpu();
      new FloatPointer(all.data_ptr()).get(values);
      return values;
    }
  }

  @Override
  public String toString() {
    return Arrays.toString(values());
  }
}
