/**
 * Optimizers with a random learning rate, fused ones, and what is put around any optimizer.
 *
 * <p>The rules of threads and lifetimes, for all of these:
 *
 * <ul>
 *   <li>An optimizer shares ownership of its parameters and copies its options. Models, tensors,
 *       vectors, groups and closures may be closed or collected in any order.
 *   <li>Closing frees the native object; closing again does nothing. Every other method then throws
 *       IllegalStateException, and so does what is around the optimizer: a {@code StepHook} or
 *       {@code Perturbation} does not own it, and either may be closed first.
 *   <li>One thread at a time uses an optimizer and what is around it. While a step runs, calls from
 *       other threads throw IllegalStateException; other calls are short, and wait for each other.
 *       Optimizers of different threads need nothing of each other, but do not synchronise the
 *       parameters that they have in common.
 *   <li>A closure may use its optimizer and change its groups. It may not step it or close it, nor
 *       may another thread meanwhile: both throw IllegalStateException, and the step goes on. An
 *       optimizer of LibTorch's own that is closed while a hook steps it is freed after the step;
 *       another thread may not close it just as the step begins.
 *   <li>What a closure throws leaves {@code step} as the same object. The base learning rates are
 *       in place then, and the next step works.
 *   <li>{@code param_groups()} and {@code defaults()} are references into the optimizer, and
 *       schedulers such as {@code StepLR} keep one. Once it is closed or collected, {@code get_lr},
 *       {@code set_lr} and copies of its options throw a RuntimeException that says so, and so does
 *       a scheduler that is to change a rate; the groups' parameters are undefined tensors, and
 *       fields of typed options ({@code SGDOptions.momentum()}) have no meaning. Keep the optimizer
 *       reachable while these are in use. For their sake up to 800 bytes of a closed optimizer of
 *       one group, its other groups with their options, and 8 bytes for each parameter stay in
 *       native memory. This holds for the optimizers of this package; of LibTorch's own, no such
 *       reference may be used after them. {@code parameters()} is a list of its own.
 * </ul>
 */
package org.noisylr.torch.optim;
