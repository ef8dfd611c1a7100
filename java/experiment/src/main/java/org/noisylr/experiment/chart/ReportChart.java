package org.noisylr.experiment.chart;

/**
 * A chart of a report.
 *
 * @param title what is drawn
 * @param svg an {@code <svg>} element in the colours of {@code charts.css}
 * @param note how to read it, one sentence
 * @param file path of the CSV file with its numbers, relative to the page
 * @param csv the text of that file
 * @param picture draws the chart for documents
 */
public record ReportChart(
    String title, String svg, String note, String file, String csv, LineChart picture) {}
