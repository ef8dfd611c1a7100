package org.noisylr.train.loop;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.noisylr.check.InputException;
import org.noisylr.noise.Philox;
import org.noisylr.torch.Tensors;
import org.noisylr.torch.model.Model;
import org.noisylr.torch.optim.NoisyOptimizer;
import org.noisylr.torch.optim.OptimizerState;
import org.noisylr.train.data.Batch;
import org.noisylr.train.data.Examples;
import org.noisylr.train.metric.EpochMetrics;
import org.noisylr.train.metric.Score;

/**
 * Trains a classifier, of examples or of their pixels, with cross-entropy and a noisy optimizer,
 * epoch by epoch.
 *
 * <p>What an epoch draws at random depends on the seed and the epoch's number alone, so a run that
 * goes on from a restored {@link #state()} equals one that never stopped. Examples, order and
 * augmentation stay on the device; the losses are read from it every {@link #LOG_INTERVAL} steps
 * (L4 reads its loss in each).
 *
 * <p>The trainer owns its optimizer; model and examples stay the caller's.
 */
public final class Trainer implements AutoCloseable {
  /** Steps between two reads of the loss. */
  public static final int LOG_INTERVAL = 20;

  /** Philox subsequences far from those of the noise, which are group numbers. */
  private static final long WEIGHTS = 1L << 62;

  private static final long EPOCH = WEIGHTS + 1;

  private static final String MODEL = "model.";
  private static final String OPTIMIZER = "optimizer.";

  private final Model model;
  private final TrainingConfig config;
  private final Examples training;
  private final Examples test;
  private final Device device;
  private final TrainingOptimizer optimizer;
  private final NoisyOptimizer noisy;
  private final int stepsPerEpoch;
  private int nextEpoch;

  /**
   * @param model on {@code device}
   * @param config the settings
   * @param training examples to train on, on {@code device}
   * @param test examples to evaluate on, on {@code device}
   * @param device where it all happens
   */
  public Trainer(
      Model model, TrainingConfig config, Examples training, Examples test, Device device) {
    this.model = model;
    this.config = config;
    this.training = training;
    this.test = test;
    this.device = device;
    stepsPerEpoch = (int) (((long) training.count() + config.batchSize() - 1) / config.batchSize());
    model.channelsLast();
    optimizer =
        config
            .optimizer()
            .create(model.parameters(), config.schedule().lr(0, stepsPerEpoch), config.noise());
    noisy = optimizer.noisy();
  }

  /** Seeds LibTorch's generators for the weights of a model that is about to be built. */
  public static void seedWeights(long seed) {
    torch.manual_seed(derivedSeed(seed, 0, WEIGHTS));
  }

  private static long derivedSeed(long seed, long epoch, long purpose) {
    int[] words = Philox.block(seed, epoch, purpose);
    return (long) words[0] << 32 | words[1] & 0xffffffffL;
  }

  /** The number of the epoch that {@link #runEpoch} does next. */
  public int nextEpoch() {
    return nextEpoch;
  }

  /** The number of optimizer steps in an epoch. */
  public int stepsPerEpoch() {
    return stepsPerEpoch;
  }

  /**
   * Trains for one epoch and evaluates on the test examples.
   *
   * @throws DivergedException if the loss, also that on the test examples, is NaN or infinite
   */
  public EpochMetrics runEpoch(List<TrainingListener> listeners) {
    long start = System.nanoTime();
    int epoch = nextEpoch;
    long firstStep = (long) epoch * stepsPerEpoch;
    int count = training.count();
    torch.manual_seed(derivedSeed(config.seed(), epoch, EPOCH));
    model.train(true);
    noisy.epoch(epoch);
    double lossSum = 0;
    double trainAccuracy;
    try (PointerScope epochScope = new PointerScope()) {
      Tensor order = torch.randperm(count, Tensors.options(device, torch.ScalarType.Long));
      Tensor losses =
          torch.zeros(new long[] {stepsPerEpoch}, Tensors.options(device, torch.ScalarType.Float));
      Score score = training.newScore();
      int read = 0;
      for (int i = 0; i < stepsPerEpoch; i++) {
        int first = i * config.batchSize();
        int length = Math.min(config.batchSize(), count - first);
        try (PointerScope stepScope = new PointerScope()) {
          step(firstStep + i, order.narrow(0, first, length), losses.narrow(0, i, 1), score);
        }
        if ((i + 1) % LOG_INTERVAL == 0 || i + 1 == stepsPerEpoch) {
          lossSum += sumOfLosses(losses, read, i + 1, firstStep, epoch);
          read = i + 1;
          for (TrainingListener listener : listeners) {
            listener.onProgress(epoch, read, stepsPerEpoch, lossSum / (first + length));
          }
        }
      }
      trainAccuracy = score.value();
    }
    long lastStep = firstStep + stepsPerEpoch - 1;
    Evaluation evaluation = evaluate();
    if (!Double.isFinite(evaluation.loss())) {
      throw new DivergedException("test", epoch, lastStep, noisy.realisedLr(), evaluation.loss());
    }
    EpochMetrics metrics =
        new EpochMetrics(
            epoch,
            lastStep,
            config.schedule().lr(lastStep, stepsPerEpoch),
            config.noise().factor(epoch, lastStep, 0),
            noisy.realisedLr(),
            lossSum / count,
            trainAccuracy,
            evaluation.loss(),
            evaluation.score(),
            (System.nanoTime() - start) * 1e-9);
    nextEpoch++;
    listeners.forEach(listener -> listener.onEpoch(metrics));
    return metrics;
  }

  private void step(long step, Tensor batch, Tensor lossOut, Score score) {
    optimizer.baseLr(config.schedule().lr(step, stepsPerEpoch));
    Batch examples = training.training(batch);
    optimizer.optimizer().zero_grad();
    Tensor logits = config.precision().forward(model, examples.inputs());
    Tensor loss = torch.cross_entropy(logits, examples.targets());
    loss.backward();
    optimizer.step(loss.detach());
    lossOut.copy_(loss.detach());
    score.add(logits.detach(), examples.targets());
  }

  /** Sums the losses of examples seen in steps {@code from} … {@code to − 1}, all finite. */
  private double sumOfLosses(Tensor losses, int from, int to, long firstStep, int epoch) {
    float[] values = new float[to - from];
    try (PointerScope scope = new PointerScope()) {
      new FloatPointer(losses.narrow(0, from, to - from).cpu().data_ptr()).get(values);
    }
    double sum = 0;
    for (int i = 0; i < values.length; i++) {
      long step = firstStep + from + i;
      if (!Float.isFinite(values[i])) {
        double lr =
            config.noise().realised(config.schedule().lr(step, stepsPerEpoch), epoch, step, 0);
        throw new DivergedException("training", epoch, step, lr, values[i]);
      }
      long first = (long) (from + i) * config.batchSize();
      sum += (double) values[i] * Math.min(config.batchSize(), training.count() - first);
    }
    return sum;
  }

  /** Mean loss and score on the test examples, without autograd and augmentation. */
  private Evaluation evaluate() {
    model.eval();
    try (PointerScope scope = new PointerScope();
        AutoGradMode noGrad = new AutoGradMode(false)) {
      Tensor loss = torch.zeros(new long[] {1}, Tensors.options(device, torch.ScalarType.Double));
      Score score = test.newScore();
      for (int first = 0; first < test.count(); first += test.evaluationBatch()) {
        int length = Math.min(test.evaluationBatch(), test.count() - first);
        try (PointerScope batchScope = new PointerScope()) {
          Batch examples = test.evaluation(first, length);
          Tensor logits = config.precision().forward(model, examples.inputs());
          Tensor mean = torch.cross_entropy(logits, examples.targets());
          loss.add_(mean.to(torch.ScalarType.Double), new Scalar((double) length));
          score.add(logits, examples.targets());
        }
      }
      return new Evaluation(loss.item_double() / test.count(), score.value());
    }
  }

  private record Evaluation(double loss, double score) {}

  /**
   * Everything that the next epochs depend on, beside the configuration: parameters, buffers and
   * optimizer state by name. The tensors share the trainer's memory; save them before the next
   * epoch.
   */
  public Map<String, Tensor> state() {
    Map<String, Tensor> state = new LinkedHashMap<>();
    Tensors.state(model).forEach((name, tensor) -> state.put(MODEL + name, tensor));
    OptimizerState.read(optimizer.optimizer())
        .forEach((name, tensor) -> state.put(OPTIMIZER + name, tensor));
    return state;
  }

  /**
   * Goes on from a saved {@link #state()}.
   *
   * @param state what {@link #state()} answered after epoch {@code epochsDone − 1}
   * @param epochsDone the number of epochs done then
   * @throws InputException if the tensors are not those of this model and optimizer; nothing is
   *     changed then
   */
  public void restore(Map<String, Tensor> state, int epochsDone) {
    Map<String, Tensor> optimizerState = new LinkedHashMap<>();
    Map<String, Tensor> own = Tensors.state(model);
    int matched = 0;
    for (Map.Entry<String, Tensor> entry : state.entrySet()) {
      String name = entry.getKey();
      if (name.startsWith(OPTIMIZER)) {
        optimizerState.put(name.substring(OPTIMIZER.length()), entry.getValue());
        continue;
      }
      Tensor target = name.startsWith(MODEL) ? own.get(name.substring(MODEL.length())) : null;
      if (target == null
          || !Arrays.equals(target.shape(), entry.getValue().shape())
          || target.scalar_type().intern() != entry.getValue().scalar_type().intern()) {
        throw new InputException("the checkpoint's tensor '" + name + "' does not fit the model");
      }
      matched++;
    }
    if (matched != own.size()) {
      throw new InputException(
          "the checkpoint has %d of the model's %d tensors".formatted(matched, own.size()));
    }
    try {
      OptimizerState.load(optimizer.optimizer(), optimizerState);
    } catch (RuntimeException e) {
      throw new InputException("the checkpoint does not fit the optimizer: " + e.getMessage(), e);
    }
    try (AutoGradMode noGrad = new AutoGradMode(false)) {
      own.forEach((name, tensor) -> tensor.copy_(state.get(MODEL + name)));
    }
    noisy.steps((long) epochsDone * stepsPerEpoch);
    nextEpoch = epochsDone;
  }

  @Override
  public void close() {
    optimizer.close();
  }
}
