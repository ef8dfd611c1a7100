package org.noisylr.train.data.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.noisylr.train.InputErrors.assertRejected;
import static org.noisylr.train.TestFiles.tar;
import static org.noisylr.train.TestFiles.tarGz;
import static org.noisylr.train.TestFiles.write;
import static org.noisylr.train.TestFiles.xz;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.noisylr.train.data.TextDataset;
import org.noisylr.train.data.TextSet;

class ImdbTest {
  @TempDir Path temp;

  private static Map<String, byte[]> reviews() {
    Map<String, byte[]> files = new TreeMap<>();
    put(files, "train/neg/0_1.txt", "bad bad bad");
    put(files, "train/neg/1_2.txt", "dull");
    put(files, "train/pos/0_9.txt", "good, bad");
    put(files, "train/unsup/0_0.txt", "never counted never counted never");
    put(files, "train/labeledBow.feat", "9 0:9");
    put(files, "test/neg/0_3.txt", "good dull new");
    put(files, "test/pos/0_8.txt", "good");
    put(files, "test/pos/1_8.txt", "dull");
    put(files, "README", "x");
    return files;
  }

  private static void put(Map<String, byte[]> files, String name, String text) {
    files.put("aclImdb/" + name, text.getBytes(StandardCharsets.UTF_8));
  }

  /** Ranks: bad 1, dull 2, good 3. */
  private static void assertRead(TextDataset dataset) {
    assertThat(dataset.name()).isEqualTo("imdb");
    assertThat(dataset.classNames()).containsExactly("neg", "pos");
    assertThat(dataset.vocabulary()).isEqualTo(50);
    assertThat(dataset.train().labels()).containsExactly(0, 1, 0);
    assertThat(dataset.train().tokens()).containsExactly(1, 4, 4, 4, 0, 1, 6, 4, 0, 0, 1, 5);
    assertThat(dataset.test().labels()).containsExactly(0, 1, 1);
    assertThat(dataset.test().tokens()).containsExactly(1, 6, 5, 2, 0, 0, 1, 6, 0, 0, 1, 5);
  }

  @Test
  void readsAFolderOrOneInAFolder() {
    write(temp, reviews());
    assertRead(Imdb.read(temp, 50, 4));
    assertRead(Imdb.read(temp.resolve("aclImdb"), 50, 4));
    assertThat(Imdb.isIn(temp.resolve("aclImdb"))).isTrue();
    assertThat(Imdb.isIn(temp)).isFalse();
  }

  @Test
  void readsTarGzAndTarXz() {
    assertRead(Imdb.read(write(temp.resolve("a.tar.gz"), tarGz(reviews())), 50, 4));
    assertRead(Imdb.read(write(temp.resolve("a.tar.xz"), xz(tar(reviews()))), 50, 4));
  }

  private void assertReviewsRejected(Map<String, byte[]> files, String message) {
    Path archive = write(temp.resolve("a.tar.gz"), tarGz(files));
    assertRejected(() -> Imdb.read(archive, 50, 4), archive + message);
  }

  @Test
  void aMissingClassIsRejected() {
    Map<String, byte[]> files = reviews();
    files.remove("aclImdb/test/neg/0_3.txt");
    assertReviewsRejected(files, " must have reviews test/neg/*.txt, but has none");
  }

  @Test
  void aTruncatedArchiveIsRejected() {
    byte[] gz = tarGz(reviews());
    Path cut = write(temp.resolve("cut.tar.gz"), Arrays.copyOf(gz, gz.length / 2));
    assertRejected(
        () -> Imdb.read(cut, 50, 4), cut + " cannot be read: it is truncated or damaged");
    byte[] xz = xz(tar(reviews()));
    Path cutXz = write(temp.resolve("cut.tar.xz"), Arrays.copyOf(xz, xz.length - 20));
    assertRejected(
        () -> Imdb.read(cutXz, 50, 4), cutXz + " cannot be read: it is truncated or damaged");
  }

  @Test
  void aFileThatIsNotATarIsRejected() {
    Path file = write(temp.resolve("a.zip"), new byte[] {'P', 'K', 3, 4, 5, 6});
    assertRejected(() -> Imdb.read(file, 50, 4), file + " must be a tar, tar.gz or tar.xz");
  }

  @Test
  void aReviewLongerThanAMegabyteIsRejected() {
    Map<String, byte[]> files = reviews();
    files.put("aclImdb/train/pos/7_7.txt", new byte[(1 << 20) + 1]);
    assertReviewsRejected(
        files, "!aclImdb/train/pos/7_7.txt must have at most 1048576 bytes, but has more");
  }

  @Test
  void aSubsetHasTheFirstTexts() {
    write(temp, reviews());
    TextDataset subset = Imdb.read(temp, 50, 4).subset(2, 3);
    assertThat(subset.train().tokens()).containsExactly(1, 4, 4, 4, 0, 1, 6, 4);
    assertThat(subset.test().count()).isEqualTo(3);
    assertRejected(() -> subset.subset(3, 1), "subset must be in [1, 2], but is 3");
  }

  @Test
  void tokensOutsideTheVocabularyAndWrongSizesAreRejected() {
    TextSet set = new TextSet(new int[] {3, 4}, new int[] {0}, 2);
    assertRejected(
        () -> new TextDataset("x", java.util.List.of("a"), 4, java.util.List.of(), set, set),
        "x, training texts: token must be in [0, 3], but is 4");
    assertRejected(
        () -> new TextSet(new int[3], new int[] {0}, 2),
        "tokens must have 1 x 2 values, but have 3");
    assertRejected(
        () -> new TextSet(new int[0], new int[0], 2),
        "number of texts must be at least 1, but is 0");
  }
}
