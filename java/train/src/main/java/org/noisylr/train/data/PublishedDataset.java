package org.noisylr.train.data;

import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The datasets of the paper that can be downloaded, with the published sizes and checksums. */
public enum PublishedDataset {
  MNIST(
      "mnist",
      "MNIST (LeCun, Cortes, Burges)",
      "CC BY-SA 3.0",
      60_000,
      10_000,
      idx(
          List.of(
              "https://storage.googleapis.com/cvdf-datasets/mnist/",
              "https://ossci-datasets.s3.amazonaws.com/mnist/"),
          9_912_422,
          "f68b3c2dcbeaaa9fbdd348bbdeb94873",
          28_881,
          "d53e105ee54ea40749a09fcbcd1e9432",
          1_648_877,
          "9fb629c4189551a2d022fa330f9573f3",
          4_542,
          "ec29112dd5afa0611ce80d1b7f02629c")),
  FASHION_MNIST(
      "fashion-mnist",
      "Fashion-MNIST (Xiao, Rasul, Vollgraf 2017)",
      "MIT",
      60_000,
      10_000,
      idx(
          List.of("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"),
          26_421_880,
          "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
          29_515,
          "25c81989df183df01b3e8a0aad5dffbe",
          4_422_102,
          "bef4ecab320f06d8554ea6380940ec79",
          5_148,
          "bb300cfdad3c16e7a12a480ee83cd310")),
  CIFAR10(10, 170_052_171, "c32a1d4ab5d03f1284b67883e8d87530"),
  CIFAR100(100, 168_513_733, "03b5dce01913d631647c71ecec9e9cb8"),
  SVHN(
      "svhn",
      "SVHN, cropped digits (Netzer et al. 2011)",
      "for non-commercial use",
      73_257,
      26_032,
      List.of(
          file(
              "http://ufldl.stanford.edu/housenumbers/",
              "train_32x32.mat",
              182_040_794,
              "e26dedcc434d2e4c54c9b2d4a06d8373"),
          file(
              "http://ufldl.stanford.edu/housenumbers/",
              "test_32x32.mat",
              64_275_384,
              "eb5a983be6a315427106f1b164d9cef3"))),
  IMDB(
      "imdb",
      "Large Movie Review Dataset (Maas et al. 2011)",
      "none stated; for research, cite the paper",
      25_000,
      25_000,
      List.of(
          file(
              "https://ai.stanford.edu/~amaas/data/sentiment/",
              "aclImdb_v1.tar.gz",
              84_125_825,
              "7c2ac02c03563afcf9b574c7e56c153a"))),
  VOC2012(
      "voc2012",
      "Pascal VOC 2012, segmentation (Everingham et al. 2015)",
      "images from Flickr, under its terms of use",
      1_464,
      1_449,
      List.of(
          file(
              "http://host.robots.ox.ac.uk/pascal/VOC/voc2012/",
              "VOCtrainval_11-May-2012.tar",
              1_999_639_040,
              "6cd6e144f989b92b3379bac3b3de84fd")));

  private final String datasetName;
  private final String title;
  private final String licence;
  private final int trainCount;
  private final int testCount;
  private final List<RemoteFile> files;

  PublishedDataset(
      String datasetName,
      String title,
      String licence,
      int trainCount,
      int testCount,
      List<RemoteFile> files) {
    this.datasetName = datasetName;
    this.title = title;
    this.licence = licence;
    this.trainCount = trainCount;
    this.testCount = testCount;
    this.files = files;
  }

  /** CIFAR-10 or CIFAR-100. */
  PublishedDataset(int classes, long bytes, String md5) {
    this(
        "cifar" + classes,
        "CIFAR-%d (Krizhevsky 2009)".formatted(classes),
        "none stated; for research, cite the report",
        50_000,
        10_000,
        List.of(
            file(
                "https://www.cs.toronto.edu/~kriz/",
                "cifar-%d-binary.tar.gz".formatted(classes),
                bytes,
                md5)));
  }

  private static List<RemoteFile> idx(
      List<String> sites,
      long trainImages,
      String trainImagesMd5,
      long trainLabels,
      String trainLabelsMd5,
      long testImages,
      String testImagesMd5,
      long testLabels,
      String testLabelsMd5) {
    return List.of(
        file(sites, "train-images-idx3-ubyte.gz", trainImages, trainImagesMd5),
        file(sites, "train-labels-idx1-ubyte.gz", trainLabels, trainLabelsMd5),
        file(sites, "t10k-images-idx3-ubyte.gz", testImages, testImagesMd5),
        file(sites, "t10k-labels-idx1-ubyte.gz", testLabels, testLabelsMd5));
  }

  private static RemoteFile file(String site, String name, long bytes, String md5) {
    return file(List.of(site), name, bytes, md5);
  }

  private static RemoteFile file(List<String> sites, String name, long bytes, String md5) {
    return new RemoteFile(
        name, bytes, md5, sites.stream().map(site -> URI.create(site + name)).toList());
  }

  /** Its name on the command line; also the name of its folder in the data home. */
  public String datasetName() {
    return datasetName;
  }

  /** Its full name and authors. */
  public String title() {
    return title;
  }

  /** Returns the licence or the terms of use that its authors state. */
  public String licence() {
    return licence;
  }

  /** Returns the number of training examples in the published files. */
  public int trainCount() {
    return trainCount;
  }

  /** Returns the number of test examples in the published files. */
  public int testCount() {
    return testCount;
  }

  /** Returns the published files. */
  public List<RemoteFile> files() {
    return files;
  }

  /**
   * Returns the files that do not exist in a data home; the content of the others is not checked.
   */
  public List<RemoteFile> missing(Path dataHome) {
    Path folder = dataHome.resolve(datasetName);
    return files.stream().filter(file -> !Files.exists(folder.resolve(file.name()))).toList();
  }

  /** Returns the dataset with a name; null if there is none. */
  public static PublishedDataset of(String name) {
    return Stream.of(values())
        .filter(dataset -> dataset.datasetName.equals(name))
        .findFirst()
        .orElse(null);
  }
}
