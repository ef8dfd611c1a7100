package org.noisylr.train.data.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.noisylr.train.InputErrors.assertRejected;
import static org.noisylr.train.TestFiles.concat;
import static org.noisylr.train.TestFiles.encode;
import static org.noisylr.train.TestFiles.gzip;
import static org.noisylr.train.TestFiles.idx;
import static org.noisylr.train.TestFiles.jpeg;
import static org.noisylr.train.TestFiles.png;
import static org.noisylr.train.TestFiles.random;
import static org.noisylr.train.TestFiles.tar;
import static org.noisylr.train.TestFiles.write;
import static org.noisylr.train.TestFiles.zip;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.noisylr.train.data.Dataset;
import org.noisylr.train.data.ExampleSet;
import org.noisylr.train.data.ImageDataset;

/** What is said of a user's files that are left out, converted, or arranged in another way. */
class OwnDataTest {
  private static final String FORMATS =
      "; a dataset is a folder or archive, for instance of images in";

  @TempDir Path temp;

  private static byte[] image(int seed) {
    return png(9, 8, random(3 * 72, seed));
  }

  private static Map<String, byte[]> pets() {
    return new TreeMap<>(
        Map.of(
            "train/cat/a.png", image(1),
            "train/dog/a.png", image(2),
            "test/cat/a.png", image(3),
            "test/dog/a.png", image(4)));
  }

  /** The same files in a folder, a zip and a tar. */
  private List<Path> places(Map<String, byte[]> files) {
    return List.of(
        write(temp.resolve("pets"), files),
        write(temp.resolve("pets.zip"), zip(files)),
        write(temp.resolve("pets.tar"), tar(files)));
  }

  private static List<String> notes(Path place) {
    Notes.LOGGED.clear();
    Dataset data = Datasets.open(place.toString());
    assertThat(data.classNames()).containsExactly("cat", "dog");
    List<String> notes = new ArrayList<>(Notes.LOGGED);
    Datasets.open(place.toString());
    assertThat(Notes.LOGGED).hasSameSizeAs(notes);
    return notes;
  }

  @Test
  void everyKindOfSkippedFileIsCountedOnce() {
    Map<String, byte[]> files = pets();
    for (String name :
        List.of(
            "train/cat/b.webp",
            "train/dog/b.WEBP",
            "test/cat/labels.txt",
            "train/cat/more/c.png",
            "test/x.jpg",
            "extra/cat/d.png",
            "val/cat/e.png",
            // Without a word:
            ".DS_Store",
            "README.txt",
            "train/cat/.hidden.png",
            "train/cat/Thumbs.db",
            "__MACOSX/train/cat/a.png")) {
      files.put(name, new byte[1]);
    }
    for (Path place : places(files)) {
      assertThat(notes(place))
          .containsExactlyInAnyOrder(
              "3 files of %s are skipped: neither JPEG nor PNG (2 .webp, 1 .txt), first: test/cat/labels.txt; convert images to PNG to use them"
                  .formatted(place),
              "3 images of %s are skipped: not in train/CLASS or test/CLASS (2 .png, 1 .jpg), first: extra/cat/d.png; move images there to use them"
                  .formatted(place),
              "1 image of %s is skipped: test/ has the test images (1 .png), first: val/cat/e.png"
                  .formatted(place));
    }
  }

  @Test
  void everyKindOfConversionIsCountedOnce() {
    Map<String, byte[]> files = pets();
    files.put("train/cat/b.png", png(9, 8, random(72, 5)));
    files.put("test/dog/b.png", png(9, 8, random(72, 6)));
    files.put(
        "train/dog/c.png", encode(new BufferedImage(9, 8, BufferedImage.TYPE_INT_ARGB), "png"));
    files.put(
        "train/dog/d.png", encode(new BufferedImage(9, 8, BufferedImage.TYPE_USHORT_GRAY), "png"));
    for (Path place : places(files)) {
      assertThat(notes(place))
          .containsExactlyInAnyOrder(
              "4 of 8 images of %s are grey and read as colour, first: train/cat/b.png"
                  .formatted(place),
              "1 of 8 images of %s is transparent in parts and read as opaque, first: train/dog/c.png"
                  .formatted(place),
              "1 of 8 images of %s is of 16 bits a sample and rounded to 8, first: train/dog/d.png"
                  .formatted(place));
    }
  }

  @Test
  void opaqueAlphaAndPlainImagesAreNotMentioned() {
    Map<String, byte[]> files = pets();
    BufferedImage opaque = new BufferedImage(9, 8, BufferedImage.TYPE_INT_ARGB);
    for (int i = 0; i < 72; i++) {
      opaque.setRGB(i % 9, i / 9, 0xff000000 | i);
    }
    files.put("train/cat/b.png", encode(opaque, "png"));
    files.put("train/cat/c.jpg", jpeg(9, 8, random(3 * 72, 7)));
    for (Path place : places(files)) {
      assertThat(notes(place)).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"val", "valid", "validation"})
  void aValidationFolderReplacesAMissingTestFolder(String name) {
    Map<String, byte[]> files = pets();
    files.keySet().removeIf(file -> file.startsWith("test/"));
    files.put(name + "/cat/a.png", image(3));
    files.put(name + "/dog/a.png", image(4));
    for (Path place : places(files)) {
      assertThat(notes(place))
          .containsExactly(
              "%s: the test images are those in %s/, because test/ has none"
                  .formatted(place, name));
      ImageDataset data = (ImageDataset) Datasets.open(place.toString());
      assertThat(data.test().pixels()).isEqualTo(concat(random(3 * 72, 3), random(3 * 72, 4)));
    }
  }

  @Test
  void aTestFolderWithoutClassesIsReplacedToo() {
    Map<String, byte[]> files = pets();
    files.keySet().removeIf(file -> file.startsWith("test/"));
    files.put("val/cat/a.png", image(3));
    files.put("val/dog/a.png", image(4));
    files.put("test/1.png", image(5));
    for (Path place : places(files)) {
      assertThat(notes(place))
          .containsExactlyInAnyOrder(
              place + ": the test images are those in val/, because test/ has none",
              "1 image of %s is skipped: not in train/CLASS or val/CLASS (1 .png), first: test/1.png; move images there to use them"
                  .formatted(place));
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "a/set/train/cat/a.png a/set/test/cat/a.png b.txt c/d.txt | has its images too deep, in a/set: ",
        "cat/a.png dog/a.png dog/b.png | has images in the folders cat, dog, but neither train/ nor test/: move the class folders to train/, and a part of the images of each to test/CLASS/",
        "train/cat/a.png old/train/cat/a.png | has no test images in test/CLASS/ or val/CLASS/: move a part of the images of each class from train/ to test/",
        "test/cat/a.png x.txt | has no training images in train/CLASS/",
        "train/a.png test/b.png | has images in train/ or test/, but not in class folders: move them to train/CLASS/ and test/CLASS/",
        "a.png b.jpg | has 2 images, the first a.png, but not in class folders; images are read from train/CLASS/*.jpg or *.png and test/CLASS/*",
        "train/joy/a.txt train/anger/b.txt test/joy/c.txt | has texts in the class folders anger, joy, but texts are read from pos and neg only: train/pos/*.txt, train/neg/*.txt, test/pos/*.txt and test/neg/*.txt",
        "a.webp b.csv c.csv | has no JPEG or PNG image, but 3 other files (2 .csv, 1 .webp)"
            + FORMATS,
      })
  void theErrorSaysWhatIsThereAndWhatIsMissing(String names, String message) {
    Map<String, byte[]> files = new TreeMap<>();
    for (String name : names.split(" ")) {
      files.put(name, name.endsWith("g") ? image(1) : new byte[] {'a'});
    }
    for (Path place : places(files)) {
      assertThat(error(place)).startsWith(place + " " + message);
    }
  }

  private static String error(Path place) {
    try {
      Datasets.open(place.toString());
    } catch (org.noisylr.check.InputException e) {
      return e.getMessage();
    }
    return "";
  }

  @Test
  void theFolderThatIsTooDeepIsNamed() {
    Path place = write(temp, Map.of("x/a/train/c/1.png", image(1), "y.txt", new byte[1]));
    assertRejected(
        () -> Datasets.open(place.toString()),
        place + " has its images too deep, in x/a: give the folder " + place.resolve("x/a"));
  }

  @Test
  void aLoopInAFolderWithoutDataDoesNotHideWhatIsThere() throws IOException {
    Path folder = write(temp.resolve("x"), Map.of("a/b.csv", new byte[1], "c.csv", new byte[1]));
    Files.createSymbolicLink(folder.resolve("a/loop"), folder);
    assertThat(error(folder))
        .startsWith(folder + " has no JPEG or PNG image, but 2 other files (2 .csv)");
  }

  @Test
  void classesCalledPosAndNegMayHoldImages() {
    Map<String, byte[]> files = new TreeMap<>();
    for (String folder : List.of("train/pos", "train/neg", "test/pos", "test/neg")) {
      files.put(folder + "/1.png", image(1));
    }
    for (Path place : places(files)) {
      assertThat(Datasets.open(place.toString()).classNames()).containsExactly("neg", "pos");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "x.h5 | 894844460d0a1a0a00 | an HDF5 file",
        "x.parquet | 5041523115 | a Parquet file",
        "x.npy | 934e554d50590100 | a NumPy array",
        "x.csv | 612c620a | a text file (.csv)",
        "x.png | 89504e470d0a1a0a | a single PNG image",
        "x.rar | 526172211a0700 | a RAR archive",
        "x.bin | 99999999 | a file of an unknown kind",
        "x.pkl | 80049500 | a Python pickle"
      })
  void aFileOfAnotherKindIsNamed(String name, String start, String kind) {
    Path file = write(temp.resolve(name), java.util.HexFormat.of().parseHex(start));
    assertThat(error(file)).startsWith(file + " is " + kind + ", not a dataset; a dataset is");
  }

  @Test
  void anArchiveOfArraysIsNamed() {
    Path file =
        write(temp.resolve("x.npz"), zip(Map.of("x.npy", new byte[1], "y.npy", new byte[1])));
    assertThat(error(file))
        .startsWith(file + " is an archive of NumPy arrays, not a dataset; a dataset is");
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aSingleFileOfADatasetLeadsToItsFolder(boolean compressed) {
    byte[] images = idx(0x0803, new int[] {1, 1, 1}, new byte[1]);
    String name = "train-images-idx3-ubyte" + (compressed ? ".gz" : "");
    Path file = write(temp.resolve("digits").resolve(name), compressed ? gzip(images) : images);
    assertThat(error(file))
        .isEqualTo(
            "%s is %s; to read the dataset around it, give its folder, %s"
                .formatted(
                    file,
                    compressed ? "compressed with gzip, but not a tar" : "an IDX file of images",
                    file.getParent()));
  }

  @Test
  void otherFilesBesideReviewsAreCounted() {
    Map<String, byte[]> files = new TreeMap<>();
    for (String name :
        List.of(
            "train/pos/1.txt",
            "train/neg/1.txt",
            "test/pos/1.txt",
            "test/neg/1.txt",
            "train/pos/2.md",
            "train/neutral/1.txt",
            "train/unsup/1.txt",
            "train/labeledBow.feat")) {
      files.put(name, "text".getBytes(StandardCharsets.UTF_8));
    }
    for (Path place :
        List.of(write(temp.resolve("texts"), files), write(temp.resolve("t.tar"), tar(files)))) {
      Notes.LOGGED.clear();
      Datasets.open(place.toString());
      assertThat(Notes.LOGGED)
          .containsExactly(
              "2 files of %s are skipped: not pos/*.txt or neg/*.txt (1 .md, 1 .txt), first: train/neutral/1.txt"
                  .formatted(place));
    }
  }

  @Test
  void manySizesAreCounted() {
    Map<String, byte[]> files = pets();
    files.put("train/cat/a.png", png(4, 8, random(96, 1)));
    files.put("train/dog/a.png", png(5, 8, random(120, 1)));
    files.put("test/cat/a.png", png(6, 8, random(144, 1)));
    Path folder = write(temp.resolve("pets"), files);
    assertThat(error(folder))
        .isEqualTo(
            "%s must have images of one size, but 4 images have 4 sizes, for instance 4 x 8 (%s) and 5 x 8 (%s) (width x height); give --resize N to bring all to N x N"
                .formatted(
                    folder, folder.resolve("train/cat/a.png"), folder.resolve("train/dog/a.png")));
  }

  @Test
  void imagesOfAnySizeAreResized() {
    Map<String, byte[]> files = pets();
    files.put("train/cat/b.png", png(40, 31, random(40 * 31, 5)));
    for (Path place : places(files)) {
      ImageDataset data = (ImageDataset) Datasets.open(place.toString(), 8);
      assertThat(data.resize()).isEqualTo(8);
      assertThat(data.preprocessing().resize()).isEqualTo(8);
      assertThat(data.subset(1, 1).resize()).isEqualTo(8);
      assertThat(List.of(data.train().channels(), data.train().height(), data.train().width()))
          .containsExactly(3, 8, 8);
      try (Resizer resizer = new Resizer(8)) {
        assertThat(data.test().select(ExampleSet.first(1)).pixels())
            .isEqualTo(resizer.decode("x", files.get("test/cat/a.png")).planes());
      }
    }
  }

  @Test
  void onlyImagesInClassFoldersAreResized() {
    for (String name : List.of("fashion-mnist-mini", "cifar10", "generated:cifar10")) {
      assertRejected(
          () -> Datasets.open(name, 8),
          "resize requires a folder or archive of images, but the data is " + name);
    }
    for (int resize : new int[] {0, 7, 513}) {
      assertRejected(
          () -> Datasets.open("x", resize), "resize must be in [8, 512], but is " + resize);
    }
  }

  @Test
  void namesThatTheLocaleCannotRepresentAreRejected() {
    String lost = "train/\uFFFD\uFFFD";
    assertThat(SystemLocale.checked(lost, "UTF-8")).isEqualTo(lost);
    assertThat(SystemLocale.checked("train/é", "ISO-8859-1")).isEqualTo("train/é");
    assertRejected(
        () -> SystemLocale.checked(lost, "ANSI_X3.4-1968"),
        lost
            + " has characters that the locale (ANSI_X3.4-1968) cannot represent; set the environment variable LC_ALL to C.UTF-8");
  }
}
