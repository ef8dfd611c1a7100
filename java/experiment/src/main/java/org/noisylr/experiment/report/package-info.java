/** Reports as HTML, CSV, Markdown and LaTeX. */
package org.noisylr.experiment.report;
