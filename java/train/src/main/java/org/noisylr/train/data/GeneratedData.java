package org.noisylr.train.data;

import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.noisylr.check.Check;

/**
 * Synthetic datasets shaped like the published ones: {@code generated:cifar10} has images of the
 * size and number of classes of CIFAR-10. They show only that a program runs where the real data
 * are absent.
 *
 * <p>Every class has a fixed random pattern, with noise added: coarse coloured tiles in images, a
 * rectangle of the class's colour in segmentation images, or words that are more frequent in texts.
 * The same name always gives the same examples.
 */
public final class GeneratedData {
  /** The start of the names of these datasets. */
  public static final String PREFIX = "generated:";

  /** The published datasets that have a synthetic counterpart. */
  private static final List<String> NAMES =
      List.of("cifar10", "cifar100", "svhn", "imdb", "voc2012");

  private static final int IMAGE_SIDE = 32;
  private static final int TILE = 8;
  private static final int PIXEL_NOISE = 40;
  private static final int SEGMENTED_SIDE = 65;
  private static final int SEGMENTED_CLASSES = 21;
  private static final int TRAIN = 400;
  private static final int TEST = 200;
  private static final int SEGMENTED = 24;
  private static final int VOCABULARY = 1_000;
  private static final int LENGTH = 80;
  private static final int TYPICAL = 100;
  private static final double TYPICAL_SHARE = 0.2;

  private GeneratedData() {}

  /**
   * Generates a dataset.
   *
   * @param name {@link #PREFIX} and {@code cifar10}, {@code cifar100}, {@code svhn}, {@code imdb}
   *     or {@code voc2012}
   * @throws org.noisylr.check.InputException if there is no such dataset
   */
  public static Dataset open(String name) {
    return switch (name.substring(PREFIX.length())) {
      case "cifar10", "svhn" -> images(name, 10);
      case "cifar100" -> images(name, 100);
      case "imdb" -> texts(name);
      case "voc2012" -> segmented(name);
      default -> throw Check.invalid("generated data", name, PREFIX + "NAME with NAME in " + NAMES);
    };
  }

  private static Random random(String name) {
    return new Random(name.hashCode());
  }

  private static List<String> numbered(int classes) {
    return IntStream.range(0, classes).mapToObj(Integer::toString).toList();
  }

  private static ImageDataset images(String name, int classes) {
    Random random = random(name);
    int tiles = IMAGE_SIDE / TILE;
    int[][] patterns = new int[classes][3 * tiles * tiles];
    for (int[] pattern : patterns) {
      for (int i = 0; i < pattern.length; i++) {
        pattern[i] = 50 + random.nextInt(156);
      }
    }
    return new ImageDataset(
        name,
        numbered(classes),
        imageSet(patterns, TRAIN, random),
        imageSet(patterns, TEST, random));
  }

  private static ImageSet imageSet(int[][] patterns, int count, Random random) {
    int plane = IMAGE_SIDE * IMAGE_SIDE;
    int tiles = IMAGE_SIDE / TILE;
    byte[] pixels = new byte[count * 3 * plane];
    int[] labels = inTurn(count, patterns.length);
    for (int i = 0; i < pixels.length; i++) {
      int[] pattern = patterns[labels[i / (3 * plane)]];
      int channel = i / plane % 3;
      int row = i % plane / IMAGE_SIDE / TILE;
      int column = i % IMAGE_SIDE / TILE;
      pixels[i] = noisy(pattern[(channel * tiles + row) * tiles + column], random);
    }
    return new ImageSet(pixels, labels, 3, IMAGE_SIDE, IMAGE_SIDE);
  }

  private static byte noisy(int value, Random random) {
    int changed = value + (int) (PIXEL_NOISE * random.nextGaussian());
    return (byte) Math.max(0, Math.min(255, changed));
  }

  private static int[] inTurn(int count, int classes) {
    return IntStream.range(0, count).map(i -> i % classes).toArray();
  }

  private static TextDataset texts(String name) {
    Random random = random(name);
    return new TextDataset(
        name,
        List.of("neg", "pos"),
        VOCABULARY,
        List.of(),
        textSet(TRAIN, random),
        textSet(TEST, random));
  }

  private static TextSet textSet(int count, Random random) {
    int[] tokens = new int[count * LENGTH];
    int[] labels = inTurn(count, 2);
    for (int i = 0; i < tokens.length; i++) {
      // The first two ranges of words are typical of the two classes, the rest of neither.
      boolean typical = random.nextDouble() < TYPICAL_SHARE;
      tokens[i] =
          typical
              ? labels[i / LENGTH] * TYPICAL + random.nextInt(TYPICAL)
              : 2 * TYPICAL + random.nextInt(VOCABULARY - 2 * TYPICAL);
    }
    return new TextSet(tokens, labels, LENGTH);
  }

  private static SegmentationDataset segmented(String name) {
    Random random = random(name);
    int[][] colours = new int[SEGMENTED_CLASSES][3];
    for (int[] colour : colours) {
      for (int c = 0; c < 3; c++) {
        colour[c] = 50 + random.nextInt(156);
      }
    }
    return new SegmentationDataset(
        name,
        numbered(SEGMENTED_CLASSES),
        segmentedSet(colours, random),
        segmentedSet(colours, random));
  }

  private static SegmentationSet segmentedSet(int[][] colours, Random random) {
    int side = SEGMENTED_SIDE;
    byte[] masks = new byte[SEGMENTED * side * side];
    byte[] pixels = new byte[3 * masks.length];
    for (int n = 0; n < SEGMENTED; n++) {
      int shown = 1 + n % (colours.length - 1);
      int top = random.nextInt(side / 2);
      int left = random.nextInt(side / 2);
      for (int i = 0; i < side * side; i++) {
        int row = i / side - top;
        int column = i % side - left;
        boolean inside = row >= 0 && row < side / 2 && column >= 0 && column < side / 2;
        boolean edge = inside && (row == 0 || column == 0);
        masks[n * side * side + i] = edge ? SegmentationSet.VOID : (byte) (inside ? shown : 0);
        for (int c = 0; c < 3; c++) {
          pixels[(n * 3 + c) * side * side + i] = noisy(colours[inside ? shown : 0][c], random);
        }
      }
    }
    return new SegmentationSet(pixels, masks, side, side);
  }
}
