package org.noisylr.torch.optim.baseline;

import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.annotation.ByRef;
import org.bytedeco.javacpp.annotation.Function;
import org.bytedeco.javacpp.annotation.Name;
import org.bytedeco.javacpp.annotation.Namespace;
import org.bytedeco.javacpp.annotation.Properties;
import org.bytedeco.javacpp.annotation.UniquePtr;
import org.bytedeco.pytorch.OptimizerOptions;
import org.noisylr.torch.internal.NativeLibrary;

/**
 * Settings of {@link L4Mom} and {@link L4Adam}; the defaults are those of Rolinek and Martius 2018.
 * The optimizer's constructor rejects a setting outside its interval. Each setter returns this
 * object.
 */
@Namespace("noisylr")
@Properties(inherit = NativeLibrary.class)
public final class L4Options extends OptimizerOptions {
  static {
    NativeLibrary.load();
  }

  /** The authors' settings, with α = 0.15. */
  public L4Options() {
    this(0.15);
  }

  /**
   * The authors' settings with another α.
   *
   * @param fraction α, the fraction of the step that would reach the target loss, in [0, inf). It
   *     takes the place of the learning rate: schedulers and noise act on it
   */
  public L4Options(double fraction) {
    super((Pointer) null);
    allocate(fraction);
  }

  // Like bytedeco's options: a parameter group takes over only such a pointer.
  @UniquePtr
  @Name("std::make_unique<noisylr::L4Options>")
  private native void allocate(double fraction);

  /** α, in [0, inf). */
  @Function
  public native double fraction();

  @Function
  public native @ByRef L4Options fraction(double value);

  /** γ, the fraction of the least loss so far that counts as reachable, in [0, 1]; 0.9. */
  @Function
  public native double minloss_factor();

  @Function
  public native @ByRef L4Options minloss_factor(double value);

  /** γ₀, the fraction of the first loss that L_min starts from, in (0, 1]; 0.75. */
  @Function
  public native double init_factor();

  @Function
  public native @ByRef L4Options init_factor(double value);

  /** τ, the time constant in steps with which L_min grows, in (0, inf); 1000. */
  @Function
  public native double forget_time();

  @Function
  public native @ByRef L4Options forget_time(double value);

  /** ε, added to the inner product, in (0, inf); 1e-12. */
  @Function
  public native double eps();

  @Function
  public native @ByRef L4Options eps(double value);

  /** The decay of the mean of gradients, in [0, 1); 0.9. */
  @Function
  public native double momentum();

  @Function
  public native @ByRef L4Options momentum(double value);

  /** {@link L4Adam}'s decay of the mean of squared gradients, in [0, 1); 0.999. */
  @Function
  public native double beta2();

  @Function
  public native @ByRef L4Options beta2(double value);

  /** {@link L4Adam}'s ε, added to the root of that mean, in (0, inf); 1e-4. */
  @Function
  public native double adam_eps();

  @Function
  public native @ByRef L4Options adam_eps(double value);
}
