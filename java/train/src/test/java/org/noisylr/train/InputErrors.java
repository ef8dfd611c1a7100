package org.noisylr.train;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.noisylr.check.InputException;

/** Checks the errors that users read. */
public final class InputErrors {
  private InputErrors() {}

  /** Checks that a call throws an {@link InputException} itself with this message. */
  public static void assertRejected(ThrowingCallable call, String message) {
    assertThatThrownBy(call).isExactlyInstanceOf(InputException.class).hasMessage(message);
  }
}
