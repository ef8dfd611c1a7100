package org.noisylr.experiment.report;

import com.samskivert.mustache.Mustache;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** HTML pages from this package's templates. A page is one file; it loads nothing from the web. */
public final class Page {
  private static final Mustache.Compiler COMPILER = Mustache.compiler().withLoader(Page::open);

  private Page() {}

  /**
   * Fills a template.
   *
   * @param template file name of the template
   * @param values what its tags stand for
   */
  public static String render(String template, Map<String, ?> values) {
    try (Reader reader = open(template)) {
      return COMPILER.compile(reader).execute(values);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Reader open(String name) {
    return new InputStreamReader(Page.class.getResourceAsStream(name), StandardCharsets.UTF_8);
  }
}
