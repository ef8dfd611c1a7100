package org.noisylr.train.run;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.StringTensorDict;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.noisylr.check.Check;
import org.noisylr.check.InputException;
import org.noisylr.check.Reason;
import org.noisylr.torch.Tensors;
import org.noisylr.torch.TorchScript;
import org.noisylr.torch.model.Model;
import org.noisylr.torch.model.TorchScriptModel;
import org.noisylr.train.checkpoint.AtomicFile;
import org.noisylr.train.checkpoint.Digest;
import org.noisylr.train.checkpoint.SafeTensors;
import org.noisylr.train.data.Dataset;
import org.noisylr.train.data.Examples;
import org.noisylr.train.data.Preprocessing;

/**
 * A classifier of one's own in a TorchScript file, see {@link TorchScriptModel}. It takes {@code
 * float32 [N, C, H, W]} for images or {@code int64 [N, L]} for texts, and returns logits {@code
 * float32 [N, classes]}. A run starts with the weights in the file.
 *
 * <p>A model file contains a program. Use only files that you would execute.
 *
 * @param file the path of the file
 * @param sha256 the SHA-256 of its content, 64 hexadecimal digits
 */
public record ScriptFile(String file, String sha256) implements ModelSpec {
  /** The extension of a TorchScript file. */
  public static final String EXTENSION = ".pt";

  private static final String FORM = "[0-9a-f]{64}";

  /** The limit of {@link SafeTensors} and of Java's arrays. */
  private static final long MAX_BYTES = Integer.MAX_VALUE - 8;

  /** Validates the values. */
  public ScriptFile {
    Check.required("file", file);
    try {
      Check.required("file", Path.of(file).getFileName());
    } catch (InvalidPathException e) {
      throw Check.invalid("file", file, "a path");
    }
    if (!Check.required("sha256", sha256).matches(FORM)) {
      throw Check.invalid("sha256", sha256, "64 hexadecimal digits");
    }
  }

  /**
   * Returns the model in a file.
   *
   * @throws InputException if the file cannot be read
   */
  public static ScriptFile of(Path file) {
    return new ScriptFile(file.toAbsolutePath().normalize().toString(), sha256(content(file)));
  }

  private static byte[] content(Path file) {
    try {
      if (Files.size(file) > MAX_BYTES) {
        throw new InputException("%s must have at most %d bytes".formatted(file, MAX_BYTES));
      }
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw Reason.unreadable(file, e);
    }
  }

  private static String sha256(byte[] content) {
    return HexFormat.of().formatHex(Digest.of("SHA-256").digest(content));
  }

  /** Returns the content after a check of its digest. */
  private byte[] content() {
    byte[] content = content(path());
    String actual = sha256(content);
    if (!actual.equals(sha256)) {
      throw new InputException(
          "%s must have the SHA-256 %s of the run's model, but has %s"
              .formatted(file, sha256, actual));
    }
    return content;
  }

  private Path path() {
    return Path.of(file);
  }

  /** Returns this file without its folder, as the description of weights names it. */
  ScriptFile nameOnly() {
    return new ScriptFile(path().getFileName().toString(), sha256);
  }

  /**
   * {@inheritDoc}
   *
   * <p>A copy with other content is used only if the original is missing, so that the error names
   * the copy.
   */
  @Override
  public ModelSpec in(Path run) {
    Path copy = run.resolve(RunFiles.MODEL);
    boolean isStored =
        Files.exists(copy) && (!Files.exists(path()) || sha256(content(copy)).equals(sha256));
    return isStored ? new ScriptFile(copy.toString(), sha256) : this;
  }

  /** Copies the file. */
  void copyTo(Path copy) throws IOException {
    AtomicFile.write(copy, List.of(ByteBuffer.wrap(content())));
  }

  @Override
  public Model create(Preprocessing inputs, int classes) {
    return load();
  }

  private TorchScriptModel load() {
    content();
    if (!isTorchScript()) {
      throw new InputException(
          file + " must be a TorchScript file, which torch.jit.script(module).save(FILE) writes");
    }
    try {
      return TorchScriptModel.load(path());
    } catch (RuntimeException e) {
      throw new InputException("cannot load %s: %s".formatted(file, TorchScript.reason(e)), e);
    }
  }

  /** Returns whether the file has TorchScript's constants, unlike a file of {@code torch.save}. */
  private boolean isTorchScript() {
    try (ZipFile zip = new ZipFile(file)) {
      return zip.stream().anyMatch(entry -> entry.getName().endsWith("/constants.pkl"));
    } catch (ZipException e) {
      return false;
    } catch (IOException e) {
      throw Reason.unreadable(file, e);
    }
  }

  /** Does nothing: only a forward pass shows which inputs a module takes. */
  @Override
  public void check(Preprocessing inputs) {}

  /**
   * {@inheritDoc}
   *
   * <p>Evaluates two examples.
   */
  @Override
  public void check(Dataset data) {
    if (data.kind() == Dataset.Kind.SEGMENTATION) {
      throw new InputException(
          "a TorchScript model takes images or texts with one class each, but %s has %s"
              .formatted(data.name(), data.kind()));
    }
    int classes = data.classNames().size();
    if (classes < 2) {
      throw new InputException(
          "a model supports 2 or more classes, but %s has %d".formatted(data.name(), classes));
    }
    try (PointerScope scope = new PointerScope();
        TorchScriptModel model = load()) {
      checkWeights(model);
      model.eval();
      try (AutoGradMode noGrad = new AutoGradMode(false)) {
        Tensor inputs = inputs(data, 2);
        Tensor logits = forward(model, inputs);
        if (!logits.equal(forward(model, inputs))) {
          throw new InputException(
              file
                  + " must return the same outputs for the same inputs in evaluation mode; a traced module keeps the mode in which it was traced: use torch.jit.script");
        }
        if (logits.scalar_type().intern() != torch.ScalarType.Float
            || !Arrays.equals(logits.shape(), new long[] {2, classes})) {
          throw new InputException(
              "%s must return float [2, %d] for %s and the classes of %s, but returns %s"
                  .formatted(file, classes, form(inputs), data.name(), form(logits)));
        }
      }
    }
  }

  private void checkWeights(Model model) {
    if (model.trainedParameters().empty()) {
      throw new InputException(
          file + " must have parameters that require a gradient, but has none");
    }
    StringTensorDict parameters = model.named_parameters();
    for (long i = 0; i < parameters.size(); i++) {
      Tensor parameter = parameters.values().get(i);
      if (parameter.requires_grad() && parameter.scalar_type().intern() != torch.ScalarType.Float) {
        throw new InputException(
            "%s must have float parameters, as after module.float(), but %s is %s"
                .formatted(file, parameters.keys().get(i).getString(), form(parameter)));
      }
      if (!Tensors.isFinite(parameter)) {
        throw new InputException(
            "%s must have finite parameters, but %s is not"
                .formatted(file, parameters.keys().get(i).getString()));
      }
    }
    Tensors.state(model)
        .forEach(
            (name, tensor) -> {
              if (!SafeTensors.canStore(tensor)) {
                throw new InputException(
                    "%s must have dense tensors of common types, but %s is %s"
                        .formatted(file, name, form(tensor)));
              }
            });
  }

  /** Returns the first test examples as inputs, the last of them several times if necessary. */
  private static Tensor inputs(Dataset data, int count) {
    Dataset few = data.subset(1, Math.min(count, data.testCount()));
    try (Examples examples = few.testOn(new Device("cpu"), few.preprocessing())) {
      Tensor inputs = examples.evaluation(0, few.testCount()).inputs().clone();
      return inputs.size(0) == count ? inputs : torch.cat(new TensorVector(inputs, inputs));
    }
  }

  private Tensor forward(TorchScriptModel model, Tensor inputs) {
    try {
      return model.forward(inputs);
    } catch (RuntimeException e) {
      throw new InputException(
          "%s fails for the input %s: %s".formatted(file, form(inputs), Reason.firstLine(e)), e);
    }
  }

  private static String form(Tensor tensor) {
    return tensor.scalar_type().intern().name().toLowerCase(Locale.ROOT)
        + " "
        + Arrays.toString(tensor.shape());
  }

  /**
   * {@inheritDoc}
   *
   * <p>Trains on as many examples as the smallest part of a batch has, at most two.
   */
  @Override
  public void checkBatches(Dataset data, int examples, int batchSize, int ranks) {
    int part = Math.max(1, ModelSpec.smallestBatch(examples, batchSize) / ranks);
    try (PointerScope scope = new PointerScope();
        TorchScriptModel model = load()) {
      Tensor inputs = inputs(data, 2);
      model.train(true);
      forwardAndBackward(model, inputs);
      if (part < 2) {
        try {
          forwardAndBackward(model, inputs.narrow(0, 0, 1));
        } catch (InputException e) {
          throw ModelSpec.tooFew(this, examples, batchSize, ranks);
        }
      }
      model
          .replacedBuffer()
          .ifPresent(
              name -> {
                throw new InputException(
                    "%s must change its buffer %s in place, with copy_ or add_, but replaces it"
                        .formatted(file, name));
              });
      if (ranks > 1) {
        checkAllUsed(model);
      }
    }
  }

  private void forwardAndBackward(TorchScriptModel model, Tensor inputs) {
    Tensor logits = forward(model, inputs);
    Tensor targets =
        torch.zeros(
            new long[] {inputs.size(0)}, Tensors.options(new Device("cpu"), torch.ScalarType.Long));
    try {
      torch.cross_entropy(logits, targets).backward();
    } catch (RuntimeException e) {
      throw new InputException(
          "%s cannot be trained: %s".formatted(file, TorchScript.reason(e)), e);
    }
  }

  /** Checks what {@link org.noisylr.torch.distributed.DataParallel} requires. */
  private void checkAllUsed(Model model) {
    StringTensorDict parameters = model.named_parameters();
    for (long i = 0; i < parameters.size(); i++) {
      Tensor parameter = parameters.values().get(i);
      if (parameter.requires_grad() && !parameter.grad().defined()) {
        throw new InputException(
            "%s must use all its parameters to train with several processes, but its output does not depend on %s"
                .formatted(file, parameters.keys().get(i).getString()));
      }
    }
  }

  /** Returns the name of the file. */
  @Override
  public String toString() {
    return path().getFileName().toString();
  }
}
