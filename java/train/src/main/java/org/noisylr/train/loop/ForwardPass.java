package org.noisylr.train.loop;

import org.bytedeco.pytorch.Tensor;
import org.noisylr.check.InputException;
import org.noisylr.torch.model.Model;
import org.noisylr.train.data.Batch;
import org.noisylr.train.data.Examples;

/** A model and the arithmetic of its forward pass. */
record ForwardPass(Model model, Precision precision) {
  /**
   * Returns the logits of a batch.
   *
   * @throws InputException if the model has fewer outputs than the examples have classes
   */
  Tensor logits(Examples examples, Batch batch) {
    Tensor logits = precision.forward(model, batch.inputs());
    if (logits.size(1) < examples.classes()) {
      throw new InputException(
          "the model supports %d classes, but the examples have %d"
              .formatted(logits.size(1), examples.classes()));
    }
    return logits;
  }
}
