package org.noisylr.experiment.chart;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.noisylr.experiment.store.OutputFolder;
import org.noisylr.train.checkpoint.AtomicFile;

/**
 * The charts of a comparison in a report, for the template {@code charts.html}.
 *
 * @param name what is compared
 * @param charts test scores, training scores and learning rates
 */
public record ChartSection(String name, List<ReportChart> charts) {
  /** The folder of the CSV files beside a page. */
  static final String FOLDER = "charts";

  private static final int MOST = 100;

  /**
   * Writes the files of sections beside a page, and deletes those of earlier pages.
   *
   * @param folder of the page
   * @param pictures whether charts are written as PNG, SVG and PDF too
   * @throws IOException if a file cannot be written
   */
  public static void write(List<ChartSection> sections, Path folder, boolean pictures)
      throws IOException {
    Path charts = folder.resolve(FOLDER);
    OutputFolder.create(charts);
    Set<Path> written = new HashSet<>();
    for (ChartSection section : sections) {
      for (ReportChart chart : section.charts) {
        Path file = folder.resolve(chart.file());
        AtomicFile.write(file, chart.csv());
        written.add(file);
        if (pictures) {
          String name = file.getFileName().toString().replaceFirst("\\.csv$", "");
          written.addAll(chart.picture().write(charts, name));
        }
      }
    }
    try (Stream<Path> files = Files.list(charts)) {
      for (Path file : files.filter(each -> !written.contains(each)).toList()) {
        Files.delete(file);
      }
    }
  }

  /**
   * Returns a name for files and addresses. Different names stay different. It is ASCII, because
   * the file names of the POSIX locale are.
   */
  static String fileName(String name) {
    StringBuilder safe = new StringBuilder();
    name.codePoints()
        .forEach(
            c -> {
              if (c < 128 && Character.isLetterOrDigit(c) || ".,+-".indexOf(c) >= 0) {
                safe.appendCodePoint(c);
              } else {
                safe.append(c == ' ' ? "_" : "~%x~".formatted(c));
              }
            });
    // A file name has at most 255 bytes.
    return safe.length() <= MOST
        ? safe.toString()
        : safe.substring(0, MOST) + "~%08x".formatted(name.hashCode());
  }
}
