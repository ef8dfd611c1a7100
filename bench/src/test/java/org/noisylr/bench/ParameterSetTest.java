package org.noisylr.bench;

import static org.assertj.core.api.Assertions.assertThat;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.TensorVector;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ParameterSetTest {
  @ParameterizedTest
  @EnumSource
  void hasTheStatedNumberOfValuesAndGradients(ParameterSet parameters) {
    try (PointerScope scope = new PointerScope()) {
      TensorVector tensors = parameters.create();
      long values = 0;
      for (long i = 0; i < tensors.size(); i++) {
        assertThat(tensors.get(i).grad().defined()).isTrue();
        values += tensors.get(i).numel();
      }
      assertThat(values).isEqualTo(parameters.values);
    }
  }
}
