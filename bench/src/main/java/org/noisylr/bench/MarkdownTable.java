package org.noisylr.bench;

import java.util.ArrayList;
import java.util.List;

/** A table in Markdown. */
final class MarkdownTable {
  private final List<String> lines = new ArrayList<>();

  MarkdownTable(String... titles) {
    row(titles);
    lines.add("|" + "---|".repeat(titles.length));
  }

  void row(String... cells) {
    lines.add("| " + String.join(" | ", cells) + " |");
  }

  /** Returns the lines of the table; empty if it has no rows. */
  @Override
  public String toString() {
    return lines.size() > 2 ? String.join("\n", lines) + "\n" : "";
  }
}
