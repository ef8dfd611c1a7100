/**
 * Base learning rates as pure functions of training progress. The named {@link
 * org.noisylr.schedule.Schedule schedules} are immutable records that are validated once. Nothing
 * in this package holds state or depends on a deep-learning framework.
 *
 * <pre>{@code
 * Schedule cosine = Schedule.cosine(0.1, 0, 90).warmup(5);
 * double rate = cosine.lr(3910, 391); // step 3910, with 391 steps in an epoch
 * Schedule own = (step, stepsPerEpoch) -> 0.1 / (1 + step / stepsPerEpoch);
 * }</pre>
 */
package org.noisylr.schedule;
