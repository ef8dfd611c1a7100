package org.noisylr.train.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
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
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.noisylr.check.InputException;

/** Fetches from an HTTP server on the loopback interface. */
class DownloadTest {
  private static final byte[] CONTENT = random(300_000, 1);

  @TempDir Path temp;

  private HttpServer server;
  private final List<String> ranges = new ArrayList<>();

  /** How much of the content is sent before the connection is cut. */
  private int cutAfter = Integer.MAX_VALUE;

  private boolean knowsRanges = true;
  private int status;

  /** Milliseconds before the content's second half is sent. */
  private long pause;

  private byte[] content = CONTENT;

  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/data.bin", this::answer);
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  private void answer(HttpExchange exchange) throws IOException {
    String range = exchange.getRequestHeaders().getFirst("Range");
    ranges.add(range);
    if (status != 0) {
      exchange.sendResponseHeaders(status, -1);
      exchange.close();
      return;
    }
    boolean partial = knowsRanges && range != null;
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
    Path copy = write(temp.resolve("published"), CONTENT);
    return new RemoteFile("data.bin", CONTENT.length, Download.md5(copy), List.of(location()));
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
    return new Download().fetch(file, folder(), (done, total) -> {});
  }

  private void refused(RemoteFile file, String message) {
    assertThatThrownBy(() -> fetch(file)).isInstanceOf(InputException.class).hasMessage(message);
    assertThat(target()).doesNotExist();
  }

  @Test
  void aFileArrivesWholeWithProgressAndIsNotFetchedAgain() {
    List<Long> progress = new ArrayList<>();
    boolean fetched =
        new Download()
            .fetch(
                file(),
                folder(),
                (done, total) -> {
                  assertThat(total).isEqualTo(CONTENT.length);
                  progress.add(done);
                });
    assertThat(fetched).isTrue();
    assertThat(target()).hasBinaryContent(CONTENT);
    assertThat(part()).doesNotExist();
    assertThat(progress).isSorted().startsWith(0L).endsWith((long) CONTENT.length);
    assertThat(fetch(file())).isFalse();
    assertThat(ranges).hasSize(1).containsOnlyNulls();
  }

  @Test
  void aBrokenDownloadGoesOnWhereItBrokeOff() throws IOException {
    cutAfter = 120_000;
    assertThatThrownBy(() -> fetch(file()))
        .isInstanceOf(InputException.class)
        .hasMessageMatching(
            location()
                + " broke off after \\d+ of 300000 bytes; the same command goes on from there");
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
    knowsRanges = false;
    fetch(file());
    assertThat(target()).hasBinaryContent(CONTENT);
  }

  @Test
  void aPartThatIsCompleteIsOnlyChecked() {
    write(part(), CONTENT);
    fetch(file());
    assertThat(target()).hasBinaryContent(CONTENT);
    assertThat(ranges).isEmpty();
  }

  @Test
  void aWrongChecksumLeavesNothing() {
    RemoteFile file = file();
    content = random(CONTENT.length, 2);
    assertThatThrownBy(() -> fetch(file))
        .isInstanceOf(InputException.class)
        .hasMessageMatching(
            location()
                + " has the MD5 [0-9a-f]{32}, but "
                + file.md5()
                + " is published: it was damaged on its way or has changed; nothing of it was kept");
    assertThat(target()).doesNotExist();
    assertThat(part()).doesNotExist();
  }

  @Test
  void moreThanWasPublishedIsCutOff() {
    RemoteFile file = file();
    content = random(CONTENT.length + 1, 1);
    refused(
        file,
        location() + " has more than the 300000 bytes that are published; nothing of it was kept");
    assertThat(part()).isEmptyFile();
  }

  @Test
  void aServersErrorIsNamedAndKeepsWhatWasThere() {
    write(part(), Arrays.copyOf(CONTENT, 5_000));
    for (int error : new int[] {403, 404, 416, 500, 503}) {
      status = error;
      refused(file(), location() + " answers HTTP " + error);
      assertThat(part()).hasSize(5_000);
    }
  }

  @Test
  void withoutNetworkTheMessageSaysWhatToDo() {
    RemoteFile file = file();
    server.stop(0);
    refused(
        file,
        location()
            + " cannot be reached: check the network, or put the file data.bin there by other means");
  }

  @Test
  void theNextLocationIsTriedWhenOneFails() {
    RemoteFile file = file();
    URI gone = URI.create(location().toString().replace("data.bin", "gone"));
    fetch(new RemoteFile(file.name(), file.bytes(), file.md5(), List.of(gone, location())));
    assertThat(target()).hasBinaryContent(CONTENT);
  }

  @Test
  void twoDoNotFetchTheSameFileAtOnce() throws IOException {
    write(part(), new byte[0]);
    try (FileChannel channel = FileChannel.open(part(), StandardOpenOption.WRITE);
        FileLock lock = channel.lock()) {
      assertThat(lock.isValid()).isTrue();
      refused(file(), part() + " is being fetched by another process");
    }
  }

  @Test
  void aFolderThatCannotBeWrittenIsNamed() {
    Path file = write(temp.resolve("home"), new byte[1]);
    assertThatThrownBy(() -> fetch(file()))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith("cannot write ")
        .hasMessageContaining(file.toString());
  }

  /** Fetches in a process of its own: URL, MD5 and folder. */
  static final class Fetcher {
    private Fetcher() {}

    public static void main(String[] arguments) {
      RemoteFile file =
          new RemoteFile(
              "data.bin", CONTENT.length, arguments[1], List.of(URI.create(arguments[0])));
      try {
        boolean fetched = new Download().fetch(file, Path.of(arguments[2]), (done, total) -> {});
        System.out.print(fetched ? "fetched" : "found");
      } catch (InputException e) {
        System.out.print(e.getMessage());
      }
    }
  }

  @Test
  void processesThatFetchOneFileAtOnceNeverMixIt() throws Exception {
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
        .isSubsetOf("fetched", "found", part() + " is being fetched by another process");
    assertThat(target()).hasBinaryContent(CONTENT);
    assertThat(part()).doesNotExist();
    assertThat(ranges).hasSize(1);
  }
}
