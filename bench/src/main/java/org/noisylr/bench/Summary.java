package org.noisylr.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import org.noisylr.bench.Results.Cell;
import org.noisylr.train.loop.Precision;

/** Turns JMH's JSON into the tables of the README: ratios between what the same rounds measured. */
final class Summary {
  private static final double FLOAT_BYTES = 4;

  private final Results results;
  private final StringBuilder text = new StringBuilder();
  private boolean inTable;

  private Summary(Results results) {
    this.results = results;
  }

  /** The tables, in Markdown, of what a file holds. */
  static String of(Path file) throws IOException {
    Summary summary = new Summary(Results.read(file));
    summary.noise();
    summary.steps();
    summary.training();
    summary.rest();
    return summary.text.toString();
  }

  private void noise() {
    for (Algorithm algorithm : Algorithm.values()) {
      results
          .find("NoiseCostBenchmark.turns", algorithm)
          .ifPresent(
              cell -> {
                header(
                    "| ResNet-20 parameters | noisy stock / plain, in one process |", "|---|---|");
                row(
                    algorithm.name(),
                    Ratio.of(cell.counters().get("noisy"), cell.counters().get("plain"))
                        .toString());
              });
    }
    end();
  }

  private void steps() {
    Optional<Cell> stream = results.find("StreamBenchmark.add");
    for (ParameterSet parameters : ParameterSet.values()) {
      for (Algorithm algorithm : Algorithm.values()) {
        Optional<Cell> plain = step(algorithm, parameters, StepBenchmark.Variant.PLAIN);
        if (plain.isEmpty()) {
          continue;
        }
        header(
            "| parameters | optimizer | plain, µs | noisy stock / plain | fused / plain"
                + " | noisy fused / plain | allocated, B: plain, noisy fused"
                + " | share of the streaming bandwidth |",
            "|---|---|---|---|---|---|---|---|");
        Optional<Cell> noisyFused = step(algorithm, parameters, StepBenchmark.Variant.NOISY_FUSED);
        row(
            parameters.name(),
            algorithm.name(),
            number(plain.get().mean()),
            ratio(step(algorithm, parameters, StepBenchmark.Variant.NOISY_STOCK), plain.get()),
            ratio(step(algorithm, parameters, StepBenchmark.Variant.FUSED), plain.get()),
            ratio(noisyFused, plain.get()),
            noisyFused
                .map(cell -> number(plain.get().allocation()) + ", " + number(cell.allocation()))
                .orElse(""),
            noisyFused
                .flatMap(cell -> stream.map(s -> bandwidth(algorithm, parameters, cell, s)))
                .orElse(""));
      }
    }
    end();
    stream.ifPresent(
        cell ->
            line(
                String.format(
                    Locale.ROOT,
                    "Streaming bandwidth (`a += b` over 256 MiB each): %.1f GB/s.%n",
                    StreamBenchmark.TRANSFERS
                        * FLOAT_BYTES
                        * StreamBenchmark.COUNT
                        / cell.mean()
                        / 1000)));
  }

  private Optional<Cell> step(
      Algorithm algorithm, ParameterSet parameters, StepBenchmark.Variant variant) {
    return results.find("StepBenchmark.step", algorithm, parameters, variant);
  }

  /** Bytes a second of a step over those of the stream in the same round. */
  private static String bandwidth(
      Algorithm algorithm, ParameterSet parameters, Cell step, Cell stream) {
    double bytes = (double) algorithm.transfers * parameters.values;
    double streamed = (double) StreamBenchmark.TRANSFERS * StreamBenchmark.COUNT;
    double[] perByte = Arrays.stream(step.times()).map(time -> time / bytes).toArray();
    double[] streamPerByte = Arrays.stream(stream.times()).map(time -> time / streamed).toArray();
    return Ratio.of(streamPerByte, perByte).toString();
  }

  private void training() {
    for (TrainingBenchmark.Network network : TrainingBenchmark.Network.values()) {
      for (Precision precision : Precision.values()) {
        Optional<Cell> stock = training(network, precision, TrainingBenchmark.Variant.STOCK);
        if (stock.isEmpty()) {
          continue;
        }
        header(
            "| training step | precision | stock, ms | noisy fused / stock |", "|---|---|---|---|");
        row(
            network.name(),
            precision.name(),
            number(stock.get().mean() / 1000),
            ratio(
                training(network, precision, TrainingBenchmark.Variant.NOISY_FUSED), stock.get()));
      }
    }
    end();
  }

  private Optional<Cell> training(
      TrainingBenchmark.Network network, Precision precision, TrainingBenchmark.Variant variant) {
    return results.find("TrainingBenchmark.step", network, precision, variant);
  }

  private void rest() {
    for (ScheduleBenchmark.Kind kind : ScheduleBenchmark.Kind.values()) {
      alone("schedule " + kind, "ns", results.find("ScheduleBenchmark.lr", kind));
    }
    for (NoiseBenchmark.Distribution distribution : NoiseBenchmark.Distribution.values()) {
      alone("noise " + distribution, "ns", results.find("NoiseBenchmark.factor", distribution));
    }
    for (InputBenchmark.Augment augment : InputBenchmark.Augment.values()) {
      alone(
          "input of a ResNet-20 step, " + augment,
          "µs",
          results.find("InputBenchmark.batch", augment));
    }
  }

  private void alone(String name, String unit, Optional<Cell> cell) {
    cell.ifPresent(
        found -> {
          header("| alone | time |", "|---|---|");
          row(name, number(found.mean()) + " " + unit);
        });
  }

  private static String ratio(Optional<Cell> cell, Cell base) {
    return cell.map(found -> Ratio.of(found.times(), base.times()).toString()).orElse("");
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, value < 100 ? "%.1f" : "%.0f", value);
  }

  /** Begins a table before its first row. */
  private void header(String titles, String rule) {
    if (!inTable) {
      line(titles);
      line(rule);
      inTable = true;
    }
  }

  private void end() {
    if (inTable) {
      line("");
      inTable = false;
    }
  }

  private void row(String... cells) {
    line("| " + String.join(" | ", cells) + " |");
  }

  private void line(String line) {
    text.append(line).append(System.lineSeparator());
  }
}
