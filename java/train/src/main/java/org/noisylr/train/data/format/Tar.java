package org.noisylr.train.data.format;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.compressors.xz.XZCompressorInputStream;
import org.noisylr.check.InputException;

/**
 * Reads the entries of a tar from start to end. The bounds hold whatever the headers claim: a total
 * number of bytes, 200,000 entries, names of 255 characters, and 64 KiB of headers for an entry,
 * which is all that is kept in memory. Unpacking xz uses at most 80 MiB.
 */
final class Tar {
  private static final int MAX_ENTRIES = 200_000;
  private static final int MAX_NAME = 255;
  private static final int MAX_HEADERS = 1 << 16;

  private static final int MAX_XZ_KIB = 80 << 10;

  /** The position of the mark in a tar. */
  private static final int MAGIC_AT = 257;

  private static final byte[] MAGIC = {'u', 's', 't', 'a', 'r'};

  private final String name;
  private final Bounded in;
  private final Entries tar;
  private int entries;

  /**
   * Starts reading.
   *
   * @param name the archive's name in error messages
   * @param unpacked the tar itself
   * @param limit the greatest number of bytes
   */
  Tar(String name, InputStream unpacked, long limit) {
    this.name = name;
    in = new Bounded(unpacked, limit);
    tar = new Entries(in);
  }

  /** Starts reading a file that may be compressed with gzip or xz. */
  static Tar of(Path archive, InputStream file, long limit) throws IOException {
    BufferedInputStream in = new BufferedInputStream(file, 1 << 16);
    in.mark(MAGIC_AT + MAGIC.length);
    byte[] start = in.readNBytes(MAGIC_AT + MAGIC.length);
    in.reset();
    InputStream unpacked = in;
    if (isXz(start)) {
      unpacked =
          XZCompressorInputStream.builder()
              .setInputStream(in)
              .setMemoryLimitKiB(MAX_XZ_KIB)
              .setDecompressConcatenated(true)
              .get();
    } else if (Source.isGzip(start)) {
      unpacked = new GZIPInputStream(in, 1 << 16);
    } else if (!isPlain(start)) {
      throw new InputException(archive + " must be a tar, tar.gz or tar.xz");
    }
    return new Tar(archive.toString(), unpacked, limit);
  }

  /** Returns whether a file starts like a tar, or like anything compressed with gzip or xz. */
  static boolean mayBe(Path file) {
    byte[] start = start(file);
    return isXz(start) || Source.isGzip(start) || isPlain(start);
  }

  /** Returns whether a file starts like an uncompressed tar. */
  static boolean isPlain(Path file) {
    return isPlain(start(file));
  }

  private static byte[] start(Path file) {
    return Source.of(file).read(in -> in.readNBytes(MAGIC_AT + MAGIC.length));
  }

  private static boolean isXz(byte[] start) {
    return XZCompressorInputStream.matches(start, start.length);
  }

  private static boolean isPlain(byte[] start) {
    return start.length == MAGIC_AT + MAGIC.length
        && Arrays.equals(start, MAGIC_AT, start.length, MAGIC, 0, MAGIC.length);
  }

  /** Returns the path of an entry without a leading {@code ./}. */
  static String path(TarArchiveEntry entry) {
    return entry.getName().replaceFirst("^\\./", "");
  }

  /** Rejects a link in the place of a file with content. */
  static void checkNoLink(String name, TarArchiveEntry entry) {
    if (entry.isSymbolicLink() || entry.isLink()) {
      throw new InputException(name + " must be a file, but is a link");
    }
  }

  /**
   * Returns the next entry; null after the last one.
   *
   * @throws EOFException if the tar is truncated
   */
  TarArchiveEntry next() throws IOException {
    while (tar.getCurrentEntry() != null && tar.skip(Long.MAX_VALUE) > 0) {
      // Skips to the next headers.
    }
    in.headers = MAX_HEADERS;
    TarArchiveEntry entry = tar.getNextEntry();
    in.headers = Long.MAX_VALUE;
    if (entry == null && !tar.hasEnd()) {
      throw new EOFException();
    }
    if (entry != null) {
      if (++entries > MAX_ENTRIES) {
        throw new InputException(name + " must have at most " + MAX_ENTRIES + " entries");
      }
      if (entry.getName().length() > MAX_NAME) {
        throw new InputException(
            "%s must have names of at most %d characters, but has %s"
                .formatted(name, MAX_NAME, entry.getName()));
      }
      if (entry.isSparse()) {
        throw new InputException(
            "%s must not have sparse files, but has %s".formatted(name, entry.getName()));
      }
    }
    return entry;
  }

  /** Returns the position in the tar at which the content of the entry starts. */
  long position() {
    return in.limit - in.left;
  }

  /** Returns the content of the entry. */
  InputStream content() {
    return tar;
  }

  /** Reads to the end, where gzip and xz have a checksum. */
  void finish() throws IOException {
    in.transferTo(OutputStream.nullOutputStream());
  }

  /** Detects the mark at the end of a tar, which a truncated one lacks. */
  private static final class Entries extends TarArchiveInputStream {
    private boolean hasEnd;

    Entries(InputStream in) {
      super(in, "UTF-8");
    }

    boolean hasEnd() {
      return hasEnd;
    }

    /** Called with each header, and with null at the end of the file. */
    @Override
    protected boolean isEOFRecord(byte[] header) {
      boolean isEnd = super.isEOFRecord(header);
      hasEnd |= isEnd && header != null;
      return isEnd;
    }
  }

  /** Rejects more bytes than allowed. */
  private final class Bounded extends FilterInputStream {
    private final long limit;
    private long left;
    private long headers = Long.MAX_VALUE;

    Bounded(InputStream in, long limit) {
      super(in);
      this.limit = limit;
      left = limit;
    }

    private int count(int read) {
      return (int) count((long) read);
    }

    private long count(long read) {
      if (read > 0) {
        left -= read;
        headers -= read;
      }
      if (left < 0) {
        throw new InputException(name + " must unpack to at most " + limit + " bytes");
      }
      if (headers < 0) {
        throw new InputException(
            name + " must have at most " + MAX_HEADERS + " bytes of headers for an entry");
      }
      return read;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] to, int start, int length) throws IOException {
      return count(super.read(to, start, length));
    }

    @Override
    public long skip(long bytes) throws IOException {
      return count(super.skip(bytes));
    }
  }
}
