/** Schedules and noise: derived from others, and described in words. */
package org.noisylr.experiment.schedule;
