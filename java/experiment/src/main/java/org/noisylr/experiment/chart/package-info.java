/** Line charts of learning rates and of runs. */
package org.noisylr.experiment.chart;
