package org.noisylr.check;

import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.DynamicTest;

/** Tests that calls with wrong values throw an {@link InputException}. */
public final class Rejections {
  private Rejections() {}

  public static DynamicTest rejection(String message, ThrowingCallable call) {
    return dynamicTest(
        message,
        () -> assertThatThrownBy(call).isInstanceOf(InputException.class).hasMessage(message));
  }
}
