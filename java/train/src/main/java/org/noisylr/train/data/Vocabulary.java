package org.noisylr.train.data;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.noisylr.check.Check;
import org.noisylr.check.InputException;

/**
 * Encodes texts as tokens by the rules of Keras' IMDb data.
 *
 * <p>A text is converted to lower case and split at white space and at each of {@code
 * !"#$%&()*+,-./:;<=>?@[\]^_`{|}~}. Words are ranked by their frequency in the training texts, then
 * by their characters; the most frequent word has rank 1. The token of a word is its rank plus 3,
 * or 2 if the word is unknown or its token is not in the vocabulary. A text starts with token 1. A
 * long text keeps its last tokens; a short one is padded with 0 at the front.
 */
public final class Vocabulary {
  /** Starts a text. */
  private static final int START = 1;

  /** Replaces a word outside the vocabulary. */
  private static final int UNKNOWN = 2;

  private static final int RANK_TO_TOKEN = 3;
  private static final String SEPARATORS = "!\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~";

  private final Map<String, Integer> tokens = new HashMap<>();

  /**
   * Ranks the words of texts.
   *
   * @param texts the training texts
   * @param size the number of tokens, at least 4: they are 0 … {@code size} − 1
   */
  public Vocabulary(Iterable<String> texts, int size) {
    Check.atLeast("vocabulary", size, RANK_TO_TOKEN + 1);
    Map<String, Integer> counts = new HashMap<>();
    for (String text : texts) {
      for (String word : words(text)) {
        counts.merge(word, 1, Integer::sum);
      }
    }
    List<String> ranked = new ArrayList<>(counts.keySet());
    ranked.sort(
        Comparator.comparing((String word) -> counts.get(word), Comparator.reverseOrder())
            .thenComparing(Comparator.naturalOrder()));
    for (int rank = 1; rank <= ranked.size() && rank + RANK_TO_TOKEN < size; rank++) {
      tokens.put(ranked.get(rank - 1), rank + RANK_TO_TOKEN);
    }
  }

  /**
   * Restores a vocabulary from its {@link #words}.
   *
   * @throws InputException if a word repeats
   */
  public Vocabulary(List<String> words) {
    for (String word : words) {
      if (tokens.put(word, tokens.size() + RANK_TO_TOKEN + 1) != null) {
        throw new InputException("words must be distinct, but '%s' repeats".formatted(word));
      }
    }
  }

  /** Returns the words in the order of their tokens. */
  public List<String> words() {
    return tokens.entrySet().stream()
        .sorted(Map.Entry.comparingByValue())
        .map(Map.Entry::getKey)
        .toList();
  }

  /**
   * Encodes a text.
   *
   * @param length the number of tokens, at least 1
   */
  public int[] encode(String text, int length) {
    Check.atLeast("length", length, 1);
    List<String> words = words(text);
    int[] encoded = new int[length];
    // START and the words end at the end of the array.
    int offset = length - words.size();
    for (int i = Math.max(0, offset); i < length; i++) {
      encoded[i] = tokens.getOrDefault(words.get(i - offset), UNKNOWN);
    }
    if (offset > 0) {
      encoded[offset - 1] = START;
    }
    return encoded;
  }

  static List<String> words(String text) {
    List<String> words = new ArrayList<>();
    String lower = text.toLowerCase(Locale.ROOT);
    int start = 0;
    for (int i = 0; i <= lower.length(); i++) {
      if (i == lower.length() || isSeparator(lower.charAt(i))) {
        if (i > start) {
          words.add(lower.substring(start, i));
        }
        start = i + 1;
      }
    }
    return words;
  }

  private static boolean isSeparator(char c) {
    return Character.isWhitespace(c) || SEPARATORS.indexOf(c) >= 0;
  }
}
