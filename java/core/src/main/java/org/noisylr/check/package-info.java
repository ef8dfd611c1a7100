/** Checks of input, whose errors name the field, the value and what is allowed. */
package org.noisylr.check;
