package org.noisylr.train.metric;

import com.fasterxml.jackson.annotation.JsonValue;

/** The meaning of a run's scores, which are fractions; higher is better. */
public enum Metric {
  /** {@link Accuracy}. */
  ACCURACY("accuracy", "accuracy"),
  /** {@link MeanIou}. */
  MEAN_IOU("mean_iou", "mean IoU");

  private final String text;
  private final String title;

  Metric(String text, String title) {
    this.text = text;
    this.title = title;
  }

  /** Returns the name in reports. */
  public String title() {
    return title;
  }

  /** Returns the name in files. */
  @Override
  @JsonValue
  public String toString() {
    return text;
  }
}
