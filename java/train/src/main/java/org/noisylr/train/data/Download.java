package org.noisylr.train.data;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HexFormat;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongConsumer;
import org.noisylr.check.InputException;
import org.noisylr.check.Reason;
import org.noisylr.train.checkpoint.Digest;

/**
 * Downloads files over HTTP. The received bytes stay in {@code NAME.part} until the file is
 * complete and its checksum is correct. A later call resumes an incomplete download.
 */
public final class Download {
  private static final Duration CONNECT = Duration.ofSeconds(20);
  private static final Duration STALLED = Duration.ofSeconds(60);
  private static final int BUFFER = 1 << 16;
  private static final int OK = 200;
  private static final int PARTIAL_CONTENT = 206;

  private final Duration timeout;
  private final HttpClient client =
      HttpClient.newBuilder()
          .connectTimeout(CONNECT)
          .followRedirects(HttpClient.Redirect.NORMAL)
          .build();

  /** Creates a download that fails after 60 seconds without a byte. */
  public Download() {
    this(STALLED);
  }

  /**
   * Creates a download.
   *
   * @param timeout the longest time without a byte
   */
  Download(Duration timeout) {
    this.timeout = timeout;
  }

  /**
   * Downloads a file into a folder, unless the folder has it.
   *
   * @param progress receives the number of bytes so far
   * @return whether the file was downloaded
   * @throws InputException if no location serves the file, another process is downloading it, or
   *     its content is not the published one; the message says what to do
   */
  public boolean fetch(RemoteFile file, Path folder, LongConsumer progress) {
    Path target = folder.resolve(file.name());
    if (Files.exists(target)) {
      return false;
    }
    InputException failure = null;
    for (URI location : file.locations()) {
      try {
        fetch(file, location, folder, progress);
        return true;
      } catch (InputException e) {
        failure = e;
      }
    }
    throw failure;
  }

  private void fetch(RemoteFile file, URI location, Path folder, LongConsumer progress) {
    Path part = folder.resolve(file.name() + ".part");
    try {
      Files.createDirectories(folder);
      try (FileChannel channel =
              FileChannel.open(
                  part,
                  StandardOpenOption.CREATE,
                  StandardOpenOption.READ,
                  StandardOpenOption.WRITE);
          FileLock lock = lock(channel, part)) {
        Path target = folder.resolve(file.name());
        if (Files.exists(target)) {
          // Another process finished the download meanwhile.
          Files.deleteIfExists(part);
          return;
        }
        transfer(file, location, target, channel, progress);
        channel.force(true);
        check(file, location, part, channel);
        Files.move(part, target, StandardCopyOption.ATOMIC_MOVE);
      }
    } catch (IOException e) {
      throw Reason.unwritable(folder, e);
    }
  }

  /** Reads through the locked channel: closing another channel of the file would end the lock. */
  private static void check(RemoteFile file, URI location, Path part, FileChannel channel)
      throws IOException {
    channel.position(0);
    String md5 = md5(Channels.newInputStream(channel));
    if (!md5.equals(file.md5())) {
      Files.delete(part);
      throw new InputException(
          "%s must have the published MD5 %s, but has %s; the download was deleted, so try again"
              .formatted(location, file.md5(), md5));
    }
  }

  private static FileLock lock(FileChannel channel, Path part) throws IOException {
    FileLock lock = null;
    try {
      lock = channel.tryLock();
    } catch (OverlappingFileLockException e) {
      // Another thread of this process holds it.
    }
    if (lock == null) {
      throw new InputException(part + " is being downloaded by another process");
    }
    return lock;
  }

  private void transfer(
      RemoteFile file, URI location, Path target, FileChannel part, LongConsumer progress)
      throws IOException {
    long done = Math.min(part.size(), file.bytes());
    if (done == file.bytes()) {
      return;
    }
    HttpRequest.Builder request = HttpRequest.newBuilder(location).timeout(timeout);
    if (done > 0) {
      request.header("Range", "bytes=" + done + "-");
    }
    HttpResponse<InputStream> response = send(request.build(), target);
    try (InputStream body = response.body()) {
      if (response.statusCode() == OK) {
        done = 0;
      } else if (response.statusCode() != PARTIAL_CONTENT || done == 0) {
        throw new InputException(
            "%s returned HTTP status %d; %s"
                .formatted(location, response.statusCode(), byHand(target)));
      }
      part.truncate(done);
      part.position(done);
      copy(file, location, target, body, part, done, progress);
    }
  }

  private HttpResponse<InputStream> send(HttpRequest request, Path target) {
    try {
      return client.send(request, HttpResponse.BodyHandlers.ofInputStream());
    } catch (ConnectException | HttpTimeoutException e) {
      throw new InputException(
          "%s cannot be reached; check the network, or %s".formatted(request.uri(), byHand(target)),
          e);
    } catch (IOException e) {
      throw new InputException(
          "%s cannot be read: %s; %s".formatted(request.uri(), Reason.of(e, ""), byHand(target)),
          e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InputException("the download of " + request.uri() + " was interrupted", e);
    }
  }

  private static String byHand(Path target) {
    return "copy the file to %s yourself".formatted(target);
  }

  private void copy(
      RemoteFile file,
      URI location,
      Path target,
      InputStream body,
      FileChannel part,
      long start,
      LongConsumer progress)
      throws IOException {
    byte[] buffer = new byte[BUFFER];
    long done = start;
    while (true) {
      progress.accept(done);
      int read;
      try {
        read = read(body, buffer);
      } catch (IOException e) {
        throw interrupted(file, location, done, e);
      } catch (TimeoutException e) {
        throw new InputException(
            "%s sent no byte for %d s, after %d of %d bytes; run the same command again to continue, or %s"
                .formatted(location, timeout.toSeconds(), done, file.bytes(), byHand(target)),
            e);
      }
      if (read < 0) {
        break;
      }
      done += read;
      if (done > file.bytes()) {
        part.truncate(0);
        throw new InputException(
            "%s must have the published %d bytes, but has more; the download was deleted"
                .formatted(location, file.bytes()));
      }
      ByteBuffer bytes = ByteBuffer.wrap(buffer, 0, read);
      while (bytes.hasRemaining()) {
        part.write(bytes);
      }
    }
    if (done < file.bytes()) {
      throw interrupted(file, location, done, null);
    }
  }

  /** Reads on another thread, because the stream has no timeout; its caller closes it. */
  private int read(InputStream body, byte[] buffer) throws IOException, TimeoutException {
    try {
      return CompletableFuture.supplyAsync(
              () -> {
                try {
                  return body.read(buffer);
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              })
          .get(timeout.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof UncheckedIOException cause
          ? cause.getCause()
          : new IOException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  private static InputException interrupted(
      RemoteFile file, URI location, long done, IOException cause) {
    return new InputException(
        "the connection to %s was lost after %d of %d bytes; run the same command again to continue"
            .formatted(location, done, file.bytes()),
        cause);
  }

  /** Returns the MD5 of a file in hexadecimal digits. */
  public static String md5(Path file) {
    if (Files.exists(file) && !Files.isRegularFile(file)) {
      throw new InputException(file + " must be a regular file");
    }
    try (InputStream in = Files.newInputStream(file)) {
      return md5(in);
    } catch (IOException e) {
      throw Reason.unreadable(file, e);
    }
  }

  private static String md5(InputStream in) throws IOException {
    MessageDigest digest = Digest.of("MD5");
    byte[] buffer = new byte[BUFFER];
    for (int read; (read = in.read(buffer)) >= 0; ) {
      digest.update(buffer, 0, read);
    }
    return HexFormat.of().formatHex(digest.digest());
  }
}
