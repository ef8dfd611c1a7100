/** Experiments as tables of cells: their settings, what is compared, and the paper's numbers. */
package org.noisylr.experiment.table;
