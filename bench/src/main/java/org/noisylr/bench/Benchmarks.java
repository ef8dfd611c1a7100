package org.noisylr.bench;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.BenchmarkResult;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.results.format.ResultFormatFactory;
import org.openjdk.jmh.results.format.ResultFormatType;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.CommandLineOptionException;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/**
 * Runs the benchmarks in rounds, so that what is compared is measured close together in time: a
 * round has one fork of each, and there are as many rounds as {@code -f} says. Takes JMH's options;
 * {@code -prof gc} is always on, and the results are JSON ({@code -rff FILE}, else {@code
 * jmh.json}), with a fork's raw data for each round.
 *
 * <p>{@code summary FILE} turns such a file into tables; {@code soak} watches the resident memory
 * of a long training.
 */
public final class Benchmarks {
  private static final int ROUNDS = 7;

  private Benchmarks() {}

  public static void main(String[] args)
      throws CommandLineOptionException, RunnerException, IOException {
    if (args.length == 2 && args[0].equals("summary")) {
      System.out.print(Summary.of(Path.of(args[1])));
    } else if (args.length == 1 && args[0].equals("soak")) {
      Soak.run();
    } else {
      measure(args);
    }
  }

  private static void measure(String[] args)
      throws CommandLineOptionException, RunnerException, IOException {
    CommandLineOptions options = new CommandLineOptions(args);
    if (options.shouldHelp() || options.shouldList() || options.shouldListWithParams()) {
      org.openjdk.jmh.Main.main(args);
      return;
    }
    Path file = Path.of(options.getResult().orElse("jmh.json"));
    Map<String, List<RunResult>> results = new LinkedHashMap<>();
    for (int round = 0; round < options.getForkCount().orElse(ROUNDS); round++) {
      Collection<RunResult> one =
          new Runner(
                  new OptionsBuilder()
                      .parent(options)
                      .forks(1)
                      .addProfiler(GCProfiler.class)
                      .shouldFailOnError(true)
                      .build())
              .run();
      for (RunResult result : one) {
        results.computeIfAbsent(result.getParams().id(), id -> new ArrayList<>()).add(result);
      }
      write(file, results.values());
    }
    System.out.println(Summary.of(file));
  }

  private static void write(Path file, Collection<List<RunResult>> rounds) throws IOException {
    List<RunResult> merged = new ArrayList<>();
    for (List<RunResult> results : rounds) {
      BenchmarkParams params = results.get(0).getParams();
      List<BenchmarkResult> all = new ArrayList<>();
      results.forEach(result -> all.addAll(result.getBenchmarkResults()));
      merged.add(new RunResult(params, all));
    }
    try (PrintStream out = new PrintStream(Files.newOutputStream(file))) {
      ResultFormatFactory.getInstance(ResultFormatType.JSON, out).writeOut(merged);
    }
  }
}
