package org.noisylr.train.data;

import java.net.URI;
import java.util.List;
import org.noisylr.check.Check;
import org.noisylr.check.InputException;

/**
 * A published file.
 *
 * @param name the file name to store it under
 * @param bytes its size, at least 1
 * @param md5 its published MD5, 32 lower-case hexadecimal digits
 * @param locations addresses to download it from, the authors' site first; at least one
 */
public record RemoteFile(String name, long bytes, String md5, List<URI> locations) {
  /** Validates the values. */
  public RemoteFile {
    locations = List.copyOf(locations);
    Check.atLeast("bytes", bytes, 1);
    Check.atLeast("number of locations", locations.size(), 1);
    if (!md5.matches("[0-9a-f]{32}")) {
      throw new InputException("md5 must be 32 hexadecimal digits, but is " + md5);
    }
  }
}
