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
 *   <li>{@code param_groups()} and {@code defaults()} are references into the optimizer. They and
 *       what they give (groups, options, lists, parameters) keep it from being collected, but not
 *       what is cast from them, nor schedulers such as {@code StepLR}, which refer to it too. Once
 *       it is closed or collected, {@code get_lr}, {@code set_lr} and copies of its options throw a
 *       RuntimeException that says so, and so does a scheduler that is to change a rate; the
 *       groups' parameters are undefined tensors, and fields of typed options ({@code
 *       SGDOptions.momentum()}) have no meaning. No other thread may close it just as such a
 *       reference is used. For their sake up to 800 bytes of a closed optimizer of one group, its
 *       other groups with their options, and 8 bytes for each parameter stay in native memory.
 *   <li>The options of a group must be of the optimizer's own class: a step, an archive and {@code
 *       OptimizerState} refuse others. An archive is not loaded where a parameter is in the groups
 *       twice.
 *   <li>All this holds for the optimizers of this package. Of LibTorch's own, no reference may be
 *       used after them, and options of another class or groups that are gone can crash.
 * </ul>
 */
package org.noisylr.torch.optim;
