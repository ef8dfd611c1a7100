package org.noisylr.train.metric;

import com.fasterxml.jackson.annotation.JsonValue;

/** What a run's scores are: fractions, the higher the better. */
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

  /** The name for readers. */
  public String title() {
    return title;
  }

  /** The name in files. */
  @Override
  @JsonValue
  public String toString() {
    return text;
  }
}
