package org.noisylr.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.noisylr.train.InputErrors.assertRejected;
import static org.noisylr.train.run.ShortRun.assertResumesToTheSameEnd;
import static org.noisylr.train.run.ShortRun.checkpoint;
import static org.noisylr.train.run.ShortRun.execute;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.noisylr.train.checkpoint.SafeTensors;
import org.noisylr.train.loop.TrainingListener;
import org.noisylr.train.metric.EpochMetrics;

/**
 * On a full or read-only disk, a run ends with one error. It names the newest good checkpoint, from
 * which the run resumes to the same end. {@code -Dreliability=long} tries many more sizes.
 */
@Tag("slow")
class DiskFaultTest {
  private static final boolean LONG = "long".equals(System.getProperty("reliability"));

  @TempDir private Path temporary;
  private Path mounted;

  private static boolean mount(String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of("mount"));
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start()
            .waitFor()
        == 0;
  }

  private Path diskOf(long bytes) throws Exception {
    mounted = Files.createTempDirectory(temporary, "disk");
    boolean done = mount("-t", "tmpfs", "-o", "size=" + bytes, "tmpfs", mounted.toString());
    if (!done) {
      mounted = null;
    }
    assumeTrue(done, "only root can mount a small disk");
    return mounted;
  }

  @AfterEach
  void unmount() throws Exception {
    if (mounted != null) {
      assertThat(new ProcessBuilder("umount", mounted.toString()).start().waitFor()).isZero();
      mounted = null;
    }
  }

  /** The checkpoint that a message names, which must be readable; null if it names none. */
  private static Path goodCheckpoint(String message) throws IOException {
    assertThat(message).doesNotContain("Exception", "\n");
    Matcher named = Pattern.compile("; the newest good checkpoint is (.*)$").matcher(message);
    if (!named.find()) {
      assertThat(message).endsWith("; there is no good checkpoint");
      return null;
    }
    Path file = Path.of(named.group(1));
    try (SafeTensors content = SafeTensors.read(file)) {
      assertThat(content.metadata()).containsKey("epochs_done");
    }
    return file;
  }

  @Test
  void onADiskOfAnySizeTheRunEndsOrReportsAFullDiskAndResumesWithMoreSpace() throws Exception {
    // Two checkpoints of 1.7 MB, the best weights of 0.8 MB, and a third checkpoint while it is
    // written.
    int step = LONG ? 1 << 14 : 5 << 18;
    int failed = 0;
    int ended = 0;
    for (int size = 1 << 12; size < 8 << 20; size += step) {
      Path run = diskOf(size).resolve("run");
      Throwable error = catchThrowable(() -> execute(run));
      if (error == null) {
        ended++;
      } else {
        failed++;
        assertThat(error.getMessage())
            .startsWith("cannot write to " + run + ": no space left on device");
        Path good =
            error instanceof UncheckedIOException ? goodCheckpoint(error.getMessage()) : null;
        assertThat(good == null || good.startsWith(run)).isTrue();
        assertThat(mount("-o", "remount,size=16m", mounted.toString())).isTrue();
        assertResumesToTheSameEnd(run);
      }
      unmount();
    }
    assertThat(failed).isPositive();
    assertThat(ended).isPositive();
  }

  @Test
  void aDiskThatFillsUpDuringTheRunStopsItAndTheMessageNamesTheCheckpoint() throws Exception {
    Path disk = diskOf(16 << 20);
    Path run = disk.resolve("run");
    Path filler = disk.resolve("filler");
    TrainingListener filling =
        new TrainingListener() {
          @Override
          public void onEpoch(EpochMetrics metrics, double seconds) {
            if (metrics.epoch() == 1) {
              assertThatThrownBy(() -> Files.write(filler, new byte[16 << 20]))
                  .hasMessageContaining("No space left");
            }
          }
        };
    assertThatThrownBy(() -> execute(run, filling))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessage(
            "cannot write to %s: no space left on device; the newest good checkpoint is %s"
                .formatted(run, checkpoint(run, 1)));
    Files.delete(filler);
    assertResumesToTheSameEnd(run);
  }

  @Test
  void aReadOnlyDiskIsRejected() throws Exception {
    Path disk = diskOf(1 << 20);
    Path run = disk.resolve("run");
    assertThat(mount("-o", "remount,ro", disk.toString())).isTrue();
    assertRejected(() -> execute(run), "cannot write to " + run + ": read-only file system");
    assertRejected(
        () -> RunDirectory.check(run, false),
        "cannot write to %s: %s: read-only file system".formatted(run, disk));
  }

  @Test
  void aFolderWithoutPermissionIsRejected() throws IOException {
    Path folder = Files.createDirectory(temporary.resolve("locked"));
    assumeTrue(folder.toFile().setWritable(false), "the file system has no permissions");
    assumeTrue(!Files.isWritable(folder), "root may write everywhere");
    Path run = folder.resolve("run");
    assertRejected(() -> execute(run), "cannot write to " + run + ": permission denied");
  }
}
