package org.noisylr.experiment.chart;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.knowm.xchart.ChartEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler.LegendLayout;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.lines.SeriesLines;
import org.knowm.xchart.style.markers.Marker;
import org.knowm.xchart.style.markers.SeriesMarkers;
import org.noisylr.train.checkpoint.AtomicFile;

/** A line chart in the common style of noisylr's pictures. */
public final class LineChart {
  /** Line colours that colour-blind readers can distinguish (Okabe and Ito 2008). */
  public enum Ink {
    /** Without noise. */
    PLAIN(new Color(0x00, 0x72, 0xB2)),
    /** With noise. */
    NOISY(new Color(0xD5, 0x5E, 0x00)),
    /** A third line. */
    GREEN(new Color(0x00, 0x9E, 0x73)),
    /** A fourth line. */
    PURPLE(new Color(0xCC, 0x79, 0xA7)),
    /** Lines in the background. */
    BACKDROP(new Color(0xB0, 0xB0, 0xB0));

    private final Color color;

    Ink(Color color) {
      this.color = color;
    }
  }

  private static final Color TEXT = new Color(0x33, 0x33, 0x33);
  private static final Color GRID = new Color(0xE4, 0xE4, 0xE4);

  private final XYChart chart;

  /** Creates an empty chart; width and height are in pixels. */
  public LineChart(String title, String xTitle, String yTitle, int width, int height) {
    chart =
        new XYChartBuilder()
            .title(title)
            .xAxisTitle(xTitle)
            .yAxisTitle(yTitle)
            .width(width)
            .height(height)
            .build();
    var styler = chart.getStyler();
    styler.setChartBackgroundColor(Color.WHITE);
    styler.setPlotBackgroundColor(Color.WHITE);
    styler.setPlotBorderVisible(false);
    styler.setPlotGridLinesColor(GRID);
    styler.setPlotGridLinesStroke(new BasicStroke(1));
    styler.setPlotGridVerticalLinesVisible(false);
    styler.setChartFontColor(TEXT);
    styler.setChartTitleFont(new Font(Font.SANS_SERIF, Font.BOLD, 15));
    styler.setChartTitleBoxVisible(false);
    styler.setAxisTitleFont(new Font(Font.SANS_SERIF, Font.PLAIN, 12));
    styler.setAxisTickLabelsFont(new Font(Font.SANS_SERIF, Font.PLAIN, 11));
    styler.setAxisTickLabelsColor(TEXT);
    styler.setLegendFont(new Font(Font.SANS_SERIF, Font.PLAIN, 12));
    styler.setLegendBorderColor(Color.WHITE);
    styler.setLegendPosition(LegendPosition.OutsideS);
    styler.setLegendLayout(LegendLayout.Horizontal);
    styler.setSeriesMarkers(new Marker[] {SeriesMarkers.NONE});
    styler.setAntiAlias(true);
  }

  /**
   * Adds a line.
   *
   * @param inLegend false for a further line of the kind that an earlier one names in the legend
   */
  public LineChart line(String name, double[] x, double[] y, Ink ink, boolean inLegend) {
    XYSeries series = chart.addSeries(name, x, y);
    series.setLineColor(ink.color);
    series.setLineStyle(new BasicStroke(1.8f, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND));
    series.setMarker(SeriesMarkers.NONE);
    series.setShowInLegend(inLegend);
    return this;
  }

  /** Adds a thin line that is not in the legend. It has a gap at each NaN. */
  public LineChart backdrop(String name, double[] x, double[] y) {
    line(name, x, y, Ink.BACKDROP, false);
    chart.getSeries(name).setLineStyle(new BasicStroke(0.7f));
    return this;
  }

  /** Adds a thinner line, for paths that cross themselves. */
  public LineChart path(String name, double[] x, double[] y, Ink ink) {
    line(name, x, y, ink, true);
    chart.getSeries(name).setLineStyle(new BasicStroke(1.1f));
    return this;
  }

  /** Adds a point that is not in the legend: a circle, or else a diamond. */
  public LineChart point(String name, double x, double y, Ink ink, boolean circle) {
    XYSeries series = chart.addSeries(name, new double[] {x}, new double[] {y});
    series.setLineStyle(SeriesLines.NONE);
    series.setMarker(circle ? SeriesMarkers.CIRCLE : SeriesMarkers.DIAMOND);
    series.setMarkerColor(ink.color);
    series.setShowInLegend(false);
    return this;
  }

  /** Shows this part of the plane only, without grid lines. */
  public LineChart within(double lowX, double highX, double lowY, double highY) {
    var styler = chart.getStyler();
    styler.setXAxisMin(lowX);
    styler.setXAxisMax(highX);
    styler.setYAxisMin(lowY);
    styler.setYAxisMax(highY);
    styler.setPlotGridLinesVisible(false);
    return this;
  }

  /** Makes the y axis logarithmic. All values must be greater than 0. */
  public LineChart logarithmic() {
    chart.getStyler().setYAxisLogarithmic(true);
    return this;
  }

  /** Formats the tick labels of the y axis with a {@link java.text.DecimalFormat} pattern. */
  public LineChart yPattern(String pattern) {
    chart.getStyler().setYAxisDecimalPattern(pattern);
    return this;
  }

  /**
   * Writes {@code NAME.png} and {@code NAME.svg}.
   *
   * @return the two files
   * @throws IOException if a file cannot be written
   */
  public List<Path> write(Path folder, String name) throws IOException {
    Path png = folder.resolve(name + ".png");
    Path svg = folder.resolve(name + ".svg");
    AtomicFile.write(png, List.of(ByteBuffer.wrap(png())));
    AtomicFile.write(svg, List.of(ByteBuffer.wrap(encode("SVG"))));
    return List.of(png, svg);
  }

  /** Returns the chart as an {@code <svg>} element for an HTML page. */
  public String svg() {
    String document = new String(encode("SVG"), StandardCharsets.UTF_8);
    return document.substring(document.indexOf("<svg"));
  }

  /** Returns the chart as the bytes of a PNG. */
  public byte[] png() {
    return encode("PNG");
  }

  private byte[] encode(String format) {
    try {
      return ChartEncoder.getBytes(chart, format);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
