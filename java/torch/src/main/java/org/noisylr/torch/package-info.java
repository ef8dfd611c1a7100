/**
 * LibTorch on the JVM: loading it safely, memory, and TorchScript modules.
 *
 * <pre>{@code
 * LibTorch.load(); // before any other class of bytedeco or noisylr
 * JitModule net = torch.load("net.pt");
 * NoisySGD optimizer = new NoisySGD(TorchScript.parameters(net), new SGDOptions(0.1));
 * }</pre>
 */
package org.noisylr.torch;
