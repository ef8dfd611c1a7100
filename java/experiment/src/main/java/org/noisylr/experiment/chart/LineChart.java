package org.noisylr.experiment.chart;

import java.awt.Font;
import java.awt.Paint;
import java.awt.Shape;
import java.awt.Stroke;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Line2D;
import java.awt.geom.Path2D;
import java.io.IOException;
import java.nio.file.Path;
import java.text.DecimalFormat;
import java.text.DecimalFormatSymbols;
import java.text.NumberFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jfree.chart.JFreeChart;
import org.jfree.chart.LegendItem;
import org.jfree.chart.LegendItemCollection;
import org.jfree.chart.axis.NumberAxis;
import org.jfree.chart.axis.ValueAxis;
import org.jfree.chart.block.BlockBorder;
import org.jfree.chart.plot.DatasetRenderingOrder;
import org.jfree.chart.plot.IntervalMarker;
import org.jfree.chart.plot.Marker;
import org.jfree.chart.plot.ValueMarker;
import org.jfree.chart.plot.XYPlot;
import org.jfree.chart.renderer.xy.DeviationRenderer;
import org.jfree.chart.renderer.xy.XYItemRenderer;
import org.jfree.chart.renderer.xy.XYLineAndShapeRenderer;
import org.jfree.chart.title.LegendTitle;
import org.jfree.chart.title.TextTitle;
import org.jfree.chart.ui.Layer;
import org.jfree.chart.ui.LengthAdjustmentType;
import org.jfree.chart.ui.RectangleAnchor;
import org.jfree.chart.ui.RectangleEdge;
import org.jfree.chart.ui.RectangleInsets;
import org.jfree.chart.ui.TextAnchor;
import org.jfree.data.xy.DefaultIntervalXYDataset;
import org.jfree.data.xy.DefaultXYDataset;
import org.jfree.data.xy.XYDataset;

/**
 * A line chart in the common style of noisylr's pictures, in the width of a column of a paper: 3.4
 * inches (86 mm), texts of 8 points. Lines are drawn in the order in which they are added; the
 * legend lists them in the order of their inks.
 */
public final class LineChart {
  static final double WIDTH = 244.8;
  private static final double HEIGHT = 183.6;

  /** The share of the y axis that names of windows need above the lines. */
  static final double HEADROOM = 0.09;

  private static final NumberFormat NUMBER =
      new DecimalFormat("0", DecimalFormatSymbols.getInstance(Locale.ROOT));

  private static final float TEXT_SIZE = 8;
  private static final float LINE = 1.1f;
  private static final float THIN = 0.5f;
  private static final double FAINT = 0.35;
  private static final double SHADE = 0.12;

  private final XYPlot plot = new XYPlot();
  private final JFreeChart chart = new JFreeChart(null, Picture.FONT, plot, false);
  private final Map<Ink, LegendItem> legend = new TreeMap<>();
  private double height = HEIGHT;

  /** Creates an empty chart. */
  public LineChart(String xTitle, String yTitle) {
    chart.setBackgroundPaint(null);
    chart.setPadding(new RectangleInsets(3, 2, 2, 8));
    plot.setBackgroundPaint(null);
    plot.setOutlineVisible(false);
    plot.setInsets(RectangleInsets.ZERO_INSETS);
    plot.setAxisOffset(RectangleInsets.ZERO_INSETS);
    plot.setDatasetRenderingOrder(DatasetRenderingOrder.FORWARD);
    plot.setDomainGridlinesVisible(false);
    plot.setRangeGridlinePaint(Ink.TEXT.faint(SHADE));
    plot.setRangeGridlineStroke(Ink.solid(THIN));
    plot.setDomainAxis(styled(new NumberAxis(), xTitle));
    NumberAxis y = new NumberAxis();
    y.setAutoRangeIncludesZero(false);
    y.setUpperMargin(HEADROOM);
    y.setAutoRangeMinimumSize(1);
    plot.setRangeAxis(styled(y, yTitle));
  }

  private static ValueAxis styled(ValueAxis axis, String title) {
    axis.setStandardTickUnits(NumberAxis.createStandardTickUnits(Locale.ROOT));
    axis.setLabel(title);
    axis.setLabelFont(font());
    axis.setLabelPaint(Ink.TEXT.color());
    axis.setLabelInsets(new RectangleInsets(1, 1, 1, 1));
    axis.setTickLabelFont(font());
    axis.setTickLabelPaint(Ink.TEXT.color());
    axis.setTickMarkPaint(Ink.TEXT.color());
    axis.setTickMarkStroke(Ink.solid(THIN));
    axis.setAxisLinePaint(Ink.TEXT.color());
    axis.setAxisLineStroke(Ink.solid(THIN));
    return axis;
  }

  private static Font font() {
    return Picture.FONT.deriveFont(TEXT_SIZE);
  }

  /** Writes a title into the picture; null for none. */
  public LineChart title(String title) {
    if (title == null) {
      chart.setTitle((TextTitle) null);
    } else {
      chart.setTitle(new TextTitle(title, font()));
      chart.getTitle().setPaint(Ink.TEXT.color());
    }
    return this;
  }

  /** Shows whole epochs from 1. Epoch n is from n − 0.5 to n + 0.5. */
  public LineChart epochs(int epochs) {
    NumberAxis axis = (NumberAxis) plot.getDomainAxis();
    axis.setStandardTickUnits(NumberAxis.createIntegerTickUnits());
    axis.setNumberFormatOverride(NUMBER);
    axis.setRange(0.5, epochs + 0.5);
    return this;
  }

  LineChart yAxis(RateAxis axis) {
    plot.setRangeAxis(styled(axis.axis(), plot.getRangeAxis().getLabel()));
    return this;
  }

  /** Shows this part of the plane only, in a square, without grid lines. */
  public LineChart within(double lowX, double highX, double lowY, double highY) {
    plot.getDomainAxis().setRange(lowX, highX);
    plot.getRangeAxis().setRange(lowY, highY);
    plot.setRangeGridlinesVisible(false);
    height = WIDTH;
    return this;
  }

  /** Adds a line and its entry in the legend. It has a gap at each NaN. */
  public LineChart line(String name, double[] x, double[] y, Ink ink) {
    return line(name, x, y, ink, ink.stroke(LINE));
  }

  /** Adds a thinner line without dashes, for rates that jump, and its entry in the legend. */
  public LineChart thinLine(String name, double[] x, double[] y, Ink ink) {
    return line(name, x, y, ink, Ink.solid(0.7f));
  }

  private LineChart line(String name, double[] x, double[] y, Ink ink, Stroke stroke) {
    add(dataset(x, y), renderer(ink.color(), stroke));
    legend.put(
        ink,
        new LegendItem(
            name, null, null, null, new Line2D.Double(-10, 0, 10, 0), stroke, ink.color()));
    return this;
  }

  /** Adds a thin, faint line that is not in the legend. It has a gap at each NaN. */
  public LineChart faint(double[] x, double[] y, Ink ink) {
    add(dataset(x, y), renderer(ink.faint(FAINT), Ink.solid(THIN)));
    return this;
  }

  /** Adds a shaded band between two lines. */
  public LineChart band(double[] x, double[] low, double[] high, Ink ink) {
    DefaultIntervalXYDataset data = new DefaultIntervalXYDataset();
    data.addSeries("", new double[][] {x, x, x, low, low, high});
    DeviationRenderer renderer = new DeviationRenderer(false, false);
    renderer.setAlpha((float) (1.25 * SHADE));
    renderer.setSeriesFillPaint(0, ink.color());
    add(data, renderer);
    return this;
  }

  /** Shades a part of the x axis and writes its name into it. */
  public LineChart window(String name, double from, double to) {
    IntervalMarker window = new IntervalMarker(from, to, Ink.NOISY.faint(SHADE / 1.5));
    // JFreeChart's markers are faint of their own.
    window.setAlpha(1);
    window.setOutlinePaint(null);
    window.setLabelAnchor(RectangleAnchor.TOP_LEFT);
    window.setLabelTextAnchor(TextAnchor.TOP_LEFT);
    plot.addDomainMarker(label(window, name), Layer.BACKGROUND);
    return this;
  }

  /** Marks a y value with a dotted line, and writes its name on it. */
  public LineChart level(String name, double y) {
    ValueMarker level = new ValueMarker(y, Ink.TEXT.color(), Ink.GREEN.stroke(THIN));
    level.setAlpha(1);
    level.setLabelAnchor(RectangleAnchor.TOP_LEFT);
    level.setLabelTextAnchor(TextAnchor.BOTTOM_LEFT);
    plot.addRangeMarker(label(level, name), Layer.BACKGROUND);
    return this;
  }

  private static Marker label(Marker marker, String name) {
    marker.setLabel(name);
    marker.setLabelFont(font());
    marker.setLabelPaint(Ink.TEXT.color());
    marker.setLabelBackgroundColor(Ink.TEXT.faint(0));
    marker.setLabelOffsetType(LengthAdjustmentType.CONTRACT);
    marker.setLabelOffset(new RectangleInsets(2, 2, 2, 2));
    return marker;
  }

  private void add(XYDataset data, XYItemRenderer renderer) {
    int index = plot.getDatasetCount();
    if (index == 1 && plot.getDataset() == null) {
      index = 0;
    }
    plot.setDataset(index, data);
    plot.setRenderer(index, renderer);
  }

  private static XYDataset dataset(double[] x, double[] y) {
    DefaultXYDataset data = new DefaultXYDataset();
    data.addSeries("", new double[][] {x, y});
    return data;
  }

  private static XYItemRenderer renderer(Paint paint, Stroke stroke) {
    XYLineAndShapeRenderer renderer = new XYLineAndShapeRenderer(true, false);
    renderer.setDrawSeriesLineAsPath(true);
    renderer.setSeriesPaint(0, paint);
    renderer.setSeriesStroke(0, stroke);
    return renderer;
  }

  /** Adds a point that is not in the legend. */
  public LineChart point(double x, double y, Ink ink, Mark mark) {
    XYLineAndShapeRenderer renderer = new XYLineAndShapeRenderer(false, true);
    renderer.setSeriesShape(0, mark.shape());
    renderer.setSeriesPaint(0, ink.color());
    renderer.setSeriesOutlineStroke(0, Ink.solid(1));
    renderer.setSeriesShapesFilled(0, mark == Mark.DIAMOND);
    add(dataset(new double[] {x}, new double[] {y}), renderer);
    return this;
  }

  /** The shape of a point. */
  public enum Mark {
    /** A filled diamond. */
    DIAMOND,
    /** An open circle. */
    CIRCLE,
    /** A cross of two lines. */
    CROSS;

    private Shape shape() {
      double r = 3;
      if (this == CIRCLE) {
        return new Ellipse2D.Double(-r, -r, 2 * r, 2 * r);
      }
      Path2D path = new Path2D.Double();
      if (this == DIAMOND) {
        path.moveTo(-r, 0);
        path.lineTo(0, r);
        path.lineTo(r, 0);
        path.lineTo(0, -r);
        path.closePath();
      } else {
        path.moveTo(-r, -r);
        path.lineTo(r, r);
        path.moveTo(-r, r);
        path.lineTo(r, -r);
      }
      return path;
    }
  }

  /**
   * Writes {@code NAME.png} (300 dpi), {@code NAME.svg} and {@code NAME.pdf}.
   *
   * @return the files
   * @throws IOException if a file cannot be written
   */
  public List<Path> write(Path folder, String name) throws IOException {
    return picture().write(folder, name);
  }

  /** Returns the bytes of a PNG of 300 dpi. */
  public byte[] png() {
    return picture().png();
  }

  /** Returns the bytes of an SVG file with real text. */
  public byte[] svg() {
    return picture().svg();
  }

  /** Returns the bytes of a PDF file of one page with real text. */
  public byte[] pdf() {
    return picture().pdf();
  }

  /**
   * Returns an {@code <svg>} element for an HTML page with {@code charts.css}.
   *
   * @param id prefix of the identifiers in it, unique in the page
   * @param label describes the picture for readers who do not see it
   */
  String pageSvg(String id, String label) {
    return picture().pageSvg(id, label);
  }

  private Picture picture() {
    LegendItemCollection items = new LegendItemCollection();
    legend.values().forEach(items::add);
    plot.setFixedLegendItems(items);
    LegendTitle title = new LegendTitle(plot);
    title.setItemFont(font());
    title.setItemPaint(Ink.TEXT.color());
    title.setPosition(RectangleEdge.BOTTOM);
    title.setFrame(BlockBorder.NONE);
    title.setPadding(RectangleInsets.ZERO_INSETS);
    title.setMargin(RectangleInsets.ZERO_INSETS);
    while (chart.getSubtitleCount() > 0) {
      chart.removeSubtitle(chart.getSubtitle(0));
    }
    chart.addSubtitle(title);
    return new Picture(chart, WIDTH, height);
  }
}
