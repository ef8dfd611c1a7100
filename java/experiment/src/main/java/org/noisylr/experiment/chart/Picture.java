package org.noisylr.experiment.chart;

import de.rototor.pdfbox.graphics2d.PdfBoxGraphics2D;
import de.rototor.pdfbox.graphics2d.PdfBoxGraphics2DFontTextDrawer;
import java.awt.Color;
import java.awt.Font;
import java.awt.FontFormatException;
import java.awt.Graphics2D;
import java.awt.Paint;
import java.awt.RenderingHints;
import java.awt.geom.Rectangle2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.apache.batik.svggen.DefaultExtensionHandler;
import org.apache.batik.svggen.SVGColor;
import org.apache.batik.svggen.SVGGeneratorContext;
import org.apache.batik.svggen.SVGGraphics2D;
import org.apache.batik.svggen.SVGIDGenerator;
import org.apache.batik.svggen.SVGPaintDescriptor;
import org.apache.pdfbox.pdmodel.PDDocument;
import org.apache.pdfbox.pdmodel.PDPage;
import org.apache.pdfbox.pdmodel.PDPageContentStream;
import org.apache.pdfbox.pdmodel.common.PDRectangle;
import org.apache.xmlgraphics.image.writer.ImageWriterParams;
import org.apache.xmlgraphics.image.writer.imageio.ImageIOPNGImageWriter;
import org.jfree.chart.JFreeChart;
import org.jfree.chart.text.TextUtils;
import org.noisylr.train.checkpoint.AtomicFile;
import org.w3c.dom.Document;
import org.w3c.dom.Element;

/**
 * A chart as a picture: SVG and PDF with real text, PNG at 300 dpi. The same chart gives the same
 * bytes.
 *
 * @param chart without a background
 * @param width in points
 * @param height in points
 */
record Picture(JFreeChart chart, double width, double height) {
  /** A regular font, with the measures of Arial and Helvetica. PDFBox contains it. */
  static final Font FONT;

  private static final String FONT_FILE =
      "/org/apache/pdfbox/resources/ttf/LiberationSans-Regular.ttf";
  private static final String FAMILY = "Liberation Sans";
  private static final String CSS_FAMILY = "'Liberation Sans', Arial, Helvetica, sans-serif";
  private static final double DPI = 300;
  private static final double POINTS_PER_INCH = 72;
  private static final Pattern PROLOGUE = Pattern.compile("^.*?(?=<svg)", Pattern.DOTALL);

  static {
    // The workaround for old versions of Java draws outlines instead of text.
    TextUtils.setUseDrawRotatedStringWorkaround(false);
    try (InputStream font = fontFile()) {
      FONT = Font.createFont(Font.TRUETYPE_FONT, font);
    } catch (IOException | FontFormatException e) {
      throw new IllegalStateException("cannot read the font of the pictures", e);
    }
  }

  private static InputStream fontFile() {
    return PDDocument.class.getResourceAsStream(FONT_FILE);
  }

  /** Writes {@code NAME.png}, {@code NAME.svg} and {@code NAME.pdf}. */
  List<Path> write(Path folder, String name) throws IOException {
    Path png = folder.resolve(name + ".png");
    Path svg = folder.resolve(name + ".svg");
    Path pdf = folder.resolve(name + ".pdf");
    AtomicFile.write(png, List.of(ByteBuffer.wrap(png())));
    AtomicFile.write(svg, List.of(ByteBuffer.wrap(svg())));
    AtomicFile.write(pdf, List.of(ByteBuffer.wrap(pdf())));
    return List.of(png, svg, pdf);
  }

  byte[] png() {
    double scale = DPI / POINTS_PER_INCH;
    BufferedImage image =
        new BufferedImage(
            (int) Math.round(scale * width),
            (int) Math.round(scale * height),
            BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = image.createGraphics();
    graphics.setRenderingHint(
        RenderingHints.KEY_FRACTIONALMETRICS, RenderingHints.VALUE_FRACTIONALMETRICS_ON);
    graphics.setColor(Color.WHITE);
    graphics.fillRect(0, 0, image.getWidth(), image.getHeight());
    graphics.scale(scale, scale);
    draw(graphics);
    graphics.dispose();
    ImageWriterParams params = new ImageWriterParams();
    params.setResolution((int) DPI);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      new ImageIOPNGImageWriter().writeImage(image, out, params);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }

  byte[] pdf() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (PDDocument document = new PDDocument();
        PdfBoxGraphics2DFontTextDrawer text = new PdfBoxGraphics2DFontTextDrawer();
        InputStream font = fontFile()) {
      // The identifier of the file is the time, unless it is given.
      document.setDocumentId(0L);
      PDPage page = new PDPage(new PDRectangle((float) width, (float) height));
      document.addPage(page);
      text.registerFont(FAMILY, font);
      PdfBoxGraphics2D graphics = new PdfBoxGraphics2D(document, (float) width, (float) height);
      graphics.setFontTextDrawer(text);
      draw(graphics);
      graphics.dispose();
      try (PDPageContentStream content = new PDPageContentStream(document, page)) {
        content.drawForm(graphics.getXFormObject());
      }
      document.save(out);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }

  /** Returns an SVG file, black on white. */
  byte[] svg() {
    return ("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + svg("", null, false))
        .getBytes(StandardCharsets.UTF_8);
  }

  /**
   * Returns an {@code <svg>} element for an HTML page: as wide as its parent, in the colours of
   * {@code charts.css}.
   *
   * @param id prefix of the identifiers in it, unique in the page
   * @param label describes the picture for readers who do not see it
   */
  String pageSvg(String id, String label) {
    return svg(id, label, true);
  }

  private String svg(String id, String label, boolean inPage) {
    SVGGeneratorContext context = SVGGeneratorContext.createDefault(emptySvg());
    context.setComment(null);
    context.setPrecision(2);
    context.setIDGenerator(
        new SVGIDGenerator() {
          @Override
          public String generateID(String prefix) {
            return id + super.generateID(prefix);
          }
        });
    if (inPage) {
      context.setExtensionHandler(new PageColors());
    }
    SVGGraphics2D graphics = new SVGGraphics2D(context, false);
    if (!inPage) {
      graphics.setPaint(Color.WHITE);
      graphics.fill(new Rectangle2D.Double(0, 0, width, height));
    }
    draw(graphics);
    Element root = graphics.getRoot();
    root.setAttribute("viewBox", "0 0 %.1f %.1f".formatted(width, height));
    if (inPage) {
      root.setAttribute("role", "img");
      root.setAttribute("aria-label", label);
    } else {
      root.setAttribute("width", "%.1fpt".formatted(width));
      root.setAttribute("height", "%.1fpt".formatted(height));
    }
    StringWriter text = new StringWriter();
    try {
      graphics.stream(root, text, true, false);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return PROLOGUE
        .matcher(text.toString().replace("'" + FAMILY + "'", CSS_FAMILY))
        .replaceFirst("");
  }

  private static Document emptySvg() {
    try {
      return DocumentBuilderFactory.newInstance()
          .newDocumentBuilder()
          .getDOMImplementation()
          .createDocument("http://www.w3.org/2000/svg", "svg", null);
    } catch (ParserConfigurationException e) {
      throw new IllegalStateException(e);
    }
  }

  private void draw(Graphics2D graphics) {
    chart.draw(graphics, new Rectangle2D.Double(0, 0, width, height));
  }

  /** Writes the colours of inks as CSS colours. */
  private static final class PageColors extends DefaultExtensionHandler {
    @Override
    public SVGPaintDescriptor handlePaint(Paint paint, SVGGeneratorContext context) {
      return paint instanceof Color color
          ? new SVGPaintDescriptor(
              Ink.of(color).css(), SVGColor.toSVG(color, context).getOpacityValue())
          : null;
    }
  }
}
