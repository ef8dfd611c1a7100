package org.noisylr.train.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class VocabularyTest {
  private static final List<String> TEXTS =
      List.of("The cat, the dog & THE fish.", "A cat<br />\n\tdog-fish dog's");

  @Test
  void wordsAreLowerCaseWithoutPunctuationAndWithApostrophes() {
    assertThat(Vocabulary.words(TEXTS.get(0)))
        .containsExactly("the", "cat", "the", "dog", "the", "fish");
    assertThat(Vocabulary.words(TEXTS.get(1)))
        .containsExactly("a", "cat", "br", "dog", "fish", "dog's");
    assertThat(Vocabulary.words("!\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~ \t\n")).isEmpty();
    assertThat(Vocabulary.words("\u00c9t\u00e9")).containsExactly("\u00e9t\u00e9");
  }

  @Test
  void theMostFrequentWordHasToken4AndTiesAreSortedByCharacters() {
    // the 3; cat, dog, fish 2; a, br, dog's 1
    Vocabulary vocabulary = new Vocabulary(TEXTS, 100);
    assertThat(vocabulary.encode("the cat dog fish a br dog's", 8))
        .containsExactly(1, 4, 5, 6, 7, 8, 9, 10);
  }

  @Test
  void unknownWordsAndWordsBeyondTheVocabularyAreToken2() {
    Vocabulary vocabulary = new Vocabulary(TEXTS, 6);
    assertThat(vocabulary.encode("the cat dog bird", 5)).containsExactly(1, 4, 5, 2, 2);
  }

  @Test
  void shortTextsArePaddedAtTheFrontAndLongTextsLoseTheirStart() {
    Vocabulary vocabulary = new Vocabulary(TEXTS, 100);
    assertThat(vocabulary.encode("the cat", 5)).containsExactly(0, 0, 1, 4, 5);
    assertThat(vocabulary.encode("the cat", 3)).containsExactly(1, 4, 5);
    assertThat(vocabulary.encode("the cat", 2)).containsExactly(4, 5);
    assertThat(vocabulary.encode("the cat", 1)).containsExactly(5);
    assertThat(vocabulary.encode("", 2)).containsExactly(0, 1);
  }

  @Test
  void impossibleSizesAreRejected() {
    assertThatThrownBy(() -> new Vocabulary(TEXTS, 3))
        .hasMessage("vocabulary must be at least 4, but is 3");
    assertThatThrownBy(() -> new Vocabulary(TEXTS, 4).encode("a", 0))
        .hasMessage("length must be at least 1, but is 0");
  }
}
