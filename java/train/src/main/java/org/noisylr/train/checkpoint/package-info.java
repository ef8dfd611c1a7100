/**
 * Files of tensors in the safetensors format, which carries no code, and files that are complete or
 * absent.
 *
 * <pre>{@code
 * try (SafeTensors file = SafeTensors.read(Path.of("runs/rn/best.safetensors"))) {
 *   file.tensors().forEach((name, tensor) -> System.out.println(name + " " + tensor.numel()));
 * }
 * }</pre>
 */
package org.noisylr.train.checkpoint;
