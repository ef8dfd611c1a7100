/**
 * Optimizers with a random learning rate and a fused step, a hook for any other optimizer, and
 * schedulers whose state can be saved.
 *
 * <pre>{@code
 * Tensor w = torch.ones(3).set_requires_grad(true);
 * NoiseSpec noise = NoiseSpec.uniform(8).lastFraction(0.6, 20).stepsPerEpoch(16).seed(42);
 * try (NoisySGD optimizer = new NoisySGD(new TensorVector(w), new SGDOptions(0.1), noise)) {
 *   Scheduler scheduler = new Scheduler(optimizer, Schedule.cosine(0.1, 0, 20), 16);
 *   for (int step = 0; step < 20 * 16; step++) {
 *     optimizer.zero_grad();
 *     w.mul(w).sum().backward();
 *     optimizer.step();
 *     scheduler.step();
 *   }
 * }
 * }</pre>
 *
 * <p>The rule of lifetimes: an optimizer shares ownership of its parameters. Close it or let it be
 * collected. A closed one throws, and closing it again does nothing. A group or list that it gave
 * keeps it reachable. One thread at a time uses an optimizer and its wrappers.
 *
 * <p>In detail:
 *
 * <ul>
 *   <li>A closed object throws IllegalStateException from the methods of this package and from its
 *       groups and lists, and JavaCPP's NullPointerException from bytedeco's other methods.
 *   <li>A closure may use its optimizer and change its groups. It may neither step nor close it,
 *       nor may another thread while a step is in progress; both throw. An exception of a closure
 *       leaves {@code step} unchanged, and the base learning rates are in place.
 *   <li>A step erases the state of parameters that are no longer in a group, so a tensor that is
 *       added later starts without state. A group whose options are of another class makes the next
 *       step, save or load throw.
 *   <li>{@code add_param_group} takes each field of a group's options that equals its class's
 *       default from the optimizer's options. {@code param_groups().push_back} does not: the group
 *       needs options of its own.
 * </ul>
 *
 * <p>LibTorch's and bytedeco's rules apply to the rest:
 *
 * <ul>
 *   <li>References to groups stay valid while groups are added, up to 16 groups.
 *   <li>Do not use a reference to a removed group, its options or its list.
 *   <li>Iterators, {@code defaults()} and options that were cast to their class do not keep the
 *       optimizer reachable. Do not use them after it is closed or collected, nor its schedulers.
 *   <li>Before you give options of one optimizer to another, {@code clone()} them. Do not assign
 *       one optimizer to another ({@code put}).
 *   <li>The closure of a wrapper's step must not close a LibTorch optimizer inside.
 *   <li>JavaCPP's {@code deallocate()} frees an object at once, also in a step.
 * </ul>
 */
package org.noisylr.torch.optim;
