/** Reports as HTML and CSV. */
package org.noisylr.experiment.report;
