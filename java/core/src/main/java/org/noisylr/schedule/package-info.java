/**
 * Base learning rates as pure functions of training progress. The named {@link
 * org.noisylr.schedule.Schedule schedules} are immutable records that are validated once. Nothing
 * in this package holds state or depends on a deep-learning framework.
 */
package org.noisylr.schedule;
