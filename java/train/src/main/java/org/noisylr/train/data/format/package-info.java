/**
 * Readers of file formats, and {@link org.noisylr.train.data.format.Datasets}, which finds the
 * right one. They check sizes before they allocate memory, so that no file can fill it.
 */
package org.noisylr.train.data.format;
