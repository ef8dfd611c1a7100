package org.noisylr.train.loop;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.noisylr.noise.Philox;
import org.noisylr.torch.Tensors;
import org.noisylr.torch.optim.FusedOptimizer;
import org.noisylr.train.data.Batch;
import org.noisylr.train.data.BatchPart;
import org.noisylr.train.data.Examples;

/**
 * Updates the weights of a model: passes over one or more batches, then a step of the optimizer.
 */
final class Updater implements AutoCloseable {
  /** Philox subsequences far from those of the noise, which are group numbers. */
  private static final long WEIGHTS = 1L << 62;

  private static final long ORDER = WEIGHTS + 1;
  private static final long BATCH = WEIGHTS + 2;
  private static final long RANK = WEIGHTS + 3;

  private final ForwardPass forward;
  private final TrainingConfig config;
  private final Examples training;
  private final TrainingOptimizer optimizer;
  private final Ranks ranks;
  private final Device device;
  private final CapturedPass captured;

  Updater(
      ForwardPass forward,
      TrainingConfig config,
      Examples training,
      TrainingOptimizer optimizer,
      Ranks ranks,
      boolean capture,
      Device device) {
    this.forward = forward;
    this.config = config;
    this.training = training;
    this.optimizer = optimizer;
    this.ranks = ranks;
    this.device = device;
    captured =
        capture
            ? new CapturedPass(
                (FusedOptimizer) optimizer.noisy(), this::singlePass, config.batchSize(), device)
            : null;
  }

  /** Seeds LibTorch's generators for the weights of the next model. */
  static void seedWeights(long seed) {
    seed(seed, 0, WEIGHTS);
  }

  /** Seeds LibTorch's generators for the order of an epoch. */
  static void seedOrder(long seed, int epoch) {
    seed(seed, epoch, ORDER);
  }

  private static void seed(long seed, long number, long purpose) {
    int[] words = Philox.block(seed, number, purpose);
    torch.manual_seed((long) words[0] << 32 | words[1] & 0xffffffffL);
  }

  /**
   * Takes a step and records it.
   *
   * @param number of the step, counted over the whole run
   * @param indices of the step's examples
   */
  void step(long number, Tensor indices, EpochProgress progress) {
    int size = (int) indices.size(0);
    long firstBatch = number * config.update().accumulate();
    if (captured != null && size == config.batchSize()) {
      seed(config.seed(), firstBatch, BATCH);
      progress.record(captured.step(indices));
      return;
    }
    optimizer.optimizer().zero_grad();
    Tensor loss = torch.zeros(new long[0], Tensors.options(device, torch.ScalarType.Float));
    for (int first = 0, batch = 0; first < size; first += config.batchSize(), batch++) {
      int length = Math.min(config.batchSize(), size - first);
      seed(config.seed(), firstBatch + batch, BATCH);
      try (PointerScope scope = new PointerScope()) {
        Tensor own = indices.narrow(0, first, length);
        Pass pass = pass(own, firstBatch + batch, size, first + length);
        progress.record(pass);
        loss.add_(pass.loss());
      }
    }
    if (config.update().clipNorm() != null) {
      torch.clip_grad_norm_(forward.model().parameters(), config.update().clipNorm());
    }
    optimizer.step(loss);
  }

  private Pass singlePass(Tensor indices) {
    optimizer.optimizer().zero_grad();
    int size = (int) indices.size(0);
    return pass(indices, 0, size, size);
  }

  /**
   * This rank's part of the forward and backward pass of a batch.
   *
   * @param number of the batch, counted over the whole run
   * @param size the number of examples of the whole step
   * @param end the number of its examples up to the end of this batch
   */
  private Pass pass(Tensor indices, long number, int size, int end) {
    BatchPart part = ranks.part((int) indices.size(0));
    Batch batch = training.training(indices, part.orOneExample());
    if (ranks.rank() > 0) {
      // The draws of dropout, which differ from rank to rank.
      seed(config.seed(), number, RANK + ranks.rank());
    }
    Tensor logits = first(part.length(), forward.logits(training, batch));
    Tensor targets = first(part.length(), batch.targets());
    Tensor loss =
        ranks.backward(
            logits,
            targets,
            config.update().labelSmoothing(),
            part.batch(),
            (double) part.batch() / size,
            end == size);
    return new Pass(loss.detach(), logits.detach(), targets);
  }

  private static Tensor first(int examples, Tensor tensor) {
    return tensor.size(0) == examples ? tensor : tensor.narrow(0, 0, examples);
  }

  @Override
  public void close() {
    if (captured != null) {
      captured.close();
    }
  }
}
