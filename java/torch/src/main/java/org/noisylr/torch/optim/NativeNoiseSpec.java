package org.noisylr.torch.optim;

import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.annotation.Cast;
import org.bytedeco.javacpp.annotation.Name;
import org.bytedeco.javacpp.annotation.Namespace;
import org.bytedeco.javacpp.annotation.Properties;
import org.noisylr.check.Check;
import org.noisylr.noise.Distribution;
import org.noisylr.noise.NoiseSpec;
import org.noisylr.torch.internal.NativeLibrary;

/** Peer of {@code noisylr::NoiseSpec}: the {@link NoiseSpec} as native code stores it. */
@Namespace("noisylr")
@Name("NoiseSpec")
@Properties(inherit = NativeLibrary.class)
final class NativeNoiseSpec extends Pointer {
  static {
    NativeLibrary.load();
  }

  private static final int NONE = 0;
  private static final int UNIFORM = 1;
  private static final int GAUSSIAN = 2;
  private static final int LOG_UNIFORM = 3;

  private NativeNoiseSpec() {
    super((Pointer) null);
    allocate();
  }

  NativeNoiseSpec(Pointer p) {
    super(p);
  }

  static NativeNoiseSpec of(NoiseSpec spec) {
    Check.required("noise", spec);
    NativeNoiseSpec peer = new NativeNoiseSpec();
    if (spec.distribution() instanceof Distribution.Uniform uniform) {
      peer.distribution(UNIFORM).low(uniform.low()).high(uniform.high());
    } else if (spec.distribution() instanceof Distribution.LogUniform uniform) {
      peer.distribution(LOG_UNIFORM).low(uniform.low()).high(uniform.high());
    } else if (spec.distribution() instanceof Distribution.Gaussian gaussian) {
      peer.distribution(GAUSSIAN).mean(gaussian.mean()).std(gaussian.std());
    } else {
      peer.distribution(NONE);
    }
    return peer.first_epoch(spec.firstEpoch())
        .min_lr(spec.minLr())
        .max_lr(spec.maxLr())
        .per_step(spec.draw() == NoiseSpec.Draw.STEP)
        .independent_groups(spec.groups() == NoiseSpec.Groups.INDEPENDENT)
        .seed(spec.seed())
        .steps_per_epoch(spec.stepsPerEpoch());
  }

  NoiseSpec toSpec() {
    Distribution distribution =
        switch (distribution()) {
          case UNIFORM -> new Distribution.Uniform(low(), high());
          case LOG_UNIFORM -> new Distribution.LogUniform(low(), high());
          case GAUSSIAN -> new Distribution.Gaussian(mean(), std());
          default -> new Distribution.None();
        };
    return new NoiseSpec(
        distribution,
        first_epoch(),
        min_lr(),
        max_lr(),
        per_step() ? NoiseSpec.Draw.STEP : NoiseSpec.Draw.EPOCH,
        independent_groups() ? NoiseSpec.Groups.INDEPENDENT : NoiseSpec.Groups.SHARED,
        seed(),
        steps_per_epoch());
  }

  private native void allocate();

  @Cast("noisylr::Distribution")
  native int distribution();

  native NativeNoiseSpec distribution(@Cast("noisylr::Distribution") int value);

  native double low();

  native NativeNoiseSpec low(double value);

  native double high();

  native NativeNoiseSpec high(double value);

  native double mean();

  native NativeNoiseSpec mean(double value);

  native double std();

  native NativeNoiseSpec std(double value);

  @Cast("int64_t")
  native long first_epoch();

  native NativeNoiseSpec first_epoch(long value);

  native double min_lr();

  native NativeNoiseSpec min_lr(double value);

  native double max_lr();

  native NativeNoiseSpec max_lr(double value);

  @Cast("bool")
  native boolean per_step();

  native NativeNoiseSpec per_step(boolean value);

  @Cast("bool")
  native boolean independent_groups();

  native NativeNoiseSpec independent_groups(boolean value);

  @Cast("uint64_t")
  native long seed();

  native NativeNoiseSpec seed(@Cast("uint64_t") long value);

  @Cast("int64_t")
  native long steps_per_epoch();

  native NativeNoiseSpec steps_per_epoch(long value);
}
