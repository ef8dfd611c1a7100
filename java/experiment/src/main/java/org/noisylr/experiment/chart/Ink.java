package org.noisylr.experiment.chart;

import java.awt.BasicStroke;
import java.awt.Color;
import java.util.Locale;

/**
 * Colours that colour-blind readers can distinguish (Okabe and Ito 2008), each with its own dashes.
 * Legends list lines in this order.
 */
public enum Ink {
  /** Without noise: the base that lines with noise are compared with. */
  PLAIN(0x0072B2, 4, 2),
  /** With noise. */
  NOISY(0xD55E00),
  /** A third line. */
  GREEN(0x009E73, 1, 2),
  /** A fourth line. */
  PURPLE(0xCC79A7, 6, 2, 1, 2),
  /** Texts, axes and, thin and faint, the background. */
  TEXT(0x222222);

  private final Color color;
  private final float[] dashes;

  Ink(int rgb, float... dashes) {
    color = new Color(rgb);
    this.dashes = dashes.length == 0 ? null : dashes;
  }

  Color color() {
    return color;
  }

  /** Returns the colour with an opacity in [0, 1]. */
  Color faint(double opacity) {
    return new Color(
        color.getRed(), color.getGreen(), color.getBlue(), (int) Math.round(255 * opacity));
  }

  /** Returns a line with the dashes of this ink; the width is in points. */
  BasicStroke stroke(float width) {
    return stroke(width, dashes);
  }

  static BasicStroke solid(float width) {
    return stroke(width, null);
  }

  private static BasicStroke stroke(float width, float[] dashes) {
    return new BasicStroke(width, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND, 10, dashes, 0);
  }

  /** Returns the CSS colour for a page: text's own, or a variable of {@code charts.css}. */
  String css() {
    return this == TEXT ? "currentColor" : "var(--chart-" + name().toLowerCase(Locale.ROOT) + ")";
  }

  /** Returns the ink of a colour, whatever its opacity; {@link #TEXT} for other colours. */
  static Ink of(Color color) {
    for (Ink ink : values()) {
      if ((ink.color.getRGB() & 0xFFFFFF) == (color.getRGB() & 0xFFFFFF)) {
        return ink;
      }
    }
    return TEXT;
  }
}
