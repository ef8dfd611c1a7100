/** Jobs and the executors that train them, in this process or in worker processes. */
package org.noisylr.experiment.job;
