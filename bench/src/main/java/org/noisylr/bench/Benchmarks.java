package org.noisylr.bench;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.reflect.Field;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.noisylr.check.Check;
import org.noisylr.check.InputException;
import org.noisylr.check.Reason;
import org.noisylr.train.checkpoint.AtomicFile;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.BenchmarkResult;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.results.format.ResultFormatFactory;
import org.openjdk.jmh.results.format.ResultFormatType;
import org.openjdk.jmh.runner.NoBenchmarksException;
import org.openjdk.jmh.runner.ProfilersFailedException;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.CommandLineOptionException;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/**
 * Runs the benchmarks in rounds, so that the variants to compare are measured close together in
 * time. A round has one fork of each benchmark; {@code -f} sets the number of rounds, by default 5.
 * Accepts JMH's options. {@code -prof gc} is always on. Writes the results as JSON to the file that
 * {@code -rff} names, by default {@code jmh.json}, with a row of raw data for each round.
 *
 * <p>{@code csv FILE...} prints the measurements of such files as CSV, {@code summary FILE...}
 * prints tables of ratios from JSON or CSV, and {@code soak} measures the resident memory of a long
 * training. Exit codes: 1 a benchmark failed, 2 bad usage or input.
 */
public final class Benchmarks {
  private static final int ROUNDS = 5;

  private static final List<Class<?>> BENCHMARKS =
      List.of(
          StepBenchmark.class,
          NoiseCostBenchmark.class,
          StreamBenchmark.class,
          TrainingBenchmark.class,
          LayoutBenchmark.class,
          InputBenchmark.class,
          ScheduleBenchmark.class,
          NoiseBenchmark.class);

  private Benchmarks() {}

  public static void main(String[] args) {
    try {
      run(args);
    } catch (CommandLineOptionException | ProfilersFailedException e) {
      fail(e.getMessage() + " (-h shows the options)", 2);
    } catch (NoBenchmarksException e) {
      fail("no benchmark matches (-l lists all)", 2);
    } catch (InputException e) {
      fail(e.getMessage(), 2);
    } catch (RunnerException | IOException e) {
      fail(e.getMessage(), 1);
    }
  }

  private static void fail(String message, int exit) {
    System.err.println("benchmarks: " + message);
    System.exit(exit);
  }

  static void run(String... args) throws CommandLineOptionException, RunnerException, IOException {
    String command = args.length > 0 ? args[0] : "";
    if (command.equals("summary")) {
      System.out.print(Summary.of(files(args)));
    } else if (command.equals("csv")) {
      System.out.print(ResultsCsv.format(Results.measurements(files(args))));
    } else if (command.equals("soak")) {
      Soak.main();
    } else if (command.equals("ranks")) {
      if (args.length != 3) {
        throw new InputException(
            "ranks requires step, reduction or memory, and a number of epochs");
      }
      DataParallelSteps.main(args[1], Integer.parseInt(args[2]));
    } else {
      measure(args);
    }
  }

  private static List<Path> files(String[] args) {
    if (args.length == 1) {
      throw new InputException(args[0] + " requires FILE..., the results to read");
    }
    return Arrays.stream(args).skip(1).map(Path::of).toList();
  }

  private static void measure(String[] args)
      throws CommandLineOptionException, RunnerException, IOException {
    CommandLineOptions options = new CommandLineOptions(args);
    checkParameters(options);
    if (options.shouldHelp()
        || options.shouldList()
        || options.shouldListWithParams()
        || options.shouldListProfilers()
        || options.shouldListResultFormats()) {
      org.openjdk.jmh.Main.main(args);
      return;
    }
    int rounds = options.getForkCount().orElse(ROUNDS);
    Check.atLeast("-f", rounds, 1);
    ResultFormatType format = options.getResultFormat().orElse(ResultFormatType.JSON);
    if (format != ResultFormatType.JSON) {
      throw Check.invalid("-rf", format, ResultFormatType.JSON.toString());
    }
    Path file = Path.of(options.getResult().orElse("jmh.json"));
    if (Results.isCsv(file)) {
      throw Check.invalid("-rff", file, "a file for JSON");
    }
    Map<String, List<RunResult>> results = new LinkedHashMap<>();
    try {
      AtomicFile.write(file, "[]");
    } catch (IOException e) {
      throw new InputException("cannot write " + file + ": " + Reason.of(e, file), e);
    }
    for (int round = 0; round < rounds; round++) {
      Collection<RunResult> one =
          new Runner(
                  new OptionsBuilder()
                      .parent(options)
                      // JMH would overwrite the file with the results of this round.
                      .result("/dev/null")
                      .resultFormat(ResultFormatType.JSON)
                      .forks(1)
                      .addProfiler(GCProfiler.class)
                      .shouldFailOnError(true)
                      .build())
              .run();
      for (RunResult result : one) {
        results.computeIfAbsent(result.getParams().id(), id -> new ArrayList<>()).add(result);
      }
      AtomicFile.write(file, json(results.values()));
    }
    System.out.printf("Results: %s%n%n%s", file, Summary.of(List.of(file)));
  }

  /** Rejects what JMH would report with a stack trace: wrong patterns and values of parameters. */
  private static void checkParameters(CommandLineOptions options) {
    for (Class<?> benchmark : BENCHMARKS) {
      boolean included =
          options.getIncludes().isEmpty() || matches(benchmark, options.getIncludes());
      boolean excluded = matches(benchmark, options.getExcludes());
      for (Field field : benchmark.getFields()) {
        if (!included || excluded || !field.isAnnotationPresent(Param.class)) {
          continue;
        }
        List<String> names =
            Arrays.stream(field.getType().getEnumConstants())
                .map(constant -> ((Enum<?>) constant).name())
                .toList();
        for (String value : options.getParameter(field.getName()).orElse(List.of())) {
          if (!names.contains(value)) {
            throw new InputException(
                "-p %s must be one of %s in %s, but is %s"
                    .formatted(
                        field.getName(),
                        String.join(", ", names),
                        benchmark.getSimpleName(),
                        value));
          }
        }
      }
    }
  }

  private static boolean matches(Class<?> benchmark, List<String> patterns) {
    try {
      return patterns.stream()
          .anyMatch(pattern -> Pattern.compile(pattern).matcher(benchmark.getName()).find());
    } catch (PatternSyntaxException e) {
      throw Check.invalid("pattern", e.getPattern(), "a regular expression");
    }
  }

  /** Merges the rounds of each benchmark into one result with several forks. */
  private static String json(Collection<List<RunResult>> rounds) {
    List<RunResult> merged = new ArrayList<>();
    for (List<RunResult> results : rounds) {
      BenchmarkParams params = results.get(0).getParams();
      List<BenchmarkResult> all = new ArrayList<>();
      results.forEach(result -> all.addAll(result.getBenchmarkResults()));
      merged.add(new RunResult(params, all));
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    ResultFormatFactory.getInstance(
            ResultFormatType.JSON, new PrintStream(bytes, true, StandardCharsets.UTF_8))
        .writeOut(merged);
    return bytes.toString(StandardCharsets.UTF_8);
  }
}
