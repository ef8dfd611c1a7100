/**
 * Data parallel training over several processes, on LibTorch's c10d: {@link
 * org.noisylr.torch.distributed.Communicator} joins a group, {@link
 * org.noisylr.torch.distributed.DataParallel} reduces gradients while they are computed.
 *
 * <pre>{@code
 * Rendezvous place = Rendezvous.fromEnvironment().orElseThrow(); // of torchrun or Slurm
 * try (Communicator group = Communicator.join(place, device, Duration.ofMinutes(5));
 *     DataParallel parallel = new DataParallel(net, group)) {
 *   for (int e = 0; e < epochs; e++) {
 *     optimizer.epoch(e);
 *     for (Batch batch : batchesOfRank(place.rank())) {
 *       optimizer.zero_grad();
 *       parallel.backward(lossOf(batch)); // instead of loss.backward()
 *       optimizer.step();
 *     }
 *   }
 * }
 * }</pre>
 *
 * <p>Noise needs no communication: it is a function of seed, epoch and parameter group, so all
 * ranks compute the same factor.
 */
package org.noisylr.torch.distributed;
