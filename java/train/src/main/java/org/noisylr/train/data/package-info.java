/** Image datasets: readers of the usual file formats, and what the trainer makes of them. */
package org.noisylr.train.data;
