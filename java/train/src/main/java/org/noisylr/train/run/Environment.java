package org.noisylr.train.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.noisylr.torch.Versions;

/** Where and with what a run was computed. */
public final class Environment {
  private static final Path CPU_INFO = Path.of("/proc/cpuinfo");

  private Environment() {}

  /**
   * Describes this process: versions, machine, date and command line.
   *
   * @param device the device of the run
   * @return texts by name, in an order for readers
   */
  public static Map<String, String> of(String device) {
    Map<String, String> environment = new LinkedHashMap<>();
    environment.put("date", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
    environment.put("command", System.getProperty("sun.java.command", ""));
    environment.put("noisylr", Versions.of("noisylr"));
    environment.put(
        "LibTorch", "%s (%s)".formatted(Versions.of("pytorch"), Versions.of("pytorch.classifier")));
    environment.put(
        "Java", System.getProperty("java.version") + ", " + System.getProperty("java.vendor"));
    environment.put(
        "machine",
        "%s %s, %d processors%s"
            .formatted(
                System.getProperty("os.name"),
                System.getProperty("os.arch"),
                Cpu.processors(),
                processor()));
    environment.put("device", device);
    return environment;
  }

  /** Returns the name of the processor where Linux tells it. */
  private static String processor() {
    if (!Files.isReadable(CPU_INFO)) {
      return "";
    }
    try (Stream<String> lines = Files.lines(CPU_INFO)) {
      return lines
          .filter(line -> line.startsWith("model name"))
          .findFirst()
          .map(line -> ", " + line.substring(line.indexOf(':') + 1).strip())
          .orElse("");
    } catch (IOException e) {
      return "";
    }
  }
}
