package org.noisylr.train.loop;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.noisylr.check.Check;
import org.noisylr.check.InputException;
import org.noisylr.torch.Tensors;
import org.noisylr.torch.distributed.Communicator;
import org.noisylr.torch.model.Model;
import org.noisylr.torch.optim.NoisyOptimizer;
import org.noisylr.torch.optim.OptimizerState;
import org.noisylr.train.data.Dataset;
import org.noisylr.train.data.Examples;
import org.noisylr.train.metric.EpochMetrics;

/**
 * Trains a classifier of examples or of their pixels, epoch by epoch, with cross-entropy and a
 * noisy optimizer.
 *
 * <p>The random draws of a step depend only on the seed and the number of the step. So a run that
 * resumes from a restored {@link #state()}, between epochs or within one, equals an uninterrupted
 * run. Examples, their order and augmentation stay on the device. The losses are read from it every
 * {@link #LOG_INTERVAL} steps; L4 reads its loss in every step.
 *
 * <p>A group of ranks trains together: each computes a part of every batch, and all take the step
 * of the whole batch. Dropout draws and the statistics of BatchNorm are each rank's own; rank 0's
 * statistics are used for evaluation and saved, as in PyTorch's {@code DistributedDataParallel}.
 *
 * <p>The trainer owns its optimizer. The caller owns model and examples.
 */
public final class Trainer implements AutoCloseable {
  /** Steps between two reads of the losses. */
  public static final int LOG_INTERVAL = 20;

  private final Model model;
  private final TrainingConfig config;
  private final ForwardPass forward;
  private final Dataset.OnDevice examples;
  private final Device device;
  private final TrainingOptimizer optimizer;
  private final NoisyOptimizer noisy;
  private final Ranks ranks;
  private final Updater updater;
  private final MovingAverage average;
  private final FiniteCheck finite;
  private int nextEpoch;
  private int stepsDone;
  private Map<String, Tensor> progress = Map.of();

  /**
   * Creates a trainer.
   *
   * @param model on {@code device}
   * @param config the settings
   * @param examples on {@code device}
   * @param device the device of all tensors
   * @param capture whether steps of full batches are captured in a CUDA graph, see {@link
   *     org.noisylr.torch.optim.CapturedStep}; the optimizer is then a fused one
   * @throws InputException if there are no examples
   */
  public Trainer(
      Model model,
      TrainingConfig config,
      Dataset.OnDevice examples,
      Device device,
      boolean capture) {
    this(model, config, examples, device, capture, null);
  }

  /**
   * Creates the trainer of one rank of a group.
   *
   * @param model on {@code device}; gets rank 0's parameters and buffers
   * @param examples all of them, on {@code device}
   * @param group the ranks that train together, each with such a trainer, used until {@link
   *     #close}; null for this process alone; neither with {@code capture} nor with L4
   * @throws InputException if there are no examples
   */
  public Trainer(
      Model model,
      TrainingConfig config,
      Dataset.OnDevice examples,
      Device device,
      boolean capture,
      Communicator group) {
    Check.atLeast("number of training examples", examples.train().count(), 1);
    Check.atLeast("number of test examples", examples.test().count(), 1);
    this.model = model;
    this.config = config;
    this.examples = examples;
    this.device = device;
    forward = new ForwardPass(model, config.precision());
    model.channelsLast();
    optimizer =
        config.optimizer().create(model.trainedParameters(), steps(0).baseLr(0), config.noise());
    noisy = optimizer.noisy();
    ranks = new Ranks(model, group);
    updater = new Updater(forward, config, examples.train(), optimizer, ranks, capture, device);
    Double decay = config.update().ema();
    average = decay == null ? null : new MovingAverage(model, decay);
    try (PointerScope scope = new PointerScope()) {
      finite = new FiniteCheck(state());
    }
  }

  /** Seeds LibTorch's generators for the weights of the next model. */
  public static void seedWeights(long seed) {
    Updater.seedWeights(seed);
  }

  /** Returns the number of the epoch that {@link #runEpoch} starts or continues next. */
  public int nextEpoch() {
    return nextEpoch;
  }

  /** Returns the number of completed steps of that epoch: 0 unless it was stopped. */
  public int stepsDone() {
    return stepsDone;
  }

  /** Returns the number of optimizer steps in an epoch. */
  public int stepsPerEpoch() {
    return steps(0).count();
  }

  private EpochSteps steps(int epoch) {
    return new EpochSteps(config, epoch, examples.train().count());
  }

  /**
   * Trains for one epoch and evaluates on the test and validation examples.
   *
   * @throws DivergedException if a training loss or the test loss is NaN or infinite, or a
   *     parameter or optimizer state after the epoch
   * @throws StepFailedException if LibTorch rejects a step
   * @throws InputException if the model has fewer outputs than the examples have classes
   */
  public EpochMetrics runEpoch(List<TrainingListener> listeners) {
    return runEpoch(listeners, new StopSignal()).orElseThrow();
  }

  /**
   * Trains for one epoch. If a stop is requested, ends after the current step or evaluation batch;
   * a group ends after the next one. The next call continues the epoch, also on another trainer
   * that {@link #restore}d the state of this one.
   *
   * @return empty if it stopped
   */
  public Optional<EpochMetrics> runEpoch(List<TrainingListener> listeners, StopSignal stop) {
    long start = System.nanoTime();
    Optional<EpochMetrics> metrics;
    try (PointerScope scope = new PointerScope()) {
      metrics = trainAndEvaluate(steps(nextEpoch), listeners, stop);
    }
    if (metrics.isPresent()) {
      keepProgress(0, Map.of());
      nextEpoch++;
      double seconds = (System.nanoTime() - start) * 1e-9;
      listeners.forEach(listener -> listener.onEpoch(metrics.get(), seconds));
    }
    return metrics;
  }

  private Optional<EpochMetrics> trainAndEvaluate(
      EpochSteps steps, List<TrainingListener> listeners, StopSignal stop) {
    Updater.seedOrder(config.seed(), steps.epoch());
    noisy.epoch(steps.epoch());
    Tensor order =
        torch.randperm(examples.train().count(), Tensors.options(device, torch.ScalarType.Long));
    EpochProgress current = newProgress(steps);
    if (stepsDone > 0) {
      current.restore(progress, stepsDone);
    }
    if (!train(steps, order, current, listeners, stop)) {
      return suspend(current);
    }
    ranks.shareBuffers();
    if (average != null) {
      average.swap();
      ranks.shareBuffers();
      average.swap();
    }
    finite.check(state(), steps, current.lr());
    Optional<Evaluation> test = evaluate("test", examples.test(), steps, current.lr(), stop);
    boolean validates = examples.validation() != null;
    Optional<Evaluation> validation =
        validates && test.isPresent()
            ? evaluate("validation", examples.validation(), steps, current.lr(), stop)
            : Optional.empty();
    if (test.isEmpty() || validates && validation.isEmpty()) {
      return suspend(current);
    }
    current.sumScore();
    return Optional.of(
        new EpochMetrics(
            steps.epoch(),
            steps.last(),
            steps.baseLr(steps.count() - 1),
            steps.lastFactor(),
            current.lr(),
            current.meanLoss(),
            current.score(),
            test.get().loss(),
            test.get().score(),
            validation.map(Evaluation::loss).orElse(null),
            validation.map(Evaluation::score).orElse(null)));
  }

  /** Trains to the end of the epoch; returns false if it stopped before. */
  private boolean train(
      EpochSteps steps,
      Tensor order,
      EpochProgress current,
      List<TrainingListener> listeners,
      StopSignal stop) {
    model.train(true);
    while (!current.isComplete()) {
      if (ranks.isStopRequested(stop)) {
        current.readLosses();
        return false;
      }
      step(steps, order, current);
      if (current.complete(noisy.realisedLr())) {
        for (TrainingListener listener : listeners) {
          listener.onProgress(
              steps.epoch(), current.stepsDone(), steps.count(), current.meanLoss());
        }
      }
    }
    return true;
  }

  private void step(EpochSteps steps, Tensor order, EpochProgress current) {
    int step = current.stepsDone();
    try (PointerScope scope = new PointerScope()) {
      optimizer.baseLr(steps.baseLr(step));
      Tensor indices = order.narrow(0, steps.firstExample(step), steps.batchSize(step));
      updater.step(steps.number(step), indices, current);
      if (average != null) {
        average.update();
      }
    } catch (RuntimeException e) {
      throw isNativeError(e) ? new StepFailedException(steps.epoch(), steps.number(step), e) : e;
    }
  }

  private EpochProgress newProgress(EpochSteps steps) {
    return new EpochProgress(steps, examples.train().newScore(), ranks, device);
  }

  /**
   * @param name of the examples, for an error
   */
  private Optional<Evaluation> evaluate(
      String name, Examples evaluated, EpochSteps steps, double lr, StopSignal stop) {
    Optional<Evaluation> evaluation;
    swapAverage();
    try {
      evaluation = Evaluation.of(forward, evaluated, device, ranks, stop);
    } catch (RuntimeException e) {
      throw isNativeError(e) ? new StepFailedException(steps.epoch(), e) : e;
    } finally {
      swapAverage();
    }
    if (evaluation.isPresent() && !Double.isFinite(evaluation.get().loss())) {
      throw new DivergedException(
          "the %s loss".formatted(name),
          Double.toString(evaluation.get().loss()),
          steps.epoch(),
          steps.last(),
          lr);
    }
    return evaluation;
  }

  private void swapAverage() {
    if (average != null) {
      average.swap();
    }
  }

  /** LibTorch's errors arrive as plain RuntimeExceptions. */
  private static boolean isNativeError(RuntimeException e) {
    return e.getClass() == RuntimeException.class;
  }

  private Optional<EpochMetrics> suspend(EpochProgress current) {
    ranks.shareBuffers();
    current.sumScore();
    keepProgress(current.stepsDone(), current.stepsDone() == 0 ? Map.of() : current.tensors());
    return Optional.empty();
  }

  private void keepProgress(int steps, Map<String, Tensor> tensors) {
    progress.values().forEach(Tensor::close);
    progress = new LinkedHashMap<>();
    tensors.forEach((name, tensor) -> progress.put(name, tensor.clone().retainReference()));
    stepsDone = steps;
  }

  /**
   * Returns everything that the next steps depend on, beside the configuration, by name:
   * parameters, buffers, optimizer state and the progress of a stopped epoch. The tensors share the
   * trainer's memory; save them before the next epoch.
   */
  public Map<String, Tensor> state() {
    return new TrainerState(
            Tensors.state(model),
            OptimizerState.read(optimizer.optimizer()),
            average == null ? Map.of() : average.tensors(),
            progress)
        .joined();
  }

  /**
   * Restores a saved {@link #state()}.
   *
   * @param state the tensors
   * @param epochsDone the number of completed epochs
   * @param steps {@link #stepsDone()} of the saved state
   * @throws InputException if the tensors do not match this model and optimizer; the trainer is
   *     then unchanged
   */
  public void restore(Map<String, Tensor> state, int epochsDone, int steps) {
    Check.within("steps done", (long) steps, 0, stepsPerEpoch());
    TrainerState saved = TrainerState.split(state);
    Map<String, Tensor> own = Tensors.state(model);
    saved.checkModel(own, average != null);
    checkProgress(saved, steps);
    try {
      OptimizerState.load(optimizer.optimizer(), saved.optimizer());
    } catch (RuntimeException e) {
      throw new InputException("the checkpoint does not match the optimizer: " + e.getMessage(), e);
    }
    try (AutoGradMode noGrad = new AutoGradMode(false)) {
      own.forEach((name, tensor) -> tensor.copy_(saved.model().get(name)));
      if (average != null) {
        average.tensors().forEach((name, tensor) -> tensor.copy_(saved.average().get(name)));
      }
    }
    noisy.steps((long) epochsDone * stepsPerEpoch() + steps);
    nextEpoch = epochsDone;
    keepProgress(steps, saved.progress());
  }

  private void checkProgress(TrainerState saved, int steps) {
    try (PointerScope scope = new PointerScope()) {
      Map<String, Tensor> expected = steps == 0 ? Map.of() : newProgress(steps(0)).tensors();
      if (!saved.hasProgress(expected)) {
        throw new InputException(
            "the checkpoint's tensors of an unfinished epoch do not match %d completed steps of %d"
                .formatted(steps, stepsPerEpoch()));
      }
    }
  }

  /**
   * Returns the weights that are evaluated, by name: parameters and buffers or, with {@link
   * UpdateOptions#ema()}, their average. They share the trainer's memory.
   */
  public Map<String, Tensor> weights() {
    return average == null ? Tensors.state(model) : average.tensors();
  }

  /** Returns the {@link #weights} in a saved {@link #state}. */
  public static Map<String, Tensor> weightsOf(Map<String, Tensor> state) {
    TrainerState saved = TrainerState.split(state);
    return saved.average().isEmpty() ? saved.model() : saved.average();
  }

  @Override
  public void close() {
    keepProgress(0, Map.of());
    updater.close();
    ranks.close();
    if (average != null) {
      average.close();
    }
    optimizer.close();
  }
}
