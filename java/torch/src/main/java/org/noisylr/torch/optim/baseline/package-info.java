/**
 * Baselines to compare noise with: {@code L4Mom} and {@code L4Adam} are optimizers whose step
 * requires the loss; a {@link org.noisylr.torch.optim.baseline.Perturbation} wraps the steps of any
 * optimizer.
 *
 * <pre>{@code
 * Tensor w = torch.ones(3).set_requires_grad(true);
 * NoisySGD optimizer = new NoisySGD(new TensorVector(w), new SGDOptions(0.1));
 * try (GradientNoise perturbation = new GradientNoise(optimizer, 0.01, 0.55, 42)) {
 *   w.mul(w).sum().backward();
 *   perturbation.step(); // instead of optimizer.step()
 * }
 * }</pre>
 */
package org.noisylr.torch.optim.baseline;
