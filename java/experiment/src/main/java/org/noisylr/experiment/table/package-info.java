/** The paper's tables: cells, their settings, the paper's numbers, and what is compared. */
package org.noisylr.experiment.table;
