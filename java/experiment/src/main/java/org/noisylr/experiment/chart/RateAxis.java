package org.noisylr.experiment.chart;

import java.awt.Graphics2D;
import java.awt.geom.Rectangle2D;
import java.text.FieldPosition;
import java.text.NumberFormat;
import java.text.ParsePosition;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jfree.chart.axis.AxisState;
import org.jfree.chart.axis.LogAxis;
import org.jfree.chart.axis.NumberAxis;
import org.jfree.chart.axis.NumberTick;
import org.jfree.chart.axis.ValueAxis;
import org.jfree.chart.ui.RectangleEdge;
import org.jfree.chart.ui.TextAnchor;
import org.noisylr.experiment.text.PlainNumber;

/**
 * The axis of learning rates. It is logarithmic if the greatest rate of the schedule is more than
 * 50 times its least positive rate; otherwise it starts at 0.
 *
 * <p>A logarithmic axis ends below at 10⁻⁴ of the schedule's greatest rate, or lower if a quarter
 * of its rates is lower. Smaller rates, and 0, are drawn at this edge.
 *
 * @param logarithmic whether the axis is logarithmic
 * @param low the lower end; 0 if the axis is linear
 * @param high the upper end
 */
record RateAxis(boolean logarithmic, double low, double high) {
  private static final double LOGARITHMIC_ABOVE = 50;
  private static final double DECADES = 1e-4;

  /** JFreeChart computes with differences of ends. */
  private static final double LEAST = 1e-100;

  private static final double GREATEST = 1e100;

  /**
   * Chooses the axis for a schedule.
   *
   * @param schedule the base rates
   * @param drawn all rates that are drawn
   */
  static RateAxis of(double[] schedule, double[] drawn) {
    double[] positive = positive(schedule);
    double[] all = positive(drawn);
    double greatest = all.length == 0 ? 1 : all[all.length - 1];
    if (positive.length == 0 || positive[positive.length - 1] / positive[0] <= LOGARITHMIC_ABOVE) {
      return new RateAxis(false, 0, (1 + LineChart.HEADROOM) * greatest);
    }
    double floor = Math.min(DECADES * positive[positive.length - 1], positive[positive.length / 4]);
    // A schedule that is not cut leaves room for noisy rates below its least one.
    double low = positive[0] < floor ? floor : Math.max(all[0], positive[0] / 4);
    double headroom = Math.pow(greatest / low, LineChart.HEADROOM);
    return new RateAxis(true, low / 1.25, headroom * greatest);
  }

  /** Returns the rates with which an axis can compute, in ascending order. */
  private static double[] positive(double[] rates) {
    return Arrays.stream(rates).filter(r -> r >= LEAST && r <= GREATEST).sorted().toArray();
  }

  /** Returns whether a rate is below the lower end. */
  boolean isBelow(double rate) {
    return rate < low;
  }

  /** Returns the rates as they are drawn: those outside of the axis at its ends. */
  double[] clip(double[] rates) {
    return Arrays.stream(rates).map(rate -> Math.min(Math.max(rate, low), high)).toArray();
  }

  ValueAxis axis() {
    ValueAxis axis = logarithmic ? new DecadeAxis() : new NumberAxis();
    if (axis instanceof NumberAxis linear) {
      linear.setNumberFormatOverride(new PlainFormat());
    }
    axis.setRange(low, high);
    return axis;
  }

  /** The labels of both kinds of axes. */
  private static String label(double rate) {
    return PlainNumber.rounded(rate, 6);
  }

  /** A logarithmic axis with a tick at powers of ten; over few of them, also at 2 and 5 times. */
  private static final class DecadeAxis extends LogAxis {
    private static final long serialVersionUID = 1;
    private static final int MOST_DECADES = 8;

    DecadeAxis() {
      setSmallestValue(LEAST / 10);
    }

    @Override
    public List<NumberTick> refreshTicks(
        Graphics2D graphics, AxisState state, Rectangle2D area, RectangleEdge edge) {
      int first = (int) Math.floor(Math.log10(getLowerBound()));
      int last = (int) Math.ceil(Math.log10(getUpperBound()));
      int every = (last - first) / MOST_DECADES + 1;
      int[] multiples = last - first <= 2 ? new int[] {1, 2, 5} : new int[] {1};
      List<NumberTick> ticks = new ArrayList<>();
      for (int power = first; power <= last; power += every) {
        for (int multiple : multiples) {
          double value = Double.parseDouble(multiple + "e" + power);
          if (getRange().contains(value)) {
            ticks.add(
                new NumberTick(
                    value, label(value), TextAnchor.CENTER_RIGHT, TextAnchor.CENTER_RIGHT, 0));
          }
        }
      }
      return ticks;
    }
  }

  private static final class PlainFormat extends NumberFormat {
    private static final long serialVersionUID = 1;

    @Override
    public StringBuffer format(double number, StringBuffer text, FieldPosition position) {
      return text.append(label(number));
    }

    @Override
    public StringBuffer format(long number, StringBuffer text, FieldPosition position) {
      return format((double) number, text, position);
    }

    @Override
    public Number parse(String source, ParsePosition position) {
      throw new UnsupportedOperationException("labels are written, never read");
    }
  }
}
