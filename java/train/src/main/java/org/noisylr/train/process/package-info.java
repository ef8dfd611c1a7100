/** Processes of this program: command lines, and the ranks of a group on one machine. */
package org.noisylr.train.process;
