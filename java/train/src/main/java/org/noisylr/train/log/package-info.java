/** Logs of a run for other programs. */
package org.noisylr.train.log;
