package org.noisylr.launcher;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;
import picocli.CommandLine.IVersionProvider;

/** The versions that this build was made of. */
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

  @Override
  public String[] getVersion() {
    return new String[] {"noisylr " + of("noisylr")};
  }
}
