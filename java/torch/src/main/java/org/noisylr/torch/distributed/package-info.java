/**
 * Data parallel training over several processes, on LibTorch's c10d: {@link
 * org.noisylr.torch.distributed.Communicator} joins a group, {@link
 * org.noisylr.torch.distributed.DataParallel} reduces gradients while they are computed.
 *
 * <pre>{@code
 * Rendezvous place = Rendezvous.fromEnvironment().orElseThrow(); // of torchrun or Slurm
 * Tensor w = torch.ones(3).set_requires_grad(true);
 * Module net = new Module("net");
 * net.register_parameter("w", w);
 * NoisySGD optimizer = new NoisySGD(net.parameters(), new SGDOptions(0.1));
 * try (Communicator group = Communicator.join(place, new Device("cpu"), Duration.ofMinutes(5));
 *     DataParallel parallel = new DataParallel(net, group)) {
 *   Tensor loss = w.mul(w).sum(); // of this rank's part of the batch
 *   parallel.backward(loss); // instead of loss.backward()
 *   optimizer.step();
 * }
 * }</pre>
 *
 * <p>Noise needs no communication: it is a function of seed, epoch and parameter group, so all
 * ranks compute the same factor.
 */
package org.noisylr.torch.distributed;
