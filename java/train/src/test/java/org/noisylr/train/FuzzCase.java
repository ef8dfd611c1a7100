package org.noisylr.train;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A fuzz test of a reader, see {@link Untrusted} for what must hold. The first byte of an input
 * selects its kind; the other bytes are the content. A subclass has a static method {@code seeds}
 * that returns valid inputs.
 *
 * @param <K> a kind of inputs
 */
public abstract class FuzzCase<K> {
  private static final long MAX_ALLOCATION = 64 << 20;

  private final List<K> kinds;

  @TempDir Path temp;

  protected FuzzCase(List<K> kinds) {
    this.kinds = kinds;
  }

  /** The content of the file for an input; the input's content itself unless overridden. */
  protected byte[] file(K kind, byte[] content) throws IOException {
    return content;
  }

  /**
   * Writes an input, as one {@link #file} unless overridden.
   *
   * @param folder where to write it
   * @return the file or folder to read, which an error must name
   */
  protected Path write(Path folder, K kind, byte[] content) throws IOException {
    return Files.write(folder.resolve("input"), file(kind, content));
  }

  /** Reads what {@link #write} wrote. */
  protected abstract void open(Path written, K kind) throws IOException;

  protected static byte[] seed(Enum<?> kind, byte[] content) {
    return seed(kind.ordinal(), content);
  }

  protected static byte[] seed(int kind, byte[] content) {
    return ByteBuffer.allocate(1 + content.length).put((byte) kind).put(content).array();
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void seedsAreValid(byte[] seed) throws IOException {
    assertThat(accepts(seed)).isTrue();
  }

  @MethodSource("seeds")
  @FuzzTest
  void read(byte[] input) throws IOException {
    if (input.length > 0) {
      accepts(input);
    }
  }

  private boolean accepts(byte[] input) throws IOException {
    K kind = kinds.get(Math.floorMod(input[0], kinds.size()));
    Path folder = Files.createDirectories(temp.resolve("input"));
    Path written = write(folder, kind, Arrays.copyOfRange(input, 1, input.length));
    return Untrusted.read(folder, written.toString(), MAX_ALLOCATION, () -> open(written, kind));
  }
}
