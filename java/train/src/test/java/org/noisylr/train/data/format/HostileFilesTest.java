package org.noisylr.train.data.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.noisylr.train.InputErrors.assertRejected;
import static org.noisylr.train.TestFiles.concat;
import static org.noisylr.train.TestFiles.encode;
import static org.noisylr.train.TestFiles.png;
import static org.noisylr.train.TestFiles.random;
import static org.noisylr.train.TestFiles.write;
import static org.noisylr.train.TestFiles.zip;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.CRC32;
import java.util.zip.DeflaterOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.noisylr.check.InputException;
import org.noisylr.train.TestFiles;
import org.noisylr.train.Untrusted;

/** Files that would fill the memory, never end, or lead to other files. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class HostileFilesTest {
  private static final int PNG_HEADER = 33;

  @TempDir Path temp;
  private Path folder;

  @BeforeEach
  void makeFolder() throws IOException {
    folder = Files.createDirectory(temp.resolve("set"));
  }

  private static void createPipe(Path file) throws IOException, InterruptedException {
    Files.createDirectories(file.getParent());
    assertThat(new ProcessBuilder("mkfifo", file.toString()).start().waitFor()).isZero();
  }

  @Test
  void aPipeInThePlaceOfAnImageIsRejected() throws Exception {
    Path image = folder.resolve("train/a/1.png");
    createPipe(image);
    write(folder.resolve("test/a/1.png"), png(2, 2, random(4, 1)));
    assertRejected(
        () -> Datasets.open(folder.toString()),
        image + " cannot be read: it is not a regular file");
  }

  @Test
  void aPipeInThePlaceOfAReviewOrAnArchiveIsRejected() throws Exception {
    Path review = folder.resolve("train/pos/1.txt");
    createPipe(review);
    assertRejected(
        () -> Imdb.read(folder, 10, 5), review + " cannot be read: it is not a regular file");
    Path archive = folder.resolve("x.tar");
    createPipe(archive);
    String message = archive + " cannot be read: it is not a regular file";
    assertRejected(() -> Datasets.open(archive.toString()), message);
    assertRejected(() -> Voc.read(archive), message);
    assertRejected(() -> ImageFolder.read("x", archive), message);
    assertRejected(() -> Cifar.CIFAR10.read(archive), message);
  }

  @Test
  void anEndlessDeviceIsRejected() {
    Path zero = Path.of("/dev/zero");
    String message = "/dev/zero cannot be read: it is not a regular file";
    assertRejected(() -> Datasets.open(zero.toString()), message);
  }

  @Test
  void tooManyBytesOfReviewsAreRejected() throws IOException {
    for (int i = 0; i < 257; i++) {
      Path review = folder.resolve("train/neg/" + i + ".txt");
      Files.createDirectories(review.getParent());
      try (RandomAccessFile file = new RandomAccessFile(review.toFile(), "rw")) {
        file.setLength(1 << 20);
      }
    }
    assertRejected(
        () -> Imdb.read(folder, 10, 5), folder + " must have at most 268435456 bytes of reviews");
  }

  @Test
  void aZipBombIsRejectedBeforeItIsUnpacked() {
    Map<String, byte[]> files = new TreeMap<>();
    files.put("train/a/1.png", png(2, 2, random(4, 1)));
    files.put("test/a/1.png", png(2, 2, random(4, 2)));
    byte[] bytes = zip(files);
    ByteBuffer central = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i + 46 < bytes.length; i++) {
      if (central.getInt(i) == 0x02014b50) {
        central.putInt(i + 24, 0xfffffff0);
      }
    }
    Path zip = write(folder.resolve("x.zip"), bytes);
    assertRejected(
        () -> ImageFolder.read("x", zip), zip + " must unpack to at most 4294967296 bytes");
  }

  @Test
  void pathsInAZipDoNotLeaveIt() throws IOException {
    write(folder.resolve("secret/1.png"), png(2, 2, random(4, 1)));
    Map<String, byte[]> files = new TreeMap<>();
    files.put("train/a/../../../secret/1.png", png(2, 2, random(4, 1)));
    files.put("/train/a/1.png", png(2, 2, random(4, 2)));
    Path zip = write(folder.resolve("x.zip"), zip(files));
    Untrusted.read(
        folder,
        zip.toString(),
        16 << 20,
        () ->
            assertThatThrownBy(() -> ImageFolder.read("x", zip))
                .isExactlyInstanceOf(InputException.class)
                .hasMessageStartingWith(zip + " has no visible files; "));
  }

  @Test
  void aPngThatClaimsTooManyPixelsIsRejectedBeforeTheyAreAllocated() throws IOException {
    byte[] image = encode(new BufferedImage(2, 2, BufferedImage.TYPE_INT_ARGB), "png");
    ByteBuffer header = ByteBuffer.wrap(image);
    header.putInt(16, 4096).putInt(20, 4096);
    correctChecksum(image, 8, 13);
    Untrusted.read(
        folder,
        "x",
        1 << 20,
        () ->
            assertRejected(
                () -> ImageDecoder.decode("x", image, new ImageDecoder.Size(4096, 4096), "x"),
                "x cannot be decoded: the PNG file is too short for its declared size"));
  }

  @Test
  void aBombInATextChunkOfAPngIsNotUnpacked() throws IOException {
    byte[] image = encode(new BufferedImage(2, 2, BufferedImage.TYPE_BYTE_INDEXED), "png");
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    text.writeBytes("comment\0\0".getBytes(StandardCharsets.ISO_8859_1));
    try (DeflaterOutputStream out = new DeflaterOutputStream(text)) {
      for (int i = 0; i < 64; i++) {
        out.write(new byte[1 << 20]);
      }
    }
    byte[] chunk =
        ByteBuffer.allocate(12 + text.size())
            .putInt(text.size())
            .put("zTXt".getBytes(StandardCharsets.ISO_8859_1))
            .put(text.toByteArray())
            .array();
    correctChecksum(chunk, 0, text.size());
    byte[] bomb =
        concat(
            Arrays.copyOf(image, PNG_HEADER),
            chunk,
            Arrays.copyOfRange(image, PNG_HEADER, image.length));
    Untrusted.read(
        folder,
        "x",
        4 << 20,
        () ->
            assertThat(ImageDecoder.decode("x", bomb, new ImageDecoder.Size(2, 2), "x").planes())
                .containsOnly(0));
  }

  private static void correctChecksum(byte[] png, int start, int length) {
    CRC32 sum = new CRC32();
    sum.update(png, start + 4, 4 + length);
    ByteBuffer.wrap(png).putInt(start + 8 + length, (int) sum.getValue());
  }

  @Test
  void aJpegOfTooManyScansIsRejected() {
    byte[] image = TestFiles.jpeg(2, 2, random(4, 1));
    byte[] scans = new byte[2 * 100];
    for (int i = 0; i < scans.length; i++) {
      scans[i] = (byte) (i % 2 == 0 ? 0xff : 0xda);
    }
    assertRejected(
        () -> ImageDecoder.size("x", concat(image, scans)),
        "x must have at most 100 scans, but has 101");
  }
}
