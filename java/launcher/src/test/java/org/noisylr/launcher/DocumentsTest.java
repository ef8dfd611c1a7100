package org.noisylr.launcher;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.noisylr.torch.Versions;
import org.noisylr.train.run.RunFormat;

/** The documents agree with the code: their links, commands, programs, files and version. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DocumentsTest {
  private static final Path ROOT = Path.of("../..");

  private record Document(Path path, String text) {
    /** Returns the parts that match an expression's group. */
    List<String> find(String expression) {
      return Pattern.compile(expression, Pattern.DOTALL | Pattern.MULTILINE)
          .matcher(text)
          .results()
          .map(match -> match.group(1))
          .toList();
    }

    /** Returns the anchors that GitHub gives to the headings. */
    List<String> anchors() {
      return find("^#+ (.*?)$").stream()
          .map(heading -> heading.toLowerCase(Locale.ROOT).replaceAll("[^\\p{L}\\p{N} _-]", ""))
          .map(heading -> heading.replace(' ', '-'))
          .toList();
    }

    @Override
    public String toString() {
      return ROOT.relativize(path).toString();
    }
  }

  private final List<Document> documents = new ArrayList<>();

  @BeforeAll
  void readDocuments() throws IOException {
    List<Path> folders =
        new ArrayList<>(
            Stream.of("", ".github", "native", "bench", "bench/results")
                .map(ROOT::resolve)
                .toList());
    try (DirectoryStream<Path> modules = Files.newDirectoryStream(ROOT.resolve("java"))) {
      modules.forEach(folders::add);
    }
    for (Path folder : folders) {
      try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*.md")) {
        for (Path file : files) {
          documents.add(new Document(file, Files.readString(file)));
        }
      }
    }
    assertThat(documents).hasSizeGreaterThan(10);
  }

  private Stream<String> findAll(String expression) {
    return documents.stream().flatMap(document -> document.find(expression).stream());
  }

  @Test
  void linksLeadToFilesAndHeadings() throws IOException {
    for (Document document : documents) {
      for (String link : document.find("\\]\\(([^)\\s]+)\\)")) {
        if (!link.contains("://")) {
          String[] parts = link.split("#");
          Path target =
              parts[0].isEmpty()
                  ? document.path()
                  : document.path().resolveSibling(parts[0]).normalize();
          assertThat(target).as("%s: %s", document, link).exists();
          if (parts.length > 1) {
            assertThat(new Document(target, Files.readString(target)).anchors())
                .as("%s: %s", document, link)
                .contains(parts[1]);
          }
        }
      }
    }
  }

  @Test
  void commandsParse() {
    List<String> commands =
        findAll("^    noisylr ((?:[^\\n]*\\\\\\n)*[^\\n]*)$")
            .map(command -> command.replaceAll("\\\\\\n\\s*", "").replaceAll(" +(#|>) .*", ""))
            .filter(command -> !command.contains("..."))
            .map(command -> command.replace("net.pt", "resnet20")) // a file would have to exist
            .toList();
    assertThat(commands).hasSizeGreaterThan(25);
    for (String command : commands) {
      String[] words =
          Pattern.compile("'([^']*)'|(\\S+)")
              .matcher(command)
              .results()
              .map(DocumentsTest::word)
              .toArray(String[]::new);
      assertThatCode(() -> Noisylr.commandLine().parseArgs(words))
          .as("noisylr " + command)
          .doesNotThrowAnyException();
    }
  }

  private static String word(MatchResult match) {
    return match.group(1) == null ? match.group(2) : match.group(1);
  }

  /** The build compiles these programs: Java always, C++ and CMake in its long form. */
  @ParameterizedTest
  @CsvSource({
    "java, java/examples/src/main/java/org/noisylr/examples",
    "cpp, native/test/consumer",
    "cmake, native/test/consumer"
  })
  void codeIsPartOfAProgram(String language, String folder) throws IOException {
    List<String> programs = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(ROOT.resolve(folder))) {
      for (Path file : files) {
        programs.add(Files.readString(file));
      }
    }
    assertThat(findAll("^```%s\\n(.*?)^```$".formatted(language)))
        .isNotEmpty()
        .allSatisfy(
            code ->
                assertThat(withoutIndentation(String.join("", programs)))
                    .contains(withoutIndentation(code)));
  }

  private static String withoutIndentation(String code) {
    return code.replaceAll("(?m)^ +", "");
  }

  @Test
  void packagePagesShowCodeThatCompiles(@TempDir Path folder) throws IOException {
    List<String> pages = new ArrayList<>();
    try (Stream<Path> files = Files.walk(ROOT.resolve("java"))) {
      for (Path file : files.filter(f -> f.endsWith("package-info.java")).toList()) {
        pages.add(Files.readString(file));
      }
    }
    String imports =
        pages.stream()
            .map(page -> page.replaceAll("(?s).*\\npackage (.*?);.*", "import $1.*;\n"))
            .collect(joining());
    List<String> blocks =
        pages.stream()
            .filter(page -> page.contains("<pre>{@code"))
            .map(page -> page.replaceAll("(?s).*<pre>\\{@code(.*?)}</pre>.*", "{$1}"))
            .map(code -> code.replace("\n *", "\n"))
            .toList();
    assertThat(blocks).hasSizeGreaterThan(10);
    String program =
        """
        %s
        import java.nio.file.*;
        import java.time.*;
        import java.util.*;
        import org.bytedeco.pytorch.*;
        import org.bytedeco.pytorch.Module;
        import org.bytedeco.pytorch.global.torch;

        class Pages {
          void run() throws Exception {
            %s
          }
        }
        """
            .formatted(imports, String.join("\n", blocks));
    Path file = Files.writeString(folder.resolve("Pages.java"), program);
    ByteArrayOutputStream errors = new ByteArrayOutputStream();
    int exit =
        ToolProvider.getSystemJavaCompiler()
            .run(null, null, errors, "-d", folder.toString(), file.toString());
    assertThat(exit).as(errors.toString(StandardCharsets.UTF_8)).isZero();
  }

  @Test
  void experimentFilesAreRead(@TempDir Path folder) throws IOException {
    List<String> files = findAll("^```yaml\\n(.*?)^```$").toList();
    assertThat(files).isNotEmpty();
    for (String yaml : files) {
      Path file = Files.writeString(folder.resolve("mine.yaml"), yaml);
      Invocation shown = Invocation.of("experiment", "show", file.toString());
      assertThat(shown.exit()).as(shown.err()).isZero();
    }
  }

  @Test
  void dependenciesHaveTheVersionsOfThisBuild() {
    assertThat(findAll("noisylr-torch\\W+(?:artifactId>\\s*<version>)?(\\d+\\.\\d+\\.\\d+)"))
        .hasSizeGreaterThan(4)
        .containsOnly(Versions.of("noisylr"));
    assertThat(findAll("(\\d+\\.\\d+(?:\\.\\d+)?-\\d[\\d.-]*\\d)"))
        .containsOnly(Versions.of("pytorch"), Versions.of("openblas"), Versions.of("cuda"));
  }

  /** A warm-up and a sequence are options and keys of their own. */
  @Test
  void everyScheduleIsAnOptionAndDocumented() {
    Set<String> types = new TreeSet<>(RunFormat.schedules().keySet());
    assertThat(types.remove("warmup")).isTrue();
    assertThat(findAll("^(\\| `schedule` \\|.*?)$").findFirst().orElseThrow())
        .contains(types.stream().map("`%s`:"::formatted).toList());
    assertThat(types.remove("sequence")).isTrue();
    assertThat(Stream.of(ScheduleOptions.Kind.values()).map(Choice::word))
        .containsExactlyInAnyOrderElementsOf(types);
    for (String type : types) {
      assertThat(RunFormat.schedules().get(type).getRecordComponents())
          .extracting(RecordComponent::getName)
          .isSubsetOf(ScheduleOptions.OPTION_OF_FIELD.keySet());
    }
  }
}
