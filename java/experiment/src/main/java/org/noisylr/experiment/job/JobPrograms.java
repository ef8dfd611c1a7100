package org.noisylr.experiment.job;

import java.util.List;

/**
 * Programs that execute jobs in processes of their own: main class and arguments.
 *
 * @param worker calls {@link WorkerProcess#serve} on the same store
 * @param trainer resumes the run in the folder that is its last argument, with the run's number of
 *     processes; exit code 0 if the run is finished
 */
public record JobPrograms(List<String> worker, List<String> trainer) {}
