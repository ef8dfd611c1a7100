package org.noisylr.train.data.format;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.InterpolateFuncOptions;
import org.bytedeco.pytorch.LongVector;
import org.bytedeco.pytorch.LongVectorOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.kBilinear;
import org.noisylr.check.InputException;
import org.noisylr.torch.Tensors;

/**
 * Resizes images to N x N pixels like torchvision's {@code Resize(N)} and {@code CenterCrop(N)}:
 * the shorter side becomes N pixels by antialiased bilinear interpolation, then the centre is
 * cropped. Samples are interpolated as {@code float32} and rounded to bytes, half to even.
 *
 * <p>All threads may use it. One image is interpolated at a time, by LibTorch's threads; an image
 * of n pixels takes 12·n bytes of native memory.
 */
final class Resizer implements AutoCloseable {
  /** The greatest ratio of the longer side to the shorter, which bounds the memory. */
  private static final int MAX_RATIO = 32;

  /**
   * The megapixels that are decoded at a time. Each takes 20 MB of heap; half of it is for them.
   */
  private static final int MEGAPIXELS =
      (int) Math.max(1, Runtime.getRuntime().maxMemory() / 2 / 20_000_000);

  private final int side;
  private final Semaphore megapixels = new Semaphore(MEGAPIXELS);

  /** Each thread that calls LibTorch would start threads of its own. */
  private final ExecutorService thread = Executors.newSingleThreadExecutor();

  /**
   * @param side N, as {@link org.noisylr.train.data.ImageDataset#checkResize} allows
   */
  Resizer(int side) {
    this.side = side;
  }

  /** Returns the new size of every image. */
  ImageDecoder.Size size() {
    return new ImageDecoder.Size(side, side);
  }

  /**
   * Decodes and resizes an image.
   *
   * @throws InputException if it cannot be decoded, or its sides differ too much
   */
  ImageDecoder.Decoded decode(String name, byte[] file) {
    AtomicInteger taken = new AtomicInteger();
    try {
      ImageDecoder.Decoded image =
          ImageDecoder.decode(
              name,
              file,
              size -> {
                check(name, size);
                taken.set(Math.min(MEGAPIXELS, 1 + size.pixels() / 1_000_000));
                megapixels.acquireUninterruptibly(taken.get());
              });
      return new ImageDecoder.Decoded(
          size(), resized(image), image.isTransparent(), image.isDeep(), image.isRotated());
    } finally {
      megapixels.release(taken.get());
    }
  }

  private byte[] resized(ImageDecoder.Decoded image) {
    try {
      return thread.submit(() -> resize(image)).get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(e);
    }
  }

  private static void check(String name, ImageDecoder.Size size) {
    int longer = Math.max(size.width(), size.height());
    int shorter = Math.min(size.width(), size.height());
    if (longer > MAX_RATIO * shorter) {
      throw new InputException(
          "%s must have a longer side of at most %d times the shorter to be resized, but has %s pixels"
              .formatted(name, MAX_RATIO, size));
    }
  }

  private byte[] resize(ImageDecoder.Decoded image) {
    int width = image.size().width();
    int height = image.size().height();
    int shorter = Math.min(width, height);
    int newWidth = (int) ((long) side * width / shorter);
    int newHeight = (int) ((long) side * height / shorter);
    int channels = image.planes().length / image.size().pixels();
    try (PointerScope scope = new PointerScope()) {
      Tensor samples =
          Tensors.of(image.planes(), 1, channels, height, width).to(torch.ScalarType.Float);
      Tensor bytes =
          torch
              .interpolate(samples, options(newHeight, newWidth))
              .narrow(2, offset(newHeight), side)
              .narrow(3, offset(newWidth), side)
              .round()
              .to(torch.ScalarType.Byte)
              .contiguous();
      byte[] resized = new byte[channels * side * side];
      new BytePointer(bytes.data_ptr()).get(resized);
      return resized;
    }
  }

  /** Returns the first pixel of the centre; a half is rounded to even. */
  private long offset(int length) {
    return (long) Math.rint((length - side) / 2.0);
  }

  private static InterpolateFuncOptions options(long height, long width) {
    InterpolateFuncOptions options = new InterpolateFuncOptions();
    options.size().put(new LongVectorOptional(new LongVector(height, width)));
    options.mode().put(new kBilinear());
    options.align_corners().put(new BoolOptional(false));
    options.antialias().put(true);
    return options;
  }

  @Override
  public void close() {
    thread.shutdown();
  }
}
