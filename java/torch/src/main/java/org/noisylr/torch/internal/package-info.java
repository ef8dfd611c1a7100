/** The binding of the native library. Not part of the API. */
package org.noisylr.torch.internal;
