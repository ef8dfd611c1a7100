/** What an experiment trains at a scale: its data, its runs, and which runs make up a table. */
package org.noisylr.experiment.plan;
