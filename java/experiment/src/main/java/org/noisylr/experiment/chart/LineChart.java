package org.noisylr.experiment.chart;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.knowm.xchart.ChartEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler.LegendLayout;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.lines.SeriesLines;
import org.knowm.xchart.style.markers.Marker;
import org.knowm.xchart.style.markers.SeriesMarkers;
import org.noisylr.check.InputException;
import org.noisylr.check.Reason;

/** A line chart in the look that all pictures of noisylr share. */
public final class LineChart {
  /** Line colours that colour-blind readers can tell apart (Okabe and Ito 2008). */
  public enum Ink {
    /** The plain, unchanged thing. */
    PLAIN(new Color(0x00, 0x72, 0xB2)),
    /** The noisy thing. */
    NOISY(new Color(0xD5, 0x5E, 0x00)),
    /** A third thing. */
    GREEN(new Color(0x00, 0x9E, 0x73)),
    /** A fourth thing. */
    PURPLE(new Color(0xCC, 0x79, 0xA7)),
    /** What they are drawn against. */
    BACKDROP(new Color(0xB0, 0xB0, 0xB0));

    private final Color color;

    Ink(Color color) {
      this.color = color;
    }
  }

  private static final Color TEXT = new Color(0x33, 0x33, 0x33);
  private static final Color GRID = new Color(0xE4, 0xE4, 0xE4);

  private final XYChart chart;

  /** An empty chart of the given size in pixels. */
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

  /** Adds a line; a line without a place in the legend continues an earlier one's meaning. */
  public LineChart line(String name, double[] x, double[] y, Ink ink, boolean inLegend) {
    XYSeries series = chart.addSeries(name, x, y);
    series.setLineColor(ink.color);
    series.setLineStyle(new BasicStroke(1.8f, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND));
    series.setMarker(SeriesMarkers.NONE);
    series.setShowInLegend(inLegend);
    return this;
  }

  /** Adds a thin line that is not in the legend; where a value is NaN, it has a gap. */
  public LineChart backdrop(String name, double[] x, double[] y) {
    line(name, x, y, Ink.BACKDROP, false);
    chart.getSeries(name).setLineStyle(new BasicStroke(0.7f));
    return this;
  }

  /** Adds a line that is thinner, for paths that cross themselves. */
  public LineChart path(String name, double[] x, double[] y, Ink ink) {
    line(name, x, y, ink, true);
    chart.getSeries(name).setLineStyle(new BasicStroke(1.1f));
    return this;
  }

  /** Adds single points: filled circles, or diamonds. */
  public LineChart points(String name, double[] x, double[] y, Ink ink, boolean circles) {
    XYSeries series = chart.addSeries(name, x, y);
    series.setLineStyle(SeriesLines.NONE);
    series.setMarker(circles ? SeriesMarkers.CIRCLE : SeriesMarkers.DIAMOND);
    series.setMarkerColor(ink.color);
    series.setShowInLegend(false);
    return this;
  }

  /** Shows this part of the plane. */
  public LineChart within(double lowX, double highX, double lowY, double highY) {
    var styler = chart.getStyler();
    styler.setXAxisMin(lowX);
    styler.setXAxisMax(highX);
    styler.setYAxisMin(lowY);
    styler.setYAxisMax(highY);
    styler.setPlotGridLinesVisible(false);
    return this;
  }

  /** Makes the y axis logarithmic; all values must be above zero. */
  public LineChart logarithmic() {
    chart.getStyler().setYAxisLogarithmic(true);
    return this;
  }

  /** Writes tick labels of the y axis with a {@link java.text.DecimalFormat} pattern. */
  public LineChart yPattern(String pattern) {
    chart.getStyler().setYAxisDecimalPattern(pattern);
    return this;
  }

  /**
   * Writes the chart as an SVG document.
   *
   * @throws InputException if the file cannot be written
   */
  public void writeSvg(Path file) {
    try {
      Files.writeString(file, svgDocument());
    } catch (IOException e) {
      throw new InputException("cannot write " + file + ": " + Reason.of(e, file), e);
    }
  }

  /** The chart as an {@code <svg>} element for an HTML page. */
  public String svg() {
    String document = svgDocument();
    return document.substring(document.indexOf("<svg"));
  }

  private String svgDocument() {
    try {
      return new String(ChartEncoder.getBytes(chart, "SVG"), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The chart as the bytes of a PNG. */
  public byte[] png() throws IOException {
    return ChartEncoder.getBytes(chart, "PNG");
  }

  /**
   * Writes the chart as a PNG.
   *
   * @throws InputException if the file cannot be written
   */
  public void writePng(Path file) {
    try {
      Files.write(file, png());
    } catch (IOException e) {
      throw new InputException("cannot write " + file + ": " + Reason.of(e, file), e);
    }
  }
}
