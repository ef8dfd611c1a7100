package org.noisylr.examples;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.SGDOptions;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.torch.LibTorch;
import org.noisylr.torch.distributed.Communicator;
import org.noisylr.torch.distributed.DataParallel;
import org.noisylr.torch.distributed.Rendezvous;
import org.noisylr.torch.distributed.StoreAddress;
import org.noisylr.torch.optim.NoisySGD;

/**
 * Data parallel training: each process takes its part of every batch of 64. Start it with torchrun
 * or Slurm, with a number of processes that divides 64; alone, it is a group of one.
 */
public class SeveralProcesses {
  private static final int EPOCHS = 20;
  private static final int BATCHES = 16;
  private static final int BATCH = 64;

  public static void main(String[] args) throws IOException {
    LibTorch.load();
    torch.manual_seed(1);
    DropIn.Net net = new DropIn.Net();
    Tensor x = torch.randn(BATCHES * BATCH, 2);
    Tensor y = DropIn.inside(x);
    Optional<Rendezvous> launched = Rendezvous.fromEnvironment();
    Rendezvous place = launched.isPresent() ? launched.get() : alone();
    int part = BATCH / place.size();
    NoiseSpec noise =
        NoiseSpec.uniform(8).lastFraction(0.6, EPOCHS).stepsPerEpoch(BATCHES).seed(42);
    try (Communicator group = Communicator.join(place, new Device("cpu"), Duration.ofMinutes(5));
        DataParallel parallel = new DataParallel(net, group);
        NoisySGD optimizer = new NoisySGD(net.parameters(), new SGDOptions(0.1), noise)) {
      for (int step = 0; step < EPOCHS * BATCHES; step++) {
        try (PointerScope scope = new PointerScope()) {
          int first = step % BATCHES * BATCH + place.rank() * part;
          optimizer.zero_grad();
          Tensor output = net.forward(x.narrow(0, first, part));
          Tensor loss = torch.cross_entropy(output, y.narrow(0, first, part));
          parallel.backward(loss); // Was: loss.backward()
          optimizer.step();
          if (place.rank() == 0 && step % BATCHES == BATCHES - 1) {
            System.out.printf(
                "epoch %2d  lr %.4f  loss %.4f%n",
                step / BATCHES, optimizer.realisedLr(), loss.item_double());
          }
        }
      }
    }
  }

  private static Rendezvous alone() throws IOException {
    Path store = Files.createTempDirectory("group").resolve("store");
    return new Rendezvous(0, 1, 0, new StoreAddress.File(store), 0);
  }
}
