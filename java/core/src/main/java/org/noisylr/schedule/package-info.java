/**
 * Base learning rates as pure functions of training progress. Each {@link
 * org.noisylr.schedule.Schedule} is an immutable record that is validated once. Nothing in this
 * package holds state or depends on a deep-learning framework.
 */
package org.noisylr.schedule;
