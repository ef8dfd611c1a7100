package org.noisylr.train.data.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.noisylr.train.InputErrors.assertRejected;
import static org.noisylr.train.TestFiles.gzip;
import static org.noisylr.train.TestFiles.idx;
import static org.noisylr.train.TestFiles.png;
import static org.noisylr.train.TestFiles.random;
import static org.noisylr.train.TestFiles.tarGz;
import static org.noisylr.train.TestFiles.write;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.noisylr.train.TestFiles;
import org.noisylr.train.data.ImageDataset;

class DatasetsTest {
  @TempDir Path temp;

  private static Map<String, byte[]> idxFiles() {
    return Map.of(
        "train-images-idx3-ubyte.gz", gzip(idx(0x0803, new int[] {2, 1, 2}, random(4, 1))),
        "train-labels-idx1-ubyte.gz", gzip(idx(0x0801, new int[] {2}, new byte[] {9, 0})),
        "t10k-images-idx3-ubyte.gz", gzip(idx(0x0803, new int[] {1, 1, 2}, random(2, 2))),
        "t10k-labels-idx1-ubyte.gz", gzip(idx(0x0801, new int[] {1}, new byte[] {3})));
  }

  private static Map<String, byte[]> cifar10Files() {
    Map<String, byte[]> files = new TreeMap<>();
    for (String batch : Cifar.CIFAR10.files().filter(name -> name.endsWith(".bin")).toList()) {
      files.put(batch, new byte[3073]);
    }
    files.put("batches.meta.txt", "a b c d e f g h i j".replace(' ', '\n').getBytes());
    return files;
  }

  private static Map<String, byte[]> cifar100Files() {
    StringBuilder names = new StringBuilder();
    for (int i = 0; i < 100; i++) {
      names.append(i).append('\n');
    }
    return Map.of(
        "train.bin", new byte[3074],
        "test.bin", new byte[3074],
        "fine_label_names.txt", names.toString().getBytes(StandardCharsets.UTF_8));
  }

  private static Map<String, byte[]> imageFiles() {
    return Map.of(
        "train/a/1.png", png(2, 2, random(12, 1)),
        "test/a/1.png", png(2, 2, random(12, 2)));
  }

  private ImageDataset open(Object nameOrPath) {
    return (ImageDataset) Datasets.open(nameOrPath.toString(), temp.resolve("home"));
  }

  @Test
  void theDataHomeIsTheVariableOrAFolderInTheUsersHome() {
    assertThat(Datasets.dataHome("/big/data", "/home/u")).isEqualTo(Path.of("/big/data"));
    assertThat(Datasets.dataHome(null, "/home/u")).isEqualTo(Path.of("/home/u/.noisylr/data"));
    assertThat(Datasets.dataHome(" ", "/home/u")).isEqualTo(Path.of("/home/u/.noisylr/data"));
    assertRejected(
        () -> Datasets.dataHome("a\0b", "/home/u"), "NOISYLR_DATA must be a path, but is a b");
  }

  @Test
  void opensNamedIdxDatasetsFromTheDataHome() {
    write(temp.resolve("home/mnist"), idxFiles());
    write(temp.resolve("home/fashion-mnist/raw"), idxFiles());
    assertThat(open("mnist").classNames()).containsExactly("0 1 2 3 4 5 6 7 8 9".split(" "));
    assertThat(open("mnist").train().pixels()).isEqualTo(random(4, 1));
    assertThat(open("fashion-mnist").classNames())
        .hasSize(10)
        .startsWith("T-shirt/top", "Trouser")
        .endsWith("Ankle boot");
    assertThat(open("fashion-mnist").name()).isEqualTo("fashion-mnist");
  }

  @Test
  void opensNamedCifarDatasetsFromTheDataHome() {
    write(temp.resolve("home/cifar10/cifar-10-batches-bin"), cifar10Files());
    write(temp.resolve("home/cifar100/cifar-100-binary.tar.gz"), tarGz(cifar100Files()));
    assertThat(open("cifar10").train().count()).isEqualTo(5);
    assertThat(open("cifar100").classNames()).hasSize(100);
  }

  @ParameterizedTest
  @ValueSource(strings = {"mnist", "fashion-mnist"})
  void namesTheExpectedPlaceOfIdxFiles(String name) {
    assertRejected(
        () -> open(name),
        "dataset %s must be in %s, but is missing; run 'noisylr data fetch %s', copy train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte (plain or .gz) there, set NOISYLR_DATA to the folder that contains the folder %s, or give a path instead of the name"
            .formatted(name, temp.resolve("home").resolve(name), name, name));
  }

  @Test
  void namesTheExpectedPlaceOfCifar() throws IOException {
    Files.createDirectories(temp.resolve("home/cifar100"));
    for (String name : new String[] {"cifar10", "cifar100"}) {
      assertRejected(
          () -> open(name),
          "dataset %s must be in %s, but is missing; run 'noisylr data fetch %s', copy %s or the files in it there, set NOISYLR_DATA to the folder that contains the folder %s, or give a path instead of the name"
              .formatted(
                  name,
                  temp.resolve("home").resolve(name),
                  name,
                  name.replace("cifar", "cifar-") + "-binary.tar.gz",
                  name));
    }
  }

  @Test
  void namesTheFileThatIsMissingInTheDataHome() {
    Map<String, byte[]> files = new TreeMap<>(idxFiles());
    files.remove("t10k-labels-idx1-ubyte.gz");
    Path folder = write(temp.resolve("home/mnist"), files);
    assertRejected(
        () -> open("mnist"),
        folder + " must have the IDX file t10k-labels-idx1-ubyte or t10k-labels-idx1-ubyte.gz");
  }

  @Test
  void recognisesFolders() {
    assertThat(open(write(temp.resolve("digits"), idxFiles())).name()).isEqualTo("digits");
    assertThat(open(write(temp.resolve("c10"), cifar10Files())).name()).isEqualTo("cifar10");
    assertThat(open(write(temp.resolve("c100"), cifar100Files())).name()).isEqualTo("cifar100");
    assertThat(open(write(temp.resolve("pictures"), imageFiles())).name()).isEqualTo("pictures");
  }

  @Test
  void recognisesDatasetsInAnOuterFolder() {
    write(temp.resolve("digits/raw"), idxFiles());
    write(temp.resolve("c10/cifar-10-batches-bin"), cifar10Files());
    write(temp.resolve("pictures/all"), imageFiles());
    write(temp.resolve("pictures/.DS_Store"), new byte[1]);
    assertThat(open(temp.resolve("digits")).name()).isEqualTo("digits");
    assertThat(open(temp.resolve("c10")).name()).isEqualTo("cifar10");
    assertThat(open(temp.resolve("pictures")).name()).isEqualTo("pictures");
  }

  @Test
  void recognisesArchivesByContent() {
    assertThat(open(write(temp.resolve("x.zip"), TestFiles.zip(imageFiles()))).name())
        .isEqualTo("x");
    byte[] tar = TestFiles.tar(imageFiles());
    assertThat(open(write(temp.resolve("x.tar"), tar)).name()).isEqualTo("x");
    assertThat(open(write(temp.resolve("x.tar.gz"), gzip(tar))).name()).isEqualTo("x");
    assertThat(open(write(temp.resolve("x.tgz"), gzip(tar))).name()).isEqualTo("x");
    assertThat(open(write(temp.resolve("x.y.tar.xz"), TestFiles.xz(tar))).name()).isEqualTo("x.y");
    assertThat(open(write(temp.resolve("y.bin"), tarGz(cifar10Files()))).name())
        .isEqualTo("cifar10");
    assertThat(open(write(temp.resolve("z"), tarGz(cifar100Files()))).name()).isEqualTo("cifar100");
  }

  @ParameterizedTest
  @ValueSource(strings = {"nonsense", "", "  "})
  void rejectsWhatIsNeitherNameNorPath(String nameOrPath) {
    assertRejected(
        () -> open(nameOrPath),
        "data must be one of fashion-mnist-mini, fashion-mnist, mnist, cifar10, cifar100, svhn, imdb, voc2012, or the path of a dataset, but is \"%s\""
            .formatted(nameOrPath));
  }

  @Test
  void rejectsAnImpossiblePath() {
    assertRejected(
        () -> open("a\0b"),
        "data must be one of fashion-mnist-mini, fashion-mnist, mnist, cifar10, cifar100, svhn, imdb, voc2012, or the path of a dataset, but is \"a b\"");
  }

  @ParameterizedTest
  @ValueSource(strings = {"./nope.zip", "no/such/folder", "nope.tar"})
  void saysThatThereIsNoSuchFile(String path) {
    assertRejected(() -> open(path), path + " cannot be read: no such file or folder");
  }

  @Test
  void saysWhatADatasetIsIfNoneIsRecognised() throws IOException {
    Path empty = Files.createDirectory(temp.resolve("empty"));
    Path text = write(temp.resolve("text"), new byte[] {'a', 'b', 'c'});
    Path nothing = write(temp.resolve("nothing"), new byte[0]);
    Path tar = write(temp.resolve("t.tar.gz"), tarGz(Map.of("a/b.txt", new byte[3])));
    Map<Path, String> reasons =
        Map.of(
            empty, " has no visible files; ",
            text, " is a file of an unknown kind, not a dataset; ",
            nothing, " is empty, not a dataset; ",
            tar, " has no JPEG or PNG image, but 1 other file (1 .txt); ");
    reasons.forEach(
        (path, reason) ->
            assertRejected(
                () -> open(path),
                path
                    + reason
                    + "a dataset is a folder or archive, for instance of images in"
                    + " train/CLASS/*.jpg or *.png and test/CLASS/*; 'noisylr train --help' lists"
                    + " the formats"));
  }

  @Test
  void rejectsATruncatedZip() {
    Path zip = write(temp.resolve("x.zip"), new byte[] {'P', 'K', 3, 4, 0});
    assertRejected(
        () -> open(zip), zip + " cannot be read: it is damaged (zip END header not found)");
  }
}
