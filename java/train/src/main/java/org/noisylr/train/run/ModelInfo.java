package org.noisylr.train.run;

import java.util.List;
import org.noisylr.check.Check;
import org.noisylr.train.data.Preprocessing;
import org.noisylr.train.metric.Metric;

/**
 * What a model's weights need to be used.
 *
 * @param model the architecture; a {@link ScriptFile} by its name, without its folder
 * @param classNames output i is the logit of class {@code classNames.get(i)}
 * @param inputs how examples become inputs
 * @param epoch the number of epochs after which the weights were kept, at least 1
 * @param metric the meaning of the score
 * @param testScore the score after that epoch, a fraction
 */
public record ModelInfo(
    ModelSpec model,
    List<String> classNames,
    Preprocessing inputs,
    int epoch,
    Metric metric,
    double testScore) {
  /** Validates the values. */
  public ModelInfo {
    Check.required("model", model);
    model = model instanceof ScriptFile file ? file.nameOnly() : model;
    classNames = List.copyOf(Check.required("class_names", classNames));
    Check.atLeast("number of classes", classNames.size(), 2);
    Check.required("inputs", inputs);
    Check.atLeast("epoch", epoch, 1);
    Check.required("metric", metric);
    model.check(inputs);
  }

  /** Returns the description of the weights after another epoch. */
  ModelInfo after(int otherEpoch, double score) {
    return new ModelInfo(model, classNames, inputs, otherEpoch, metric, score);
  }
}
