package org.noisylr.train;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.noisylr.check.InputException;

/** Checks of what users read when their input is wrong. */
public final class InputErrors {
  private InputErrors() {}

  /** The call throws an {@link InputException}, not one of its subclasses, with this message. */
  public static void assertRejected(ThrowingCallable call, String message) {
    assertThatThrownBy(call).isExactlyInstanceOf(InputException.class).hasMessage(message);
  }
}
