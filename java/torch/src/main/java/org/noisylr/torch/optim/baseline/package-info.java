/** Baselines: other optimizers and perturbations with randomness or adaptive rates. */
package org.noisylr.torch.optim.baseline;
