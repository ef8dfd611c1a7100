package org.noisylr.train.run;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.noisylr.check.Check;
import org.noisylr.check.InputException;
import org.noisylr.check.Reason;
import org.noisylr.torch.Tensors;
import org.noisylr.torch.TorchScript;
import org.noisylr.torch.model.Model;
import org.noisylr.torch.model.TorchScriptModel;
import org.noisylr.train.checkpoint.AtomicFile;
import org.noisylr.train.checkpoint.SafeTensors;
import org.noisylr.train.data.Batch;
import org.noisylr.train.data.Examples;
import org.noisylr.train.metric.Score;

/** A trained model on a device, ready for evaluation. Owns the model. */
public final class TrainedModel implements AutoCloseable {
  private static final String FORMAT = "format";
  private static final String VERSION = "noisylr model 1";
  private static final String INFO = "info";
  private static final long SUM = 2; // at::Reduction

  private final ModelInfo info;
  private final Model model;
  private final Device device;

  private TrainedModel(ModelInfo info, Model model, Device device) {
    this.info = info;
    this.model = model;
    this.device = device;
  }

  /**
   * The results on examples.
   *
   * @param loss the mean cross-entropy of all targets that are not ignored
   * @param score in the model's metric, a fraction
   * @param confusion {@code [classes][classes]}: the number of targets of class i that were
   *     predicted as class j
   */
  public record Result(double loss, double score, long[][] confusion) {}

  /** Writes weights with their description. */
  static void write(Path file, Map<String, Tensor> weights, ModelInfo info) throws IOException {
    Map<String, String> metadata = new LinkedHashMap<>();
    metadata.put(FORMAT, VERSION);
    metadata.put(INFO, RunFormat.toLine(info));
    SafeTensors.write(file, weights, metadata);
  }

  /**
   * Writes the weights for other programs, with the description beside them as JSON.
   *
   * @throws IOException if a file cannot be written
   */
  public void export(Path file, Path description) throws IOException {
    try (PointerScope scope = new PointerScope()) {
      write(file, Tensors.state(model), info);
    }
    AtomicFile.write(description, RunFormat.toJson(info));
  }

  /**
   * Writes the model as TorchScript, with the description beside it as JSON.
   *
   * @throws InputException if it is a built-in model, which has no TorchScript
   * @throws IOException if a file cannot be written
   */
  public void exportTorchScript(Path file, Path description) throws IOException {
    if (!(model instanceof TorchScriptModel script)) {
      throw new InputException(
          "model %s can be exported as safetensors only, but %s has the extension %s"
              .formatted(info.model(), file, ScriptFile.EXTENSION));
    }
    // The archive contains the name of its file.
    Path folder = Files.createTempDirectory("noisylr-export");
    Path temporary = folder.resolve(file.getFileName());
    try {
      save(script, temporary);
      AtomicFile.write(file, List.of(ByteBuffer.wrap(Files.readAllBytes(temporary))));
    } finally {
      Files.deleteIfExists(temporary);
      Files.delete(folder);
    }
    AtomicFile.write(description, RunFormat.toJson(info));
  }

  private static void save(TorchScriptModel script, Path file) throws IOException {
    try {
      script.save(file);
    } catch (RuntimeException e) {
      throw new IOException(TorchScript.reason(e), e);
    }
  }

  /**
   * Reads a model.
   *
   * @param file written by {@link #write}
   * @param run the directory of the run, which has the model's own file if it has one
   * @throws InputException if a file cannot be read, is damaged, or holds something else
   */
  public static TrainedModel read(Path file, Path run, Device device) {
    try (SafeTensors content = SafeTensors.read(file)) {
      if (!VERSION.equals(content.metadata().get(FORMAT))) {
        throw new InputException("%s must be a file of the format '%s'".formatted(file, VERSION));
      }
      ModelInfo info;
      try {
        info = RunFormat.modelInfo(content.metadata().getOrDefault(INFO, ""));
      } catch (InputException e) {
        throw new InputException("%s: its description is %s".formatted(file, e.getMessage()), e);
      }
      return of(file, content.tensors(), info, run, device);
    } catch (IOException e) {
      throw Reason.unreadable(file, e);
    }
  }

  /**
   * Creates a model with weights.
   *
   * <p>Not called within a pointer scope, which would free the model's layers.
   *
   * @param file where they come from, for messages
   * @param run the directory of the run
   */
  static TrainedModel of(
      Path file, Map<String, Tensor> weights, ModelInfo info, Path run, Device device) {
    if (info.model() instanceof ScriptFile && !Files.exists(run.resolve(RunFiles.MODEL))) {
      throw new InputException(
          "%s has no %s, the file of its model".formatted(run, RunFiles.MODEL));
    }
    Model model = info.model().in(run).create(info.inputs(), info.classNames().size());
    try (PointerScope scope = new PointerScope()) {
      load(file, model, weights);
      model.to(device, false);
      model.channelsLast();
      model.eval();
      return new TrainedModel(info, model, device);
    } catch (RuntimeException e) {
      model.close();
      throw e;
    }
  }

  private static void load(Path file, Model model, Map<String, Tensor> weights) {
    Map<String, Tensor> own = Tensors.state(model);
    if (!own.keySet().equals(weights.keySet())) {
      throw new InputException(file + " does not hold the weights of its model");
    }
    try (AutoGradMode noGrad = new AutoGradMode(false)) {
      own.forEach((name, tensor) -> tensor.copy_(weights.get(name)));
    } catch (RuntimeException e) {
      throw new InputException(
          "%s does not hold the weights of its model: %s".formatted(file, Reason.firstLine(e)), e);
    }
  }

  /** Returns the description of the model. */
  public ModelInfo info() {
    return info;
  }

  /**
   * Evaluates the model.
   *
   * @param examples on the model's device, without random changes
   */
  public Result evaluate(Examples examples) {
    int classes = info.classNames().size();
    Check.within("number of classes", (long) examples.classes(), 1, classes);
    try (PointerScope scope = new PointerScope();
        AutoGradMode noGrad = new AutoGradMode(false)) {
      Score score = examples.newScore();
      Tensor confusion =
          torch.zeros(
              new long[] {(long) classes * classes},
              Tensors.options(device, torch.ScalarType.Long));
      double loss = 0;
      long count = 0;
      for (int first = 0; first < examples.count(); first += examples.evaluationBatch()) {
        int length = Math.min(examples.evaluationBatch(), examples.count() - first);
        try (PointerScope batchScope = new PointerScope()) {
          Batch batch = examples.evaluation(first, length);
          Tensor logits = model.forward(batch.inputs());
          Tensor targets = batch.targets();
          score.add(logits, targets);
          loss +=
              torch
                  .cross_entropy_loss(logits, targets, new TensorOptional(), SUM, Score.IGNORED, 0)
                  .item_double();
          Tensor counted = targets.ne(new Scalar(Score.IGNORED));
          count += counted.sum().item_long();
          Tensor predicted = logits.argmax(new LongOptional(1), false);
          Tensor cell = targets.mul(new Scalar((long) classes)).add_(predicted);
          confusion.add_(
              torch.bincount(
                  cell.masked_select(counted), new TensorOptional(), (long) classes * classes));
        }
      }
      return new Result(loss / count, score.value(), rows(confusion, classes));
    }
  }

  private static long[][] rows(Tensor confusion, int classes) {
    long[][] rows = new long[classes][classes];
    for (int i = 0; i < classes; i++) {
      for (int j = 0; j < classes; j++) {
        rows[i][j] = confusion.select(0, (long) i * classes + j).item_long();
      }
    }
    return rows;
  }

  /**
   * Computes the probabilities of the classes.
   *
   * @param inputs on the model's device, as {@link Examples} prepare them
   * @return {@code float32 [N, classes]} on the CPU; owned by the caller
   */
  public Tensor probabilities(Tensor inputs) {
    try (PointerScope scope = new PointerScope();
        AutoGradMode noGrad = new AutoGradMode(false)) {
      return model.forward(inputs).softmax(1).cpu().contiguous().retainReference();
    }
  }

  @Override
  public void close() {
    model.close();
  }
}
