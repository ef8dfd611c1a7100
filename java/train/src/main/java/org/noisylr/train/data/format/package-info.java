/**
 * Readers of file formats, and {@link org.noisylr.train.data.format.Datasets}, which finds the
 * right one. They check sizes before they allocate memory, so that no file can fill it.
 *
 * <pre>{@code
 * Dataset data = Datasets.open("photos.zip", 32); // a name or a path; resizes to 32 x 32 pixels
 * }</pre>
 */
package org.noisylr.train.data.format;
