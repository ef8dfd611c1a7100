/** Datasets of images, texts and segmentation, and the batches that a trainer reads from them. */
package org.noisylr.train.data;
