/**
 * Optimizers with a random learning rate and a fused step, and a hook for any other optimizer.
 *
 * <p>The rule of lifetimes: an optimizer shares ownership of its parameters. Close it or let it be
 * collected. A closed one throws, and closing it again does nothing. A group or list that it gave
 * keeps it reachable. One thread at a time uses an optimizer and its wrappers.
 *
 * <ul>
 *   <li>A closure may use its optimizer and change its groups. It may neither step nor close it,
 *       nor may another thread while a step runs; both throw. What a closure throws leaves {@code
 *       step} unchanged, and the base learning rates are in place.
 *   <li>A step erases the state of parameters that are no longer in a group, so a tensor that is
 *       added later starts without state.
 *   <li>Everything else follows LibTorch's rules: up to 16 groups, references to groups stay valid
 *       when groups are added; a reference to a removed group, its options or its list must not be
 *       used; neither must a scheduler of an optimizer that was closed or collected, a LibTorch
 *       optimizer that the closure of a wrapper's step closes, or options that were cast to their
 *       class once the optimizer is closed. JavaCPP's {@code deallocate()} frees an optimizer at
 *       once, also in a step. {@code add_param_group} takes each field of a group's options that
 *       equals its class's default from the optimizer's options. A group of another optimizer's
 *       options must be a {@code clone()}.
 * </ul>
 */
package org.noisylr.torch.optim;
