package org.noisylr.train.data.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.noisylr.train.InputErrors.assertRejected;
import static org.noisylr.train.TestFiles.concat;
import static org.noisylr.train.TestFiles.jpeg;
import static org.noisylr.train.TestFiles.png;
import static org.noisylr.train.TestFiles.random;
import static org.noisylr.train.TestFiles.write;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.noisylr.check.InputException;
import org.noisylr.train.TestFiles;
import org.noisylr.train.data.ImageDataset;

class ImageFolderTest {
  private static final int WIDTH = 5;
  private static final int HEIGHT = 4;
  private static final int PLANE = WIDTH * HEIGHT;

  @TempDir Path temp;

  private static byte[] rgb(int seed) {
    return random(3 * PLANE, seed);
  }

  private static byte[] grey(int seed) {
    return random(PLANE, seed);
  }

  private static byte[] rgbPng(int seed) {
    return png(WIDTH, HEIGHT, rgb(seed));
  }

  /** Three cats and one dog for training, one of each for the test; image i has seed i. */
  private static Map<String, byte[]> pets() {
    return new TreeMap<>(
        Map.of(
            "train/dog/a.png", rgbPng(0),
            "train/cat/b.PNG", rgbPng(2),
            "train/cat/a.png", rgbPng(1),
            "train/cat/c.png", rgbPng(3),
            "test/cat/z.png", rgbPng(4),
            "test/dog/a.png", rgbPng(5)));
  }

  private Path folder(Map<String, byte[]> files) {
    return write(temp.resolve("folder"), files);
  }

  private Path zip(Map<String, byte[]> files) {
    return write(temp.resolve("pets.zip"), TestFiles.zip(files));
  }

  private Path tar(Map<String, byte[]> files) {
    return write(temp.resolve("pets.tar"), TestFiles.tar(files));
  }

  /** The same tree in every format. */
  private List<Path> places(Map<String, byte[]> files) {
    byte[] tar = TestFiles.tar(files);
    return List.of(
        folder(files),
        zip(files),
        tar(files),
        write(temp.resolve("pets.tar.gz"), TestFiles.gzip(tar)),
        write(temp.resolve("pets.tar.xz"), TestFiles.xz(tar)));
  }

  private static ImageDataset read(Path path) {
    return ImageFolder.read("pets", path);
  }

  private static void assertPets(ImageDataset data) {
    assertThat(data.name()).isEqualTo("pets");
    assertThat(data.classNames()).containsExactly("cat", "dog");
    assertThat(data.train().pixels()).isEqualTo(concat(rgb(1), rgb(0), rgb(2), rgb(3)));
    assertThat(data.train().labels()).containsExactly(0, 1, 0, 0);
    assertThat(data.test().pixels()).isEqualTo(concat(rgb(4), rgb(5)));
    assertThat(data.test().labels()).containsExactly(0, 1);
    assertThat(List.of(data.train().channels(), data.train().height(), data.train().width()))
        .containsExactly(3, HEIGHT, WIDTH);
  }

  @Test
  void readsClassesRoundRobinPixelByPixel() {
    for (Path place : places(pets())) {
      assertPets(read(place));
    }
  }

  @Test
  void readsAnOuterFolder() {
    Map<String, byte[]> nested = new TreeMap<>();
    pets().forEach((name, content) -> nested.put("pets/" + name, content));
    for (Path place : places(nested)) {
      assertPets(read(place));
    }
  }

  @Test
  void skipsOtherFiles() {
    Map<String, byte[]> files = pets();
    byte[] text = "stray".getBytes(StandardCharsets.UTF_8);
    for (String stray :
        List.of(
            ".DS_Store",
            "README.txt",
            "train/.DS_Store",
            "train/notes.txt",
            "train/cat/Thumbs.db",
            "train/cat/._a.png",
            "train/.hidden/a.png",
            "test/__MACOSX/a.png",
            "__MACOSX/train/cat/a.png",
            "other/cat/a.png")) {
      files.put(stray, text);
    }
    for (Path place : places(files)) {
      assertPets(read(place));
    }
  }

  @Test
  void classNamesMayBeInAnyScript() {
    Map<String, byte[]> files = new TreeMap<>();
    for (String split : List.of("train", "test")) {
      files.put(split + "/a/1.png", rgbPng(1));
      files.put(split + "/a-b/1.png", rgbPng(2));
      files.put(split + "/猫/1.png", rgbPng(3));
    }
    for (Path place : places(files)) {
      assertThat(read(place).classNames()).containsExactly("a", "a-b", "猫");
      assertThat(read(place).train().pixels()).isEqualTo(concat(rgb(1), rgb(2), rgb(3)));
    }
  }

  @Test
  void greyImagesGiveOneChannel() {
    Map<String, byte[]> files =
        Map.of(
            "train/a/1.png", png(WIDTH, HEIGHT, grey(1)),
            "train/a/2.png", png(WIDTH, HEIGHT, concat(grey(2), grey(2), grey(2))),
            "test/a/1.png", png(WIDTH, HEIGHT, grey(3)));
    for (Path place : places(files)) {
      ImageDataset data = read(place);
      assertThat(data.train().channels()).isEqualTo(1);
      assertThat(data.train().pixels()).isEqualTo(concat(grey(1), grey(2)));
      assertThat(data.test().pixels()).isEqualTo(grey(3));
    }
  }

  @Test
  void oneColourImageGivesThreeChannels() {
    Map<String, byte[]> files =
        Map.of(
            "train/a/1.png", png(WIDTH, HEIGHT, grey(1)),
            "test/a/1.png", rgbPng(2));
    for (Path place : places(files)) {
      ImageDataset data = read(place);
      assertThat(data.train().pixels()).isEqualTo(concat(grey(1), grey(1), grey(1)));
      assertThat(data.test().pixels()).isEqualTo(rgb(2));
    }
  }

  @Test
  void readsJpegBesidePng() {
    byte[] red = new byte[3 * PLANE];
    Arrays.fill(red, 0, PLANE, (byte) 250);
    Map<String, byte[]> files =
        Map.of(
            "train/a/1.jpg", jpeg(WIDTH, HEIGHT, red),
            "train/a/2.JPEG", jpeg(WIDTH, HEIGHT, red),
            "train/a/3.png", png(WIDTH, HEIGHT, red),
            "test/a/1.jpg", jpeg(WIDTH, HEIGHT, red));
    byte[] pixels = read(folder(files)).train().pixels();
    for (int i = 0; i < pixels.length; i++) {
      assertThat(pixels[i] & 0xff).isCloseTo(red[i % red.length] & 0xff, within(4));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"train", "test"})
  void rejectsAMissingSplit(String split) {
    Map<String, byte[]> files = pets();
    files.keySet().removeIf(name -> name.startsWith(split));
    for (Path place : places(files)) {
      assertRejected(
          () -> read(place),
          place
              + (split.equals("train")
                  ? " has no training images in train/CLASS/"
                  : " has no test images in test/CLASS/ or val/CLASS/: move a part of the images"
                      + " of each class from train/ to test/"));
    }
  }

  @Test
  void rejectsAClassWithoutImages() throws IOException {
    Map<String, byte[]> files = pets();
    files.put("train/fish/readme.txt", new byte[1]);
    for (Path place : places(files)) {
      assertRejected(
          () -> read(place),
          place + ": class folder train/fish must hold JPEG or PNG images, but has none");
    }
  }

  @Test
  void rejectsAnEmptyClassFolder() throws IOException {
    Map<String, byte[]> files = pets();
    Path folder = folder(files);
    Files.createDirectory(folder.resolve("test/fish"));
    files.put("test/fish/", new byte[0]);
    for (Path place : List.of(folder, zip(files), tar(files))) {
      assertRejected(
          () -> read(place),
          place + ": class folder test/fish must hold JPEG or PNG images, but has none");
    }
  }

  @Test
  void rejectsClassesThatDiffer() {
    Map<String, byte[]> files = pets();
    files.put("train/fish/a.png", rgbPng(1));
    files.put("test/bird/a.png", rgbPng(1));
    for (Path place : places(files)) {
      assertRejected(
          () -> read(place),
          place
              + ": train and test must have the same classes,"
              + " but train alone has fish, and test alone has bird");
    }
  }

  @Test
  void rejectsAnImageOfAnotherSize() {
    Map<String, byte[]> files = pets();
    files.put("test/dog/a.png", png(HEIGHT, WIDTH, rgb(5)));
    Path folder = folder(files);
    String message =
        "%s must have images of one size, but 1 of 6 differ from 5 x 4 pixels (width x height),"
            + " first: %s with 4 x 5; give --resize N to bring all to N x N";
    assertRejected(() -> read(folder), message.formatted(folder, folder.resolve("test/dog/a.png")));
    Path zip = zip(files);
    assertRejected(() -> read(zip), message.formatted(zip, zip + "!test/dog/a.png"));
  }

  @Test
  void theFirstImageIsNamedIfItIsTheOneOfAnotherSize() {
    Map<String, byte[]> files = pets();
    files.put("train/cat/a.png", png(HEIGHT, WIDTH, rgb(5)));
    Path folder = folder(files);
    assertThatThrownBy(() -> read(folder))
        .hasMessageContaining("1 of 6 differ from 5 x 4 pixels")
        .hasMessageContaining("first: " + folder.resolve("train/cat/a.png") + " with 4 x 5");
  }

  @Test
  void rejectsAFileThatIsNotAnImage() {
    Map<String, byte[]> files = pets();
    files.put("train/cat/b.PNG", "GIF89a".getBytes(StandardCharsets.UTF_8));
    for (Path place : places(files)) {
      String file =
          Files.isDirectory(place)
              ? place.resolve("train/cat/b.PNG").toString()
              : place + "!train/cat/b.PNG";
      assertRejected(
          () -> read(place), file + " must be a JPEG or PNG image, but its content is neither");
    }
  }

  @Test
  void rejectsASetThatIsTooLarge() {
    Map<String, byte[]> files = new TreeMap<>();
    byte[] large = png(4096, 4096, new byte[4096 * 4096]);
    for (int i = 0; i < 43; i++) {
      files.put("train/a/" + i + ".png", large);
    }
    files.put("test/a/0.png", large);
    Path zip = zip(files);
    assertRejected(
        () -> read(zip),
        zip
            + ": 43 images of 4096 x 4096 pixels with three channels take 2164260864 bytes,"
            + " but the limit is 2147483639");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 21, 22, 200, 1500})
  void rejectsATruncatedZip(int dropped) {
    byte[] whole = TestFiles.zip(pets());
    Path zip = write(temp.resolve("pets.zip"), Arrays.copyOf(whole, whole.length - dropped));
    assertRejected(
        () -> read(zip), zip + " cannot be read: it is damaged (zip END header not found)");
  }

  @Test
  void rejectsADamagedEntry() {
    byte[] whole = TestFiles.zip(Map.of("train/a/1.png", rgbPng(1), "test/a/1.png", rgbPng(2)));
    // Byte 100 is within the compressed pixels of the first entry.
    Path zip = write(temp.resolve("pets.zip"), TestFiles.flip(whole, 100));
    assertThatThrownBy(() -> read(zip))
        .isExactlyInstanceOf(InputException.class)
        .hasMessageMatching(
            "\\Q" + zip + "\\E!t(rain|est)/a/1.png cannot be read: it is damaged \\(.*\\)");
  }

  @Test
  void pathsThatLeaveTheArchiveAreHarmless() throws IOException {
    Map<String, byte[]> files = pets();
    for (String trick :
        List.of("../../train/cat/x.png", "/train/cat/y.png", "train/../cat/z.png")) {
      files.put(trick, rgbPng(9));
    }
    Path zip = write(temp.resolve("in/pets.zip"), TestFiles.zip(files));
    Path tar = write(temp.resolve("in/pets.tar"), TestFiles.tar(files));
    assertPets(read(zip));
    assertPets(read(tar));
    try (var left = Files.walk(temp)) {
      assertThat(left.filter(Files::isRegularFile)).containsExactlyInAnyOrder(zip, tar);
    }
  }

  @Test
  void bytesAfterTheEndOfATarAreIgnored() {
    byte[] tar = TestFiles.tar(pets());
    tar[tar.length - 1] = 1;
    assertPets(read(write(temp.resolve("pets.tar"), tar)));
  }

  @ParameterizedTest
  @ValueSource(bytes = {TarConstants.LF_SYMLINK, TarConstants.LF_LINK})
  void rejectsALinkInATar(byte kind) throws IOException {
    Path tar = temp.resolve("links.tar");
    try (TarArchiveOutputStream out = new TarArchiveOutputStream(Files.newOutputStream(tar))) {
      for (String name : List.of("notes/link", "train/cat/link.png")) {
        TarArchiveEntry link = new TarArchiveEntry(name, kind);
        link.setLinkName("/etc/passwd");
        out.putArchiveEntry(link);
        out.closeArchiveEntry();
      }
    }
    assertRejected(() -> read(tar), tar + "!train/cat/link.png must be a file, but is a link");
  }

  @ParameterizedTest
  @ValueSource(ints = {600, 1536, 5400, 7680, 9216})
  void rejectsATruncatedTar(int length) {
    Map<String, byte[]> files = pets();
    // Images end with as many zeros as a tar does.
    files.replaceAll((name, image) -> Arrays.copyOf(image, 1024));
    byte[] cut = Arrays.copyOf(TestFiles.tar(files), length);
    Path tar = write(temp.resolve("pets.tar"), cut);
    assertThatThrownBy(() -> read(tar))
        .isExactlyInstanceOf(InputException.class)
        .hasMessageStartingWith(tar + " cannot be read: ");
    Path packed = write(temp.resolve("pets.tar.gz"), TestFiles.gzip(cut));
    assertThatThrownBy(() -> read(packed))
        .isExactlyInstanceOf(InputException.class)
        .hasMessageStartingWith(packed + " cannot be read: ");
  }

  @Test
  void rejectsAMissingFile() {
    Path none = temp.resolve("none.zip");
    assertRejected(() -> read(none), none + " cannot be read: no such file or folder");
  }
}
