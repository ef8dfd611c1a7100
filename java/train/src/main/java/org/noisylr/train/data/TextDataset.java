package org.noisylr.train.data;

import java.util.List;
import org.bytedeco.pytorch.Device;
import org.noisylr.check.Check;
import org.noisylr.check.InputException;

/**
 * A dataset of texts with one class each.
 *
 * @param name the name of the dataset in reports
 * @param classNames the class with index i is {@code classNames.get(i)}
 * @param vocabulary the number of tokens: they are 0 … {@code vocabulary} − 1
 * @param words the words in the order of their tokens, the first of which is 4; empty if unknown
 * @param train training texts
 * @param test test texts of the same length
 */
public record TextDataset(
    String name,
    List<String> classNames,
    int vocabulary,
    List<String> words,
    TextSet train,
    TextSet test)
    implements Dataset {
  /**
   * Validates the values.
   *
   * @throws InputException if a label has no class name, a token is outside the vocabulary, or the
   *     two sets differ in length
   */
  public TextDataset {
    classNames = List.copyOf(classNames);
    words = List.copyOf(words);
    check(name + ", training texts", train, classNames, vocabulary);
    check(name + ", test texts", test, classNames, vocabulary);
    if (train.length() != test.length()) {
      throw new InputException(
          "%s: test texts must have %d tokens like the training texts, but have %d"
              .formatted(name, train.length(), test.length()));
    }
  }

  private static void check(String where, TextSet set, List<String> classNames, int vocabulary) {
    Labels.check(where, set.labels(), classNames.size());
    for (int token : set.tokens()) {
      Check.within(where + ": token", token, 0, vocabulary - 1);
    }
  }

  @Override
  public Kind kind() {
    return Kind.TEXTS;
  }

  @Override
  public TextDataset subset(int trainTexts, int testTexts) {
    train.checkCount("subset", trainTexts);
    test.checkCount("test subset", testTexts);
    return new TextDataset(
        name,
        classNames,
        vocabulary,
        words,
        train.select(ExampleSet.first(trainTexts)),
        test.select(ExampleSet.first(testTexts)));
  }

  @Override
  public Split split(int[] kept, int[] held) {
    TextSet rest = train.select(kept);
    return new Split(
        new TextDataset(name, classNames, vocabulary, words, rest, test),
        new TextDataset(name, classNames, vocabulary, words, rest, train.select(held)));
  }

  @Override
  public Preprocessing.Texts preprocessing() {
    return new Preprocessing.Texts(vocabulary, train.length(), words);
  }

  @Override
  public Examples testOn(Device device, Preprocessing preprocessing) {
    if (!preprocessing.equals(preprocessing())) {
      throw new InputException(name + " has other words than the model was trained on");
    }
    return onDevice(test, device);
  }

  @Override
  public OnDevice on(Device device, Augmentation augmentation) {
    check(augmentation);
    return new OnDevice(onDevice(train, device), onDevice(test, device));
  }

  private Examples onDevice(TextSet set, Device device) {
    return new DeviceExamples(
        DeviceExamples.copy(set.tokens(), device, set.count(), set.length()),
        DeviceExamples.copy(set.labels(), device, set.count()),
        classNames.size(),
        device);
  }
}
