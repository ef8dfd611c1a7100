package org.noisylr.train.run;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;
import org.noisylr.check.Check;
import org.noisylr.check.InputException;
import org.noisylr.torch.model.Model;
import org.noisylr.train.data.Dataset;
import org.noisylr.train.data.Preprocessing;

/** Which model a run trains: a built-in one or a TorchScript file. */
public sealed interface ModelSpec permits ModelName, ScriptFile {
  /**
   * Returns the model of a text: a {@link ModelName}, or the path of a {@link ScriptFile}, which
   * ends in {@code .pt}.
   *
   * @throws InputException if there is no such model, or the file cannot be read
   */
  static ModelSpec of(String text) {
    Optional<ModelName> name =
        Arrays.stream(ModelName.values()).filter(each -> each.toString().equals(text)).findFirst();
    if (name.isPresent()) {
      return name.get();
    }
    if (text.endsWith(ScriptFile.EXTENSION)) {
      try {
        return ScriptFile.of(Path.of(text));
      } catch (InvalidPathException e) {
        throw new InputException("cannot read " + text + ": not a path", e);
      }
    }
    throw new InputException(
        Arrays.stream(ModelName.values())
            .map(ModelName::toString)
            .collect(Collectors.joining(", ", "must be FILE.pt or one of {", "}, but is " + text)));
  }

  /**
   * Builds the model for inputs that {@link #check(Preprocessing)} accepts. LibTorch's default
   * generator draws the weights of a built-in model.
   *
   * @return on the CPU; owned by the caller
   */
  Model create(Preprocessing inputs, int classes);

  /** Builds the model for a dataset that {@link #check(Dataset)} accepts. */
  default Model create(Dataset data) {
    return create(data.preprocessing(), data.classNames().size());
  }

  /**
   * Checks that the model takes inputs.
   *
   * @throws InputException if it does not
   */
  void check(Preprocessing inputs);

  /**
   * Checks that the model takes the examples of a dataset.
   *
   * @throws InputException if it does not
   */
  void check(Dataset data);

  /**
   * Checks that the model can train on every rank's part of every batch of an epoch.
   *
   * @param data accepted by {@link #check(Dataset)}
   * @param examples the number of training examples
   * @param ranks the number of processes that divide each batch
   * @throws InputException if it cannot
   */
  void checkBatches(Dataset data, int examples, int batchSize, int ranks);

  /** Returns this model as it is stored in the folder of a run, if it is stored there. */
  default ModelSpec in(Path run) {
    return this;
  }

  /** Returns the number of examples of the smallest batch of an epoch. */
  static int smallestBatch(int examples, int batchSize) {
    int rest = examples % batchSize;
    return Math.min(examples, rest == 0 ? batchSize : rest);
  }

  /** Returns the error that a batch has too few examples for a model. */
  static InputException tooFew(ModelSpec model, int examples, int batchSize, int ranks) {
    return Check.invalid(
        "batch size",
        "%d for %d examples".formatted(batchSize, examples),
        "such that model %s gets at least 2 examples in every batch%s"
            .formatted(model, ranks == 1 ? "" : " on each of %d ranks".formatted(ranks)));
  }
}
