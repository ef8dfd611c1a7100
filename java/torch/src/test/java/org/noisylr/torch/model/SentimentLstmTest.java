package org.noisylr.torch.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.LSTMImpl;
import org.bytedeco.pytorch.LSTMOptions;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.noisylr.torch.Tensors;

class SentimentLstmTest {
  @BeforeEach
  void seed() {
    torch.manual_seed(1);
  }

  private static Tensor tokens(int count, int length, int vocabulary) {
    return torch.randint(0, vocabulary, new long[] {count, length}).to(torch.ScalarType.Long);
  }

  @Test
  void theNumberOfParametersEqualsKerasExample() {
    try (SentimentLstm model = new SentimentLstm(20_000)) {
      assertThat(model.parameterCount()).isEqualTo(2_691_713);
    }
  }

  @Test
  void withoutDropoutItEqualsLibTorchsLstm() {
    try (PointerScope scope = new PointerScope();
        SentimentLstm model = new SentimentLstm(50)) {
      model.eval();
      Tensor tokens = tokens(4, 7, 50);
      Tensor logits = model.forward(tokens).detach();
      assertThat(logits.shape()).containsExactly(4, 2);
      assertThat(logits.select(1, 0).abs().max().item_double()).isZero();

      Map<String, Tensor> own = Tensors.state(model);
      LSTMOptions options = new LSTMOptions(128, 128);
      options.batch_first().put(true);
      LSTMImpl lstm = new LSTMImpl(options);
      Map<String, Tensor> its = Tensors.state(lstm);
      its.get("weight_ih_l0").copy_(own.get("kernel").t());
      its.get("weight_hh_l0").copy_(own.get("recurrent").t());
      its.get("bias_ih_l0").copy_(own.get("bias"));
      its.get("bias_hh_l0").zero_();
      Tensor embedded = torch.embedding(own.get("embedding"), tokens);
      Tensor last = lstm.forward(embedded).get0().select(1, 6);
      Tensor expected = last.matmul(own.get("weight")).add(own.get("output_bias"));
      assertThat(torch.allclose(logits.narrow(1, 1, 1), expected.detach(), 1e-5, 1e-6, false))
          .isTrue();
    }
  }

  @Test
  void dropoutDropsAFifthOncePerSequence() {
    try (PointerScope scope = new PointerScope();
        SentimentLstm model = new SentimentLstm(50)) {
      Tensor tokens = tokens(4, 7, 50);
      assertThat(model.forward(tokens).equal(model.forward(tokens))).isFalse();
      model.eval();
      assertThat(model.forward(tokens).equal(model.forward(tokens))).isTrue();
    }
  }

  @Test
  void initialisationEqualsKeras() {
    try (PointerScope scope = new PointerScope();
        SentimentLstm model = new SentimentLstm(1000)) {
      Map<String, Tensor> state = Tensors.state(model);
      assertThat(state.get("embedding").abs().max().item_double()).isBetween(0.0499, 0.05);
      double glorot = Math.sqrt(6.0 / (128 + 512));
      assertThat(state.get("kernel").abs().max().item_double())
          .isCloseTo(glorot, within(0.001 * glorot));
      Tensor product = state.get("recurrent").matmul(state.get("recurrent").t());
      assertThat(product.sub(torch.eye(128)).abs().max().item_double()).isLessThan(1e-5);
      Tensor bias = state.get("bias");
      assertThat(bias.narrow(0, 128, 128).equal(torch.ones(128))).isTrue();
      assertThat(bias.sum().item_double()).isEqualTo(128);
    }
  }

  @Tag("slow")
  @Test
  void itOverfitsATinyBatch() {
    try (PointerScope scope = new PointerScope();
        SentimentLstm model = new SentimentLstm(50)) {
      Tensor labels =
          torch.arange(new Scalar(8)).remainder(new Scalar(2)).to(torch.ScalarType.Long);
      Learning.assertLearns(model, tokens(8, 20, 50), labels, 0.01);
    }
  }

  @Test
  void anEmptyVocabularyIsRejected() {
    assertThatThrownBy(() -> new SentimentLstm(0))
        .hasMessage("vocabulary must be at least 1, but is 0");
  }
}
