/** The terminal of the program. */
package org.noisylr.train.console;
