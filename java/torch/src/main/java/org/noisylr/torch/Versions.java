package org.noisylr.torch;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;

/** The versions of this build and of its libraries. */
public final class Versions {
  private static final Properties VERSIONS = new Properties();

  static {
    try (InputStream in = Versions.class.getResourceAsStream("versions.properties")) {
      VERSIONS.load(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Versions() {}

  /**
   * Returns a version, 2.13.0-1.5.14 for instance.
   *
   * @param component {@code noisylr}, {@code pytorch}, {@code pytorch.classifier}, {@code javacpp},
   *     {@code openblas} or {@code cuda}
   */
  public static String of(String component) {
    return VERSIONS.getProperty(component);
  }

  /** Returns CUDA 13.3 and cuDNN 9.25 for version 13.3-9.25-1.5.14 of the bindings. */
  public static String cuda() {
    String[] parts = of("cuda").split("-");
    return "CUDA " + parts[0] + " and cuDNN " + parts[1];
  }
}
