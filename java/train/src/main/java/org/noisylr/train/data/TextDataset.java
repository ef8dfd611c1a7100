package org.noisylr.train.data;

import java.util.List;
import org.bytedeco.pytorch.Device;
import org.noisylr.check.Check;
import org.noisylr.check.InputException;
import org.noisylr.train.metric.Metric;

/**
 * Texts to train on and texts to test with.
 *
 * @param name what the dataset is called in reports
 * @param classNames the class with index i is {@code classNames.get(i)}
 * @param vocabulary the number of tokens: they are 0 … {@code vocabulary} − 1
 * @param train training texts
 * @param test test texts, of the same length
 */
public record TextDataset(
    String name, List<String> classNames, int vocabulary, TextSet train, TextSet test)
    implements Dataset {
  /**
   * Validates the values.
   *
   * @throws InputException if a label has no class name, a token is outside the vocabulary, or the
   *     two sets differ in length
   */
  public TextDataset {
    classNames = List.copyOf(classNames);
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
  public int trainCount() {
    return train.count();
  }

  @Override
  public int testCount() {
    return test.count();
  }

  @Override
  public Metric metric() {
    return Metric.ACCURACY;
  }

  @Override
  public TextDataset subset(int trainTexts, int testTexts) {
    Check.within("subset", trainTexts, 1, trainCount());
    Check.within("test subset", testTexts, 1, testCount());
    return new TextDataset(
        name, classNames, vocabulary, train.first(trainTexts), test.first(testTexts));
  }

  @Override
  public void check(Augmentation augmentation) {
    if (!augmentation.equals(Augmentation.NONE)) {
      throw InputException.of("augmentation", "must be none, for " + name + " has no images");
    }
  }

  @Override
  public OnDevice on(Device device, Augmentation augmentation) {
    check(augmentation);
    int classes = classNames.size();
    return new OnDevice(
        new DeviceTexts(train, classes, device), new DeviceTexts(test, classes, device));
  }
}
