package org.noisylr.examples;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.InputArchive;
import org.bytedeco.pytorch.OutputArchive;
import org.bytedeco.pytorch.SGDOptions;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.schedule.Schedule;
import org.noisylr.torch.LibTorch;
import org.noisylr.torch.optim.NoisySGD;
import org.noisylr.torch.optim.Scheduler;

/**
 * A schedule of one's own in a training that stops and resumes. Call it again with the same file to
 * train the next ten epochs.
 */
public class OwnSchedule {
  private static final int EPOCHS = 10;
  private static final int BATCHES = 16;

  public static void main(String[] args) throws IOException {
    LibTorch.load();
    Path file =
        args.length > 0
            ? Path.of(args[0])
            : Files.createTempDirectory("training").resolve("training.pt");
    torch.manual_seed(1);
    DropIn.Net net = new DropIn.Net();
    Tensor x = torch.randn(1024, 2);
    Tensor y = DropIn.inside(x);
    // Halves every five epochs, after a warm-up of one epoch.
    Schedule halving = (step, perEpoch) -> 0.2 * Math.pow(0.5, step / (5.0 * perEpoch));
    NoiseSpec noise = NoiseSpec.uniform(0.5, 1.5).stepsPerEpoch(BATCHES).seed(7);
    try (NoisySGD optimizer = new NoisySGD(net.parameters(), new SGDOptions(0.2), noise)) {
      Scheduler scheduler = new Scheduler(optimizer, halving.warmup(1), BATCHES);
      if (Files.exists(file)) {
        InputArchive archive = new InputArchive();
        archive.load_from(file.toString());
        InputArchive weights = new InputArchive();
        archive.read("net", weights);
        net.load(weights);
        optimizer.load(archive);
        scheduler.load(archive);
      }
      for (int i = 0; i < EPOCHS * BATCHES; i++) {
        try (PointerScope scope = new PointerScope()) {
          long first = scheduler.position() % BATCHES * 64;
          optimizer.zero_grad();
          Tensor output = net.forward(x.narrow(0, first, 64));
          Tensor loss = torch.cross_entropy(output, y.narrow(0, first, 64));
          loss.backward();
          optimizer.step();
          scheduler.step();
          if (scheduler.position() % BATCHES == 0) {
            System.out.printf(
                "step %3d  base rate %.4f  rate %.4f  loss %.4f%n",
                scheduler.position(),
                scheduler.lastLr(),
                optimizer.realisedLr(),
                loss.item_double());
          }
        }
      }
      OutputArchive archive = new OutputArchive();
      OutputArchive weights = new OutputArchive(archive.compilation_unit());
      net.save(weights);
      archive.write("net", weights);
      optimizer.save(archive);
      scheduler.save(archive);
      archive.save_to(file.toString());
    }
  }
}
