package org.noisylr.train.data.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.noisylr.train.InputErrors.assertRejected;
import static org.noisylr.train.TestFiles.jpeg;
import static org.noisylr.train.TestFiles.palettePng;
import static org.noisylr.train.TestFiles.png;
import static org.noisylr.train.TestFiles.tar;
import static org.noisylr.train.TestFiles.write;

import java.awt.image.IndexColorModel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.noisylr.check.InputException;
import org.noisylr.train.TestFiles;
import org.noisylr.train.data.SegmentationDataset;
import org.noisylr.train.data.SegmentationSet;

class VocTest {
  private static final String TOP = "VOCdevkit/VOC2012/";

  @TempDir Path temp;

  /** Training images of 4 x 3 and 2 x 5 pixels (width x height), a grey test image of 3 x 3. */
  static Map<String, byte[]> files() {
    Map<String, byte[]> files = new TreeMap<>();
    put(files, "ImageSets/Segmentation/train.txt", text("2007_000032\n2007_000039\n"));
    put(files, "ImageSets/Segmentation/val.txt", text("2007_000033\n"));
    put(files, "ImageSets/Main/train.txt", text("2007_999999\n"));
    put(files, "JPEGImages/2007_000032.jpg", jpeg(4, 3, plain(4 * 3, 200, 100, 50)));
    put(files, "SegmentationClass/2007_000032.png", mask(4, 3, 0, 0, 255, 15));
    put(files, "JPEGImages/2007_000039.jpg", jpeg(2, 5, plain(2 * 5, 100, 200, 50)));
    put(files, "SegmentationClass/2007_000039.png", mask(2, 5, 20, 255));
    put(files, "JPEGImages/2007_000033.jpg", jpeg(3, 3, plain(3 * 3, 77)));
    put(files, "SegmentationClass/2007_000033.png", mask(3, 3, 1, 2, 3));
    put(files, "SegmentationObject/2007_000033.png", text("not read"));
    return files;
  }

  private static void put(Map<String, byte[]> files, String name, byte[] content) {
    files.put(TOP + name, content);
  }

  private static byte[] text(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] plain(int size, int... colour) {
    byte[] planes = new byte[size * colour.length];
    for (int i = 0; i < planes.length; i++) {
      planes[i] = (byte) colour[i / size];
    }
    return planes;
  }

  /** A palette image whose rows all have these values. */
  private static byte[] mask(int width, int height, int... row) {
    byte[] shades = new byte[256];
    for (int i = 0; i < shades.length; i++) {
      shades[i] = (byte) (31 * i);
    }
    return palettePng(width, height, new IndexColorModel(8, 256, shades, shades, shades), row);
  }

  private static void assertRead(SegmentationDataset dataset) {
    assertThat(dataset.name()).isEqualTo("voc2012");
    assertThat(dataset.classNames()).hasSize(21).startsWith("background", "aeroplane");
    assertThat(dataset.trainCount()).isEqualTo(2);
    assertThat(dataset.testCount()).isEqualTo(1);
    SegmentationSet train = dataset.train();
    assertThat(train.height()).isEqualTo(5);
    assertThat(train.width()).isEqualTo(4);
    byte none = SegmentationSet.VOID;
    assertThat(Arrays.copyOf(train.masks(), 20))
        .containsExactly(
            0, 0, none, 15, 0, 0, none, 15, 0, 0, none, 15, none, none, none, none, none, none,
            none, none);
    assertThat(Arrays.copyOfRange(train.masks(), 20, 28))
        .containsExactly(20, none, none, none, 20, none, none, none);
    assertThat(Arrays.copyOf(dataset.test().masks(), 8))
        .containsExactly(1, 2, 3, none, 1, 2, 3, none);
    // Red is 200 in the image (JPEG is lossy); around it, the mean is (200 * 12 + 100 * 10) / 22.
    assertThat(train.pixels()[0] & 0xff).isCloseTo(200, within(3));
    assertThat(train.pixels()[12] & 0xff).isCloseTo(155, within(3));
    for (int c = 0; c < 3; c++) {
      assertThat(dataset.test().pixels()[20 * c] & 0xff).isCloseTo(77, within(2));
    }
  }

  @Test
  void readsAFolderAtEveryDepth() {
    write(temp, files());
    for (String folder : new String[] {"", "VOCdevkit", "VOCdevkit/VOC2012"}) {
      assertRead((SegmentationDataset) Datasets.open(temp.resolve(folder).toString()));
    }
  }

  @Test
  void readsATar() {
    Path file = write(temp.resolve("VOCtrainval_11-May-2012.tar"), tar(files()));
    assertRead((SegmentationDataset) Datasets.open(file.toString()));
  }

  /** Several threads read entries of many blocks at once. */
  @Test
  void aLargeTarGivesTheSameImagesAsAFolder() {
    Map<String, byte[]> files = new TreeMap<>();
    StringBuilder train = new StringBuilder();
    for (int i = 0; i < 80; i++) {
      String name = "2008_%06d".formatted(i);
      train.append(name).append('\n');
      put(files, "JPEGImages/" + name + ".jpg", jpeg(300, 200, TestFiles.random(3 * 300 * 200, i)));
      put(files, "SegmentationClass/" + name + ".png", mask(300, 200, mixed(300, i)));
    }
    put(files, "ImageSets/Segmentation/train.txt", text(train.toString()));
    put(files, "ImageSets/Segmentation/val.txt", text("2008_000007\n"));
    SegmentationDataset folder = Voc.read(write(temp.resolve("folder"), files));
    SegmentationDataset tar = Voc.read(write(temp.resolve("big.tar"), tar(files)));
    assertThat(tar.train().pixels()).isEqualTo(folder.train().pixels());
    assertThat(tar.train().masks()).isEqualTo(folder.train().masks());
  }

  private static int[] mixed(int width, int seed) {
    return new Random(seed).ints(width, 0, 21).toArray();
  }

  @Test
  void isOpenedByNameAsFolderOrTar() {
    write(temp.resolve("a/voc2012/" + Voc.ARCHIVE), tar(files()));
    assertRead((SegmentationDataset) Datasets.open("voc2012", temp.resolve("a")));
    write(temp.resolve("b/voc2012"), files());
    assertRead((SegmentationDataset) Datasets.open("voc2012", temp.resolve("b")));
    Path none = temp.resolve("none/voc2012");
    assertRejected(
        () -> Datasets.open("voc2012", temp.resolve("none")),
        "dataset voc2012 must be in "
            + none
            + ", but is missing; run 'noisylr data fetch voc2012', copy"
            + " VOCtrainval_11-May-2012.tar or the folder VOCdevkit in it there, set NOISYLR_DATA to"
            + " the folder that contains the folder voc2012, or give a path instead of the name");
  }

  private void assertFileRejected(String changed, byte[] content, String message) {
    Map<String, byte[]> files = files();
    if (content == null) {
      files.remove(TOP + changed);
    } else {
      put(files, changed, content);
    }
    Path folder = write(temp.resolve("bad"), files);
    String place = folder.resolve(TOP).toString() + "/";
    assertRejected(() -> Voc.read(folder), message.replace("@", place));
  }

  @Test
  void aMissingImageIsRejected() {
    assertFileRejected(
        "JPEGImages/2007_000033.jpg",
        null,
        "@JPEGImages/2007_000033.jpg cannot be read: no such file or folder");
  }

  @Test
  void anImageMissingInATarIsRejected() {
    Map<String, byte[]> files = files();
    files.remove(TOP + "SegmentationClass/2007_000033.png");
    Path file = write(temp.resolve("a.tar"), tar(files));
    assertRejected(
        () -> Voc.read(file),
        file
            + "!"
            + TOP
            + "SegmentationClass/2007_000033.png cannot be read: no such file or folder");
  }

  @Test
  void aMaskOfAnotherSizeIsRejected() {
    assertFileRejected(
        "SegmentationClass/2007_000033.png",
        mask(3, 2, 1, 2, 3),
        "@SegmentationClass/2007_000033.png must have 3 x 3 pixels (width x height) like"
            + " @JPEGImages/2007_000033.jpg, but has 3 x 2");
  }

  @Test
  void aMaskWithoutPaletteIsRejected() {
    assertFileRejected(
        "SegmentationClass/2007_000033.png",
        png(3, 3, plain(9, 1, 2, 3)),
        "@SegmentationClass/2007_000033.png must have a palette, but has none");
  }

  @Test
  void aClassThatDoesNotExistIsRejected() {
    assertFileRejected(
        "SegmentationClass/2007_000033.png",
        mask(3, 3, 1, 21, 3),
        "@SegmentationClass/2007_000033.png: class must be in [0, 20] or 255, but is 21");
  }

  @Test
  void aNameThatLeavesTheFolderIsRejected() {
    assertFileRejected(
        "ImageSets/Segmentation/val.txt",
        text("../../secret\n"),
        "@ImageSets/Segmentation/val.txt must list names of letters, digits, _ and -, but has"
            + " '../../secret'");
  }

  @Test
  void anEmptyOrRepeatingListIsRejected() {
    assertFileRejected(
        "ImageSets/Segmentation/val.txt",
        text("\n"),
        "@ImageSets/Segmentation/val.txt: number of images must be in [1, 20000], but is 0");
    assertFileRejected(
        "ImageSets/Segmentation/val.txt",
        text("2007_000033\n2007_000033\n"),
        "@ImageSets/Segmentation/val.txt must list each image once, but repeats one");
  }

  @Test
  void aTruncatedTarIsRejected() {
    byte[] whole = tar(files());
    Path file = write(temp.resolve("cut.tar"), Arrays.copyOf(whole, whole.length / 2));
    assertThatThrownBy(() -> Datasets.open(file.toString()))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(file + " cannot be read: ");
  }
}
