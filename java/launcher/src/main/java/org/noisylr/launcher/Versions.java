package org.noisylr.launcher;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;
import picocli.CommandLine.IVersionProvider;

/** The versions of this build and of its libraries. */
final class Versions implements IVersionProvider {
  private static final Properties VERSIONS = new Properties();

  static {
    try (InputStream in = Versions.class.getResourceAsStream("versions.properties")) {
      VERSIONS.load(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static String of(String component) {
    return VERSIONS.getProperty(component);
  }

  /** Returns CUDA 13.3 and cuDNN 9.25 for version 13.3-9.25-1.5.14 of the bindings. */
  static String cuda() {
    String[] parts = of("cuda").split("-");
    return "CUDA " + parts[0] + " and cuDNN " + parts[1];
  }

  @Override
  public String[] getVersion() {
    return new String[] {"noisylr " + of("noisylr")};
  }
}
