package org.noisylr.torch.model;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.noisylr.check.Check;

/**
 * The LSTM of Keras' IMDb example, which the paper used: embedding of 128, one LSTM layer of 128
 * with dropout and recurrent dropout 0.2, one output.
 *
 * <p>Tokens {@code int64 [N, T]} in, logits {@code [N, 2]} out. The one output z is the log odds of
 * class 1; the logits are (0, z), whose cross-entropy is the binary cross-entropy of z.
 *
 * <p>With gates i, f, g, o of the last dimension, σ the logistic function and ∘ elementwise:
 *
 * <pre>
 * (i, f, g, o) = (mₓ∘xₜ)·K + (mₕ∘hₜ₋₁)·R + b
 * cₜ = σ(f)∘cₜ₋₁ + σ(i)∘tanh(g)
 * hₜ = σ(o)∘tanh(cₜ)
 * </pre>
 *
 * <p>LibTorch's LSTM has neither the masks mₓ and mₕ (Gal &amp; Ghahramani 2016: drawn once a
 * sequence, the same in each step) nor a single bias, so the recurrence is written out here in
 * LibTorch's operations.
 *
 * <p>Initialisation is Keras': embedding U(−0.05, 0.05), K and the output's weight Glorot-uniform,
 * R orthogonal, biases 0 but for the forget gate's, 1. With a vocabulary of 20,000: 2,691,713
 * parameters.
 */
public final class SentimentLstm extends Model {
  private static final int WIDTH = 128;
  private static final int GATES = 4;
  private static final double DROPOUT = 0.2;

  private final List<Tensor> parameters = new ArrayList<>();
  private final Tensor embedding;
  private final Tensor kernel;
  private final Tensor recurrent;
  private final Tensor bias;
  private final Tensor weight;
  private final Tensor outputBias;

  /**
   * @param vocabulary the number of tokens, at least 1: they are 0 … {@code vocabulary} − 1
   */
  public SentimentLstm(int vocabulary) {
    super("SentimentLstm");
    Check.atLeast("vocabulary", vocabulary, 1);
    embedding = parameter("embedding", torch.uniform_(torch.empty(vocabulary, WIDTH), -0.05, 0.05));
    kernel = parameter("kernel", torch.xavier_uniform_(torch.empty(WIDTH, GATES * WIDTH)));
    recurrent = parameter("recurrent", torch.orthogonal_(torch.empty(WIDTH, GATES * WIDTH)));
    Tensor zeros = torch.zeros(GATES * WIDTH);
    zeros.narrow(0, WIDTH, WIDTH).fill_(new Scalar(1.0));
    bias = parameter("bias", zeros);
    weight = parameter("weight", torch.xavier_uniform_(torch.empty(WIDTH, 1)));
    outputBias = parameter("output_bias", torch.zeros(1));
  }

  /** Registers a parameter. LibTorch returns a reference that the next registration may move. */
  private Tensor parameter(String name, Tensor values) {
    register_parameter(name, values);
    parameters.add(values.retainReference());
    return values;
  }

  @Override
  public void close() {
    parameters.forEach(Tensor::close);
    super.close();
  }

  @Override
  Tensor logits(Tensor tokens) {
    long n = tokens.size(0);
    Tensor x = torch.embedding(embedding, tokens);
    Tensor gates = x.mul(mask(x.narrow(1, 0, 1))).matmul(kernel).add(bias);
    Tensor h = torch.zeros(new long[] {n, WIDTH}, x.options());
    Tensor c = torch.zeros_like(h);
    Tensor recurrentMask = mask(h);
    for (long t = 0; t < tokens.size(1); t++) {
      Tensor all = gates.select(1, t).add(h.mul(recurrentMask).matmul(recurrent));
      Tensor i = all.narrow(1, 0, WIDTH).sigmoid();
      Tensor f = all.narrow(1, WIDTH, WIDTH).sigmoid();
      Tensor g = all.narrow(1, 2 * WIDTH, WIDTH).tanh();
      Tensor o = all.narrow(1, 3 * WIDTH, WIDTH).sigmoid();
      c = f.mul(c).add(i.mul(g));
      h = o.mul(c.tanh());
    }
    Tensor z = h.matmul(weight).add(outputBias);
    return torch.cat(new TensorVector(torch.zeros_like(z), z), 1);
  }

  /** The dropout mask for a tensor of this shape. */
  private Tensor mask(Tensor like) {
    return torch.dropout(torch.ones_like(like), DROPOUT, is_training());
  }
}
