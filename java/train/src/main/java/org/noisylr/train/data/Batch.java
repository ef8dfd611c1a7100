package org.noisylr.train.data;

import org.bytedeco.pytorch.Tensor;

/**
 * What one step of a model sees.
 *
 * @param inputs what the model takes, the examples in dimension 0
 * @param targets the classes: {@code int64 [B]}, or of each pixel {@code int64 [B, H, W]}
 */
public record Batch(Tensor inputs, Tensor targets) {}
