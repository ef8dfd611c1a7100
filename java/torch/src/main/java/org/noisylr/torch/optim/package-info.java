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
 *       optimizer of LibTorch's own that {@code close()} closes while a hook steps it is freed
 *       after the step; {@code deallocate()} frees it at once, and another thread may not close it
 *       just as the step begins.
 *   <li>What a closure throws leaves {@code step} as the same object. The base learning rates are
 *       in place then, and the next step works.
 *   <li>{@code param_groups()}, {@code defaults()} and the groups, options and lists that they give
 *       are references into the optimizer: they keep it from being collected, go on when groups are
 *       added or options replaced, and follow the rules above as if they were the optimizer. A
 *       group or list is the one at its position, and throws where there is none any more; options
 *       throw once their group is removed. A parameter that a list gives is the caller's own
 *       reference to the tensor; {@code params().put} replaces one. The state of a parameter that
 *       is in no group any more is forgotten: to move one, add it to its new group first.
 *   <li>Optimizers of this package copy what they are given. As LibTorch's do, {@code
 *       add_param_group} and the constructors take a field of a group's options that has its
 *       class's own default from the optimizer's; {@code param_groups().push_back} leaves it. Given
 *       to other native code, such references are neither guarded nor looked up: copy them before
 *       ({@code new TensorVector(list.get())}), and never give options to a group of your own,
 *       which would free them: {@code clone()} them.
 *   <li>Schedulers such as {@code StepLR} refer to the optimizer too, but do not keep it from being
 *       collected, and no rule is looked after for them: use them between steps. Once the optimizer
 *       is closed or collected, those that are to change a rate throw a RuntimeException. Options
 *       that are cast to their class have no meaning then, nor once their group is removed.
 *   <li>For the sake of such references up to 1,500 bytes of a closed optimizer of one group, its
 *       other groups with their options, 8 bytes for each parameter, and the options of removed
 *       groups stay in native memory.
 *   <li>The options of a group must be of the optimizer's own class: others are refused. An archive
 *       is not loaded where a parameter is in the groups twice.
 *   <li>All this holds for the optimizers of this package. Of LibTorch's own, no reference may be
 *       used after them or when groups change.
 * </ul>
 */
package org.noisylr.torch.optim;
