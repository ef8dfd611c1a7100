/** Samples of scores, paired differences and shares, with confidence intervals. */
package org.noisylr.experiment.statistics;
