package org.noisylr.launcher;

import picocli.CommandLine.Option;

/** The option for titles in pictures. */
final class TitlesOption {
  @Option(names = "--titles")
  private boolean titles;

  boolean given() {
    return titles;
  }
}
