/** Folders on disk: the store of runs, and the folders of reports and pictures. */
package org.noisylr.experiment.store;
