package org.noisylr.train.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.noisylr.train.InputErrors.assertRejected;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.noisylr.train.data.format.Datasets;

class GeneratedDataTest {
  @ParameterizedTest
  @CsvSource({"cifar10, 10", "cifar100, 100", "svhn, 10"})
  void imagesHaveTheShapeAndClassesOfThePublishedOnes(String name, int classes) {
    ImageDataset data = (ImageDataset) Datasets.open("generated:" + name);
    assertThat(data.name()).isEqualTo("generated:" + name);
    assertThat(data.classNames()).hasSize(classes);
    assertThat(data.train().channels()).isEqualTo(3);
    assertThat(data.train().height()).isEqualTo(32);
    assertThat(data.train().width()).isEqualTo(32);
    assertThat(data.train().labels()).contains(0, classes - 1);
    assertThat(data.train().pixels()).isNotEqualTo(data.test().pixels());
  }

  @Test
  void textsAndSegmentationImagesToo() {
    TextDataset texts = (TextDataset) Datasets.open("generated:imdb");
    assertThat(texts.classNames()).containsExactly("neg", "pos");
    assertThat(texts.train().length()).isEqualTo(80);
    SegmentationDataset segments = (SegmentationDataset) Datasets.open("generated:voc2012");
    assertThat(segments.classNames()).hasSize(21);
    assertThat(segments.train().masks()).contains((byte) 0, (byte) 20, SegmentationSet.VOID);
  }

  @Test
  void theSameNameGivesTheSameExamples() {
    ImageDataset first = (ImageDataset) Datasets.open("generated:cifar10");
    ImageDataset second = (ImageDataset) Datasets.open("generated:cifar10");
    assertThat(first.train().pixels()).isEqualTo(second.train().pixels());
    ImageDataset other = (ImageDataset) Datasets.open("generated:svhn");
    assertThat(first.train().pixels()).isNotEqualTo(other.train().pixels());
  }

  @Test
  void anUnknownNameIsRejected() {
    assertRejected(
        () -> Datasets.open("generated:mnist"),
        "generated data must be generated:NAME with NAME in [cifar10, cifar100, svhn, imdb,"
            + " voc2012], but is generated:mnist");
  }
}
