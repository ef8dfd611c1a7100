package org.noisylr.train.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.noisylr.train.InputErrors.assertRejected;
import static org.noisylr.train.TestFiles.random;
import static org.noisylr.train.TestFiles.write;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.noisylr.check.InputException;

/** Downloads from an HTTP server on the loopback interface. */
class DownloadTest {
  private static final byte[] CONTENT = random(300_000, 1);

  @TempDir Path temp;

  private HttpServer server;
  private final List<String> ranges = new ArrayList<>();

  /** The number of bytes to send before the server closes the connection. */
  private int cutAfter = Integer.MAX_VALUE;

  private boolean supportsRanges = true;
  private int status;

  /** Milliseconds before the server sends the second half. */
  private long pause;

  private byte[] content = CONTENT;

  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/data.bin", this::respond);
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  private void respond(HttpExchange exchange) throws IOException {
    String range = exchange.getRequestHeaders().getFirst("Range");
    ranges.add(range);
    if (status != 0) {
      exchange.sendResponseHeaders(status, -1);
      exchange.close();
      return;
    }
    boolean partial = supportsRanges && range != null;
    int from = partial ? Integer.parseInt(range.replaceAll("\\D", "")) : 0;
    exchange.sendResponseHeaders(partial ? 206 : 200, content.length - from);
    try (OutputStream out = exchange.getResponseBody()) {
      int to = Math.min(content.length, cutAfter);
      int half = (from + to) / 2;
      out.write(content, from, half - from);
      out.flush();
      TimeUnit.MILLISECONDS.sleep(pause);
      out.write(content, half, to - half);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    exchange.close();
  }

  private URI location() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/data.bin");
  }

  private RemoteFile file() {
    return new RemoteFile("data.bin", CONTENT.length, md5(CONTENT), List.of(location()));
  }

  private String md5(byte[] bytes) {
    return Download.md5(write(temp.resolve("published"), bytes));
  }

  private Path folder() {
    return temp.resolve("home/set");
  }

  private Path target() {
    return folder().resolve("data.bin");
  }

  private Path part() {
    return folder().resolve("data.bin.part");
  }

  private boolean fetch(RemoteFile file) {
    return new Download().fetch(file, folder(), done -> {});
  }

  private void assertFails(RemoteFile file, String message) {
    assertRejected(() -> fetch(file), message);
    assertThat(target()).doesNotExist();
  }

  @Test
  void aFileIsDownloadedOnceAndProgressIsReported() {
    List<Long> progress = new ArrayList<>();
    assertThat(new Download().fetch(file(), folder(), progress::add)).isTrue();
    assertThat(target()).hasBinaryContent(CONTENT);
    assertThat(part()).doesNotExist();
    assertThat(progress).isSorted().startsWith(0L).endsWith((long) CONTENT.length);
    assertThat(fetch(file())).isFalse();
    assertThat(ranges).hasSize(1).containsOnlyNulls();
  }

  @Test
  void aBrokenDownloadIsResumed() throws IOException {
    cutAfter = 120_000;
    assertThatThrownBy(() -> fetch(file()))
        .isInstanceOf(InputException.class)
        .hasMessageMatching(
            "the connection to %s was lost after \\d+ of 300000 bytes; run the same command again to continue"
                .formatted(location()));
    long arrived = Files.size(part());
    assertThat(arrived).isBetween(1L, 120_000L);
    cutAfter = Integer.MAX_VALUE;
    fetch(file());
    assertThat(target()).hasBinaryContent(CONTENT);
    assertThat(ranges).containsExactly(null, "bytes=" + arrived + "-");
  }

  @Test
  void aServerWithoutRangesSendsTheWholeFileAgain() {
    write(part(), Arrays.copyOf(CONTENT, 5_000));
    supportsRanges = false;
    fetch(file());
    assertThat(target()).hasBinaryContent(CONTENT);
  }

  @Test
  void aCompletePartIsOnlyChecked() {
    write(part(), CONTENT);
    fetch(file());
    assertThat(target()).hasBinaryContent(CONTENT);
    assertThat(ranges).isEmpty();
  }

  @Test
  void aDownloadWithAWrongChecksumIsDeleted() {
    RemoteFile file = file();
    content = random(CONTENT.length, 2);
    assertFails(
        file,
        "%s must have the published MD5 %s, but has %s; the download was deleted, so try again"
            .formatted(location(), file.md5(), md5(content)));
    assertThat(part()).doesNotExist();
  }

  @Test
  void moreBytesThanPublishedAreRejected() {
    RemoteFile file = file();
    content = random(CONTENT.length + 1, 1);
    assertFails(
        file,
        location()
            + " must have the published 300000 bytes, but has more; the download was deleted");
    assertThat(part()).isEmptyFile();
  }

  @Test
  void aServerErrorIsNamedAndKeepsThePart() {
    write(part(), Arrays.copyOf(CONTENT, 5_000));
    for (int error : new int[] {403, 404, 416, 500, 503}) {
      status = error;
      assertFails(
          file(),
          "%s returned HTTP status %d; copy the file to %s yourself"
              .formatted(location(), error, target()));
      assertThat(part()).hasSize(5_000);
    }
  }

  @Test
  void withoutNetworkTheMessageSaysWhatToDo() {
    RemoteFile file = file();
    server.stop(0);
    assertFails(
        file,
        location()
            + " cannot be reached; check the network, or copy the file to "
            + target()
            + " yourself");
  }

  @Test
  void aStalledDownloadEndsAndKeepsThePart() throws IOException {
    pause = 3_000;
    RemoteFile file = file();
    assertThatThrownBy(() -> new Download(Duration.ofSeconds(1)).fetch(file, folder(), done -> {}))
        .isInstanceOf(InputException.class)
        .hasMessageMatching(
            "%s sent no byte for 1 s, after \\d+ of 300000 bytes; run the same command again to continue, or copy the file to %s yourself"
                .formatted(location(), target()));
    assertThat(Files.size(part())).isPositive();
  }

  @Test
  void theNextLocationIsTriedWhenOneFails() {
    RemoteFile file = file();
    URI gone = URI.create(location().toString().replace("data.bin", "gone"));
    fetch(new RemoteFile(file.name(), file.bytes(), file.md5(), List.of(gone, location())));
    assertThat(target()).hasBinaryContent(CONTENT);
  }

  @Test
  void aFileThatAnotherProcessDownloadsIsRejected() throws IOException {
    write(part(), new byte[0]);
    try (FileChannel channel = FileChannel.open(part(), StandardOpenOption.WRITE);
        FileLock lock = channel.lock()) {
      assertThat(lock.isValid()).isTrue();
      assertFails(file(), part() + " is being downloaded by another process");
    }
  }

  @Test
  void aFolderThatCannotBeWrittenIsRejected() {
    Path file = write(temp.resolve("home"), new byte[1]);
    assertRejected(() -> fetch(file()), "cannot write to " + folder() + ": " + "not a directory");
  }

  /** Downloads in its own process; the arguments are URL, MD5 and folder. */
  static final class Fetcher {
    private Fetcher() {}

    public static void main(String[] arguments) {
      RemoteFile file =
          new RemoteFile(
              "data.bin", CONTENT.length, arguments[1], List.of(URI.create(arguments[0])));
      try {
        boolean fetched = new Download().fetch(file, Path.of(arguments[2]), done -> {});
        System.out.print(fetched ? "fetched" : "found");
      } catch (InputException e) {
        System.out.print(e.getMessage());
      }
    }
  }

  @Test
  @Tag("slow")
  void severalProcessesDownloadAFileOnce() throws Exception {
    pause = 500;
    RemoteFile file = file();
    List<Process> processes = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      processes.add(
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-cp",
                  System.getProperty("java.class.path"),
                  Fetcher.class.getName(),
                  location().toString(),
                  file.md5(),
                  folder().toString())
              .start());
    }
    List<String> outcomes = new ArrayList<>();
    for (Process process : processes) {
      outcomes.add(new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
      assertThat(process.waitFor()).isZero();
    }
    assertThat(outcomes)
        .contains("fetched")
        .isSubsetOf("fetched", "found", part() + " is being downloaded by another process");
    assertThat(target()).hasBinaryContent(CONTENT);
    assertThat(part()).doesNotExist();
    assertThat(ranges).hasSize(1);
  }
}
