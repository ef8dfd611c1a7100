/**
 * Base learning rates as pure functions of training progress. Each {@link
 * org.noisylr.schedule.Schedule} is an immutable record, validated once; nothing here holds state
 * or knows a deep-learning framework.
 */
package org.noisylr.schedule;
