/** Numbers and tables as text. */
package org.noisylr.experiment.text;
