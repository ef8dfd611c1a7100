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
 * The entries of a tar, from its start to its end, within bounds that hold whatever its headers
 * say: so many bytes in all, so many entries, names of 255 characters, and 64 KiB of headers for an
 * entry, which are all that is held in memory. Unpacking xz takes at most 80 MiB of it.
 */
final class Tar {
  private static final int MAX_ENTRIES = 200_000;
  private static final int MAX_NAME = 255;
  private static final int MAX_HEADERS = 1 << 16;

  private static final int MAX_XZ_KIB = 80 << 10;

  /** Where a tar says that it is one. */
  private static final int MAGIC_AT = 257;

  private static final byte[] MAGIC = {'u', 's', 't', 'a', 'r'};

  private final String name;
  private final Bounded in;
  private final Entries tar;
  private int entries;

  /**
   * Begins to read.
   *
   * @param name of the archive, in error messages
   * @param unpacked the tar itself
   * @param limit the most bytes that it may have
   */
  Tar(String name, InputStream unpacked, long limit) {
    this.name = name;
    in = new Bounded(unpacked, limit);
    tar = new Entries(in);
  }

  /** The same for a file that may be compressed with gzip or xz. */
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
    } else if (isGzip(start)) {
      unpacked = new GZIPInputStream(in, 1 << 16);
    } else if (!isPlain(start)) {
      throw new InputException(archive + " must be a tar, tar.gz or tar.xz, but is none of these");
    }
    return new Tar(archive.toString(), unpacked, limit);
  }

  /** Whether a file starts as a tar does, or what is compressed as one may be. */
  static boolean mayBe(Path file) {
    byte[] start = start(file);
    return isXz(start) || isGzip(start) || isPlain(start);
  }

  /** Whether a file starts as a tar does that is not compressed. */
  static boolean isPlain(Path file) {
    return isPlain(start(file));
  }

  private static byte[] start(Path file) {
    return Source.of(file).read(in -> in.readNBytes(MAGIC_AT + MAGIC.length));
  }

  private static boolean isXz(byte[] start) {
    return XZCompressorInputStream.matches(start, start.length);
  }

  private static boolean isGzip(byte[] start) {
    return start.length > 1 && start[0] == 0x1f && start[1] == (byte) 0x8b;
  }

  private static boolean isPlain(byte[] start) {
    return start.length == MAGIC_AT + MAGIC.length
        && Arrays.equals(start, MAGIC_AT, start.length, MAGIC, 0, MAGIC.length);
  }

  /** The path of an entry, which may begin with that of the folder it was packed in. */
  static String path(TarArchiveEntry entry) {
    return entry.getName().replaceFirst("^\\./", "");
  }

  /** Refuses a link where a file with content must be. */
  static void checkNoLink(String name, TarArchiveEntry entry) {
    if (entry.isSymbolicLink() || entry.isLink()) {
      throw new InputException(name + " must be a file, but is a link");
    }
  }

  /**
   * The next entry, null after the last one.
   *
   * @throws EOFException if the tar is cut off
   */
  TarArchiveEntry next() throws IOException {
    while (tar.getCurrentEntry() != null && tar.skip(Long.MAX_VALUE) > 0) {
      // Skipped; what follows are headers.
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
            name + " must have no sparse files, but " + entry.getName() + " is one");
      }
    }
    return entry;
  }

  /** Where in the tar the content of the entry starts. */
  long position() {
    return in.limit - in.left;
  }

  /** The content of the entry. */
  InputStream content() {
    return tar;
  }

  /** Reads on to the end, where gzip and xz have a checksum. */
  void finish() throws IOException {
    in.transferTo(OutputStream.nullOutputStream());
  }

  /** Tells whether the tar has the mark that ends one, which it lacks where it was cut off. */
  private static final class Entries extends TarArchiveInputStream {
    private boolean hasEnd;

    Entries(InputStream in) {
      super(in, "UTF-8");
    }

    boolean hasEnd() {
      return hasEnd;
    }

    /** Is called with each header, null at the end of the file. */
    @Override
    protected boolean isEOFRecord(byte[] header) {
      boolean isEnd = super.isEOFRecord(header);
      hasEnd |= isEnd && header != null;
      return isEnd;
    }
  }

  /** Refuses to be longer than it may be. */
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
            name + " must have headers of at most " + MAX_HEADERS + " bytes for an entry");
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
