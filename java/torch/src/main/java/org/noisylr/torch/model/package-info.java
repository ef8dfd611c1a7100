/**
 * Models of the paper and their relatives, as bytedeco modules. Images are {@code float32 [N, C, H,
 * W]}, the outputs are logits {@code [N, classes]}.
 *
 * <pre>{@code
 * LibTorch.load();
 * try (Model net = ResNet.resNet20(3, 10)) {
 *   Tensor logits = net.forward(torch.randn(8, 3, 32, 32)); // [8, 10]
 * }
 * }</pre>
 */
package org.noisylr.torch.model;
