package org.noisylr.train.data;

import org.bytedeco.pytorch.Tensor;

/**
 * The examples of one step or of one part of an evaluation.
 *
 * @param inputs the model's input, with the examples in dimension 0
 * @param targets class indices: {@code int64 [B]}, or {@code int64 [B, H, W]} for pixels
 */
public record Batch(Tensor inputs, Tensor targets) {}
