package org.noisylr.train.loop;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Generator;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.noisylr.check.Check;
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
 * goes on from a restored {@link #state()} equals one that never stopped, be it between epochs or
 * within one. Examples, order and augmentation stay on the device; the losses are read from it
 * every {@link #LOG_INTERVAL} steps (L4 reads its loss in each).
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

  /** What the epoch in progress has counted and drawn from, in a saved state. */
  private static final String IN_PROGRESS = "epoch.";

  private static final String LOSSES = IN_PROGRESS + "losses";
  private static final String SCORE = IN_PROGRESS + "score";
  private static final String GENERATOR = IN_PROGRESS + "generator";
  private static final String LR = IN_PROGRESS + "lr";

  private final Model model;
  private final TrainingConfig config;
  private final Examples training;
  private final Examples test;
  private final Device device;
  private final TrainingOptimizer optimizer;
  private final NoisyOptimizer noisy;
  private final int stepsPerEpoch;
  private final Map<String, Tensor> inProgress = new LinkedHashMap<>();
  private int nextEpoch;
  private int stepsDone;

  /**
   * @param model on {@code device}
   * @param config the settings
   * @param training examples to train on, on {@code device}
   * @param test examples to evaluate on, on {@code device}
   * @param device where it all happens
   * @throws InputException if there are no examples
   */
  public Trainer(
      Model model, TrainingConfig config, Examples training, Examples test, Device device) {
    Check.atLeast("number of training examples", training.count(), 1);
    Check.atLeast("number of test examples", test.count(), 1);
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

  /** The number of the epoch that {@link #runEpoch} does, or goes on with, next. */
  public int nextEpoch() {
    return nextEpoch;
  }

  /** The number of steps of that epoch that are done: 0 unless it was stopped in between. */
  public int stepsDone() {
    return stepsDone;
  }

  /** The number of optimizer steps in an epoch. */
  public int stepsPerEpoch() {
    return stepsPerEpoch;
  }

  /**
   * Trains for one epoch and evaluates on the test examples.
   *
   * @throws DivergedException if a loss, also that on the test examples, is NaN or infinite or,
   *     after the epoch, a parameter or a state of the optimizer
   * @throws StepFailedException if LibTorch refuses a step
   * @throws InputException if the model has fewer outputs than the examples have classes
   */
  public EpochMetrics runEpoch(List<TrainingListener> listeners) {
    return runEpoch(listeners, new StopSignal()).orElseThrow();
  }

  /**
   * The same, but stops when it is asked to: after the step that it is at, or the batch of the
   * evaluation. The next call, also of another trainer that {@link #restore}d this one's state,
   * goes on from there.
   *
   * @return empty if it stopped
   */
  public Optional<EpochMetrics> runEpoch(List<TrainingListener> listeners, StopSignal stop) {
    long start = System.nanoTime();
    EpochMetrics metrics;
    try (PointerScope scope = new PointerScope()) {
      metrics = epoch(listeners, stop);
    }
    if (metrics == null) {
      return Optional.empty();
    }
    forgetProgress();
    nextEpoch++;
    double seconds = (System.nanoTime() - start) * 1e-9;
    listeners.forEach(listener -> listener.onEpoch(metrics, seconds));
    return Optional.of(metrics);
  }

  private EpochMetrics epoch(List<TrainingListener> listeners, StopSignal stop) {
    int epoch = nextEpoch;
    long firstStep = (long) epoch * stepsPerEpoch;
    int count = training.count();
    torch.manual_seed(derivedSeed(config.seed(), epoch, EPOCH));
    noisy.epoch(epoch);
    Tensor order = torch.randperm(count, Tensors.options(device, torch.ScalarType.Long));
    Tensor losses =
        torch.zeros(new long[] {stepsPerEpoch}, Tensors.options(device, torch.ScalarType.Float));
    Score score = training.newScore();
    double lr = restoreProgress(losses, score);
    double lossSum = 0;
    int read = 0;
    int done = 0;
    while (done < stepsDone) {
      done++;
      if (isRead(done)) {
        lossSum += sumOfLosses(losses, read, done, firstStep, epoch);
        read = done;
      }
    }
    model.train(true);
    while (done < stepsPerEpoch) {
      if (stop.isRequested()) {
        sumOfLosses(losses, read, done, firstStep, epoch);
        keepProgress(done, losses, score, lr);
        return null;
      }
      long step = firstStep + done;
      int first = done * config.batchSize();
      int length = Math.min(config.batchSize(), count - first);
      try (PointerScope stepScope = new PointerScope()) {
        step(step, order.narrow(0, first, length), losses.narrow(0, done, 1), score);
      } catch (RuntimeException e) {
        throw isLibTorchs(e) ? new StepFailedException(epoch, step, e) : e;
      }
      lr = noisy.realisedLr();
      done++;
      if (isRead(done)) {
        lossSum += sumOfLosses(losses, read, done, firstStep, epoch);
        read = done;
        for (TrainingListener listener : listeners) {
          listener.onProgress(epoch, read, stepsPerEpoch, lossSum / (first + length));
        }
      }
    }
    long lastStep = firstStep + stepsPerEpoch - 1;
    checkFinite(epoch, lastStep, lr);
    Evaluation evaluation;
    try {
      evaluation = evaluate(stop);
    } catch (RuntimeException e) {
      throw isLibTorchs(e) ? new StepFailedException(epoch, e) : e;
    }
    if (evaluation == null) {
      keepProgress(done, losses, score, lr);
      return null;
    }
    if (!Double.isFinite(evaluation.loss())) {
      throw new DivergedException(
          "the test loss", Double.toString(evaluation.loss()), epoch, lastStep, lr);
    }
    return new EpochMetrics(
        epoch,
        lastStep,
        config.schedule().lr(lastStep, stepsPerEpoch),
        config.noise().factor(epoch, lastStep, 0),
        lr,
        lossSum / count,
        score.value(),
        evaluation.loss(),
        evaluation.score());
  }

  private boolean isRead(int done) {
    return done % LOG_INTERVAL == 0 || done == stepsPerEpoch;
  }

  /** What comes from LibTorch is a plain RuntimeException. */
  private static boolean isLibTorchs(RuntimeException e) {
    return e.getClass() == RuntimeException.class;
  }

  private void keepProgress(int done, Tensor losses, Score score, double lr) {
    forgetProgress(done);
    if (done == 0) {
      return;
    }
    inProgress.put(LOSSES, losses.clone());
    inProgress.put(SCORE, score.counts().clone());
    inProgress.put(GENERATOR, generator().get_state());
    inProgress.put(LR, Tensor.create(lr));
    inProgress.values().forEach(Tensor::retainReference);
  }

  /** Answers the learning rate of the last step done, NaN if none is. */
  private double restoreProgress(Tensor losses, Score score) {
    if (stepsDone == 0) {
      return Double.NaN;
    }
    losses.copy_(inProgress.get(LOSSES));
    score.restore(inProgress.get(SCORE));
    generator().set_state(inProgress.get(GENERATOR));
    return inProgress.get(LR).item_double();
  }

  private void forgetProgress() {
    forgetProgress(0);
  }

  private void forgetProgress(int steps) {
    inProgress.values().forEach(Tensor::close);
    inProgress.clear();
    stepsDone = steps;
  }

  private Generator generator() {
    return torch.globalContext().defaultGenerator(device);
  }

  private void step(long step, Tensor batch, Tensor lossOut, Score score) {
    optimizer.baseLr(config.schedule().lr(step, stepsPerEpoch));
    Batch examples = training.training(batch);
    optimizer.optimizer().zero_grad();
    Tensor logits = forward(training, examples.inputs());
    Tensor loss = torch.cross_entropy(logits, examples.targets());
    loss.backward();
    optimizer.step(loss.detach());
    lossOut.copy_(loss.detach());
    score.add(logits.detach(), examples.targets());
  }

  private Tensor forward(Examples examples, Tensor inputs) {
    Tensor logits = config.precision().forward(model, inputs);
    if (logits.size(1) < examples.classes()) {
      throw new InputException(
          "the model tells %d classes apart, but the examples have %d"
              .formatted(logits.size(1), examples.classes()));
    }
    return logits;
  }

  /** A gradient of the last step, or an unused part of the model, does not show in any loss. */
  private void checkFinite(int epoch, long step, double lr) {
    try (PointerScope scope = new PointerScope()) {
      state()
          .forEach(
              (name, tensor) -> {
                if (tensor.is_floating_point() && !tensor.isfinite().all().item_bool()) {
                  String value = tensor.isnan().any().item_bool() ? "NaN" : "infinite";
                  throw new DivergedException(name, value, epoch, step, lr);
                }
              });
    }
  }

  /** Sums the losses of examples seen in steps {@code from} … {@code to − 1}, all finite. */
  private double sumOfLosses(Tensor losses, int from, int to, long firstStep, int epoch) {
    float[] values = new float[to - from];
    if (values.length == 0) {
      return 0;
    }
    try (PointerScope scope = new PointerScope()) {
      new FloatPointer(losses.narrow(0, from, to - from).cpu().data_ptr()).get(values);
    }
    double sum = 0;
    for (int i = 0; i < values.length; i++) {
      long step = firstStep + from + i;
      if (!Float.isFinite(values[i])) {
        double lr =
            config.noise().realised(config.schedule().lr(step, stepsPerEpoch), epoch, step, 0);
        throw new DivergedException(
            "the training loss", Float.toString(values[i]), epoch, step, lr);
      }
      long first = (long) (from + i) * config.batchSize();
      sum += (double) values[i] * Math.min(config.batchSize(), training.count() - first);
    }
    return sum;
  }

  /**
   * Mean loss and score on the test examples, without autograd and augmentation; null if stopped.
   */
  private Evaluation evaluate(StopSignal stop) {
    model.eval();
    try (PointerScope scope = new PointerScope();
        AutoGradMode noGrad = new AutoGradMode(false)) {
      Tensor loss = torch.zeros(new long[] {1}, Tensors.options(device, torch.ScalarType.Double));
      Score score = test.newScore();
      for (int first = 0; first < test.count(); first += test.evaluationBatch()) {
        if (stop.isRequested()) {
          return null;
        }
        int length = Math.min(test.evaluationBatch(), test.count() - first);
        try (PointerScope batchScope = new PointerScope()) {
          Batch examples = test.evaluation(first, length);
          Tensor logits = forward(test, examples.inputs());
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
   * Everything that the next steps depend on, beside the configuration: parameters, buffers,
   * optimizer state and, of an epoch that was stopped, its losses, score, learning rate and
   * generator, by name. The tensors share the trainer's memory; save them before the next epoch.
   */
  public Map<String, Tensor> state() {
    Map<String, Tensor> state = new LinkedHashMap<>();
    Tensors.state(model).forEach((name, tensor) -> state.put(MODEL + name, tensor));
    OptimizerState.read(optimizer.optimizer())
        .forEach((name, tensor) -> state.put(OPTIMIZER + name, tensor));
    state.putAll(inProgress);
    return state;
  }

  /**
   * Goes on from a saved {@link #state()}.
   *
   * @param state what {@link #state()} answered
   * @param epochsDone the number of epochs done then
   * @param steps {@link #stepsDone()} then
   * @throws InputException if the tensors are not those of this model and optimizer; nothing is
   *     changed then
   */
  public void restore(Map<String, Tensor> state, int epochsDone, int steps) {
    Check.within("steps done", (long) steps, 0, stepsPerEpoch);
    Map<String, Tensor> optimizerState = new LinkedHashMap<>();
    Map<String, Tensor> progress = new LinkedHashMap<>();
    Map<String, Tensor> own = Tensors.state(model);
    int matched = 0;
    for (Map.Entry<String, Tensor> entry : state.entrySet()) {
      String name = entry.getKey();
      if (name.startsWith(OPTIMIZER)) {
        optimizerState.put(name.substring(OPTIMIZER.length()), entry.getValue());
        continue;
      }
      if (name.startsWith(IN_PROGRESS)) {
        progress.put(name, entry.getValue());
        continue;
      }
      Tensor target = name.startsWith(MODEL) ? own.get(name.substring(MODEL.length())) : null;
      if (target == null || !alike(target, entry.getValue())) {
        throw new InputException("the checkpoint's tensor '" + name + "' does not fit the model");
      }
      matched++;
    }
    if (matched != own.size()) {
      throw new InputException(
          "the checkpoint has %d of the model's %d tensors".formatted(matched, own.size()));
    }
    checkProgress(progress, steps);
    try {
      OptimizerState.load(optimizer.optimizer(), optimizerState);
    } catch (RuntimeException e) {
      throw new InputException("the checkpoint does not fit the optimizer: " + e.getMessage(), e);
    }
    try (AutoGradMode noGrad = new AutoGradMode(false)) {
      own.forEach((name, tensor) -> tensor.copy_(state.get(MODEL + name)));
    }
    noisy.steps((long) epochsDone * stepsPerEpoch + steps);
    nextEpoch = epochsDone;
    forgetProgress(steps);
    progress.forEach((name, tensor) -> inProgress.put(name, tensor.clone().retainReference()));
  }

  private void checkProgress(Map<String, Tensor> progress, int steps) {
    try (PointerScope scope = new PointerScope()) {
      Map<String, Tensor> expected = new LinkedHashMap<>();
      if (steps > 0) {
        expected.put(LOSSES, torch.zeros(new long[] {stepsPerEpoch}));
        expected.put(SCORE, training.newScore().counts());
        expected.put(GENERATOR, generator().get_state());
        expected.put(LR, Tensor.create(0.0));
      }
      if (!progress.keySet().equals(expected.keySet())
          || !expected.entrySet().stream()
              .allMatch(e -> alike(e.getValue(), progress.get(e.getKey())))) {
        throw new InputException(
            "the checkpoint's tensors of an epoch in progress do not fit one of %d steps of which %d are done"
                .formatted(stepsPerEpoch, steps));
      }
    }
  }

  private static boolean alike(Tensor a, Tensor b) {
    return Arrays.equals(a.shape(), b.shape())
        && a.scalar_type().intern() == b.scalar_type().intern();
  }

  @Override
  public void close() {
    forgetProgress();
    optimizer.close();
  }
}
