package org.noisylr.train.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.noisylr.train.TestFiles.write;

import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.noisylr.train.data.format.Datasets;

class PublishedDatasetTest {
  @TempDir Path temp;

  @ParameterizedTest
  @EnumSource
  void everyDatasetIsKnownByNameAndNamesItsMissingFiles(PublishedDataset dataset) {
    assertThat(Datasets.NAMES).contains(dataset.datasetName());
    assertThat(PublishedDataset.of(dataset.datasetName())).isSameAs(dataset);
    assertThat(dataset.missing(temp)).isEqualTo(dataset.files());
    String first = dataset.files().get(0).name();
    assertThatThrownBy(() -> Datasets.open(dataset.datasetName(), temp))
        .hasMessageContaining(temp.resolve(dataset.datasetName()).toString())
        .hasMessageContaining(first.replaceFirst("\\.gz$", ""));
    write(temp.resolve(dataset.datasetName()).resolve(first), new byte[1]);
    assertThat(dataset.missing(temp)).hasSize(dataset.files().size() - 1);
  }

  @Test
  void everyNameButTheEmbeddedOneIsPublished() {
    assertThat(Datasets.NAMES).hasSize(PublishedDataset.values().length + 1);
    assertThat(PublishedDataset.of("fashion-mnist-mini")).isNull();
  }

  @Test
  void impossibleFilesAreRejected() {
    List<URI> here = List.of(URI.create("http://127.0.0.1/x"));
    String md5 = "0".repeat(32);
    assertThatThrownBy(() -> new RemoteFile("x", 0, md5, here))
        .hasMessage("bytes must be at least 1, but is 0");
    assertThatThrownBy(() -> new RemoteFile("x", 1, "Z", here))
        .hasMessage("md5 must be 32 hexadecimal digits, but is Z");
    assertThatThrownBy(() -> new RemoteFile("x", 1, md5, List.of()))
        .hasMessage("number of locations must be at least 1, but is 0");
  }
}
