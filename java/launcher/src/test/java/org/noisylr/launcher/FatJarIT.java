package org.noisylr.launcher;

import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The fat jar contains exactly what its bill of materials lists. */
class FatJarIT {
  private static final Path FAT_JAR = Path.of("target", "noisylr.jar");
  private static final Path OWN_CLASSES = Path.of("target", "original-noisylr.jar");
  private static final String SBOM = "META-INF/sbom/noisylr.cdx.json";
  private static final String LICENCES = "META-INF/licences/";
  private static final String THIRD_PARTY = LICENCES + "THIRD-PARTY.txt";

  /** An artifact of the bill of materials, and the jar with its hash; null if none has it. */
  private record Artifact(String purl, String name, List<String> licences, Path jar) {
    @Override
    public String toString() {
      return purl;
    }
  }

  private static Map<String, Long> fatJar;
  private static List<Artifact> artifacts;

  @BeforeAll
  static void readBillOfMaterials() throws Exception {
    fatJar = checksums(FAT_JAR);
    Map<String, Path> jars = new HashMap<>();
    for (String entry : System.getProperty("surefire.test.class.path").split(File.pathSeparator)) {
      if (Files.isRegularFile(Path.of(entry))) {
        jars.put(sha256(Path.of(entry)), Path.of(entry));
      }
    }
    artifacts = new ArrayList<>();
    for (JsonNode component : sbom().get("components")) {
      List<String> licences = component.findValuesAsText("id");
      String hash = "";
      for (JsonNode candidate : component.get("hashes")) {
        if (candidate.get("alg").asText().equals("SHA-256")) {
          hash = candidate.get("content").asText();
        }
      }
      artifacts.add(
          new Artifact(
              component.get("purl").asText(),
              component.get("name").asText(),
              licences,
              jars.get(hash)));
    }
  }

  @Test
  void everyListedArtifactIsPartOfTheBuild() {
    assertThat(artifacts).isNotEmpty().allSatisfy(a -> assertThat(a.jar()).isNotNull());
  }

  @Test
  void everyFileBelongsToAListedArtifact() throws IOException {
    Map<String, Set<Long>> known = new HashMap<>();
    List<Path> jars = new ArrayList<>(artifacts.stream().map(Artifact::jar).toList());
    jars.add(OWN_CLASSES);
    for (Path jar : jars) {
      checksums(jar).forEach((f, crc) -> known.computeIfAbsent(f, n -> new TreeSet<>()).add(crc));
    }
    Map<String, Long> unknown = new TreeMap<>(fatJar);
    unknown
        .entrySet()
        .removeIf(e -> known.getOrDefault(e.getKey(), Set.of()).contains(e.getValue()));
    unknown.keySet().removeIf(f -> f.startsWith("META-INF/services/"));
    unknown.keySet().removeAll(List.of("META-INF/MANIFEST.MF", SBOM, THIRD_PARTY));
    assertThat(unknown.keySet()).isEmpty();
  }

  @Test
  void everyListedArtifactIsInTheJar() throws IOException {
    for (Artifact artifact : artifacts) {
      Map<String, Long> code = checksums(artifact.jar());
      code.keySet()
          .removeIf(
              f -> !f.matches(".*(\\.class|\\.so[.\\d]*)") || f.endsWith("module-info.class"));
      assertThat(code).as(artifact.purl()).isNotEmpty();
      assertThat(fatJar).as(artifact.purl()).containsAllEntriesOf(code);
    }
  }

  @Test
  void everyListedArtifactHasTheTextOfALicence() {
    Set<String> files = fatJar.keySet();
    for (Artifact artifact : artifacts) {
      if (!artifact.purl().startsWith("pkg:maven/org.noisylr/")) {
        assertThat(files)
            .as("%s (%s)", artifact.purl(), artifact.licences())
            .anyMatch(
                f ->
                    f.startsWith(LICENCES + artifact.name() + "/LICENSE")
                        || f.equals(LICENCES + artifact.name().split("-")[0] + "/LICENSE.txt")
                        || artifact.licences().stream()
                            .anyMatch(l -> f.equals(LICENCES + l + ".txt")));
      }
    }
  }

  @Test
  void theListOfLicencesHasEveryListedArtifact() throws IOException {
    try (ZipFile zip = new ZipFile(FAT_JAR.toFile());
        InputStream in = zip.getInputStream(zip.getEntry(THIRD_PARTY))) {
      String thirdParty = new String(in.readAllBytes());
      for (Artifact artifact : artifacts) {
        // pkg:maven/GROUP/ARTIFACT@VERSION?type=jar
        String[] parts = artifact.purl().split("[/@?]");
        if (!parts[1].equals("org.noisylr")) {
          assertThat(thirdParty)
              .contains("(" + String.join(":", parts[1], parts[2], parts[3]) + " ");
        }
      }
    }
  }

  @Test
  void noFileIsASignatureOrForTests() {
    assertThat(fatJar.keySet())
        .noneMatch(f -> f.matches("META-INF/[^/]*\\.(SF|DSA|RSA|EC)"))
        .noneMatch(f -> f.matches("org/(junit|assertj)/.*"));
  }

  private static JsonNode sbom() throws IOException {
    try (ZipFile zip = new ZipFile(FAT_JAR.toFile());
        InputStream in = zip.getInputStream(zip.getEntry(SBOM))) {
      return new ObjectMapper().readTree(in);
    }
  }

  private static Map<String, Long> checksums(Path jar) throws IOException {
    try (ZipFile zip = new ZipFile(jar.toFile())) {
      return zip.stream()
          .filter(e -> !e.isDirectory())
          .collect(toMap(ZipEntry::getName, ZipEntry::getCrc, (a, b) -> a, HashMap::new));
    }
  }

  private static String sha256(Path file) throws IOException, NoSuchAlgorithmException {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    try (InputStream in = new DigestInputStream(Files.newInputStream(file), digest)) {
      in.transferTo(OutputStream.nullOutputStream());
    }
    return HexFormat.of().formatHex(digest.digest());
  }
}
