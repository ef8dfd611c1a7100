package org.noisylr.noise;

import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVRecord;

/** The golden vectors that the native tests also read. */
final class Golden {
  private Golden() {}

  static List<CSVRecord> rows(String name) {
    CSVFormat format = CSVFormat.RFC4180.builder().setHeader().setSkipHeaderRecord(true).get();
    try (InputStream in = Golden.class.getResourceAsStream("/golden/" + name)) {
      return format.parse(new InputStreamReader(in, StandardCharsets.US_ASCII)).getRecords();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
