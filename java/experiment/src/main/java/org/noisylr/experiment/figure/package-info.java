/** The paper's figures 1, 2 and 4. */
package org.noisylr.experiment.figure;
