package org.noisylr.bench;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.noisylr.bench.Results.Cell;
import org.noisylr.train.loop.Precision;

/** Turns JMH's JSON into the tables of the README: ratios between what the same rounds measured. */
final class Summary {
  private static final double FLOAT_BYTES = 4;
  private static final double MICRO = 1e3;
  private static final double MILLI = 1e6;

  private final Results results;
  private final StringBuilder text = new StringBuilder();
  private boolean inTable;

  private Summary(Results results) {
    this.results = results;
  }

  /** The tables, in Markdown, of what files hold. */
  static String of(List<Path> files) {
    Summary summary = new Summary(Results.read(files));
    summary.noise();
    summary.steps();
    summary.training();
    summary.layouts();
    summary.alone();
    return summary.text.toString();
  }

  private void noise() {
    for (Algorithm algorithm : Algorithm.values()) {
      results
          .find("NoiseCostBenchmark.turns", algorithm)
          .ifPresent(
              cell -> {
                header(
                    "| stock step, ResNet-20 parameters | with noise / without, turn and turn about |",
                    "|---|---|");
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
            number(plain.get().mean() / MICRO),
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
                    "Streaming bandwidth (`a += b` over 256 MiB each): %.1f GB/s. A share above 1 is"
                        + " that of values which the caches hold from step to step.%n",
                    StreamBenchmark.TRANSFERS
                        * FLOAT_BYTES
                        * StreamBenchmark.COUNT
                        / cell.mean())));
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
            "| training step | precision | stock, ms | noisy fused / stock | allocated, B |",
            "|---|---|---|---|---|");
        Optional<Cell> fused = training(network, precision, TrainingBenchmark.Variant.NOISY_FUSED);
        row(
            network.name(),
            precision.name(),
            number(stock.get().mean() / MILLI),
            ratio(fused, stock.get()),
            fused.map(cell -> number(cell.allocation())).orElse(""));
      }
    }
    end();
    Optional<Cell> step =
        training(
            TrainingBenchmark.Network.RESNET20,
            Precision.FP32,
            TrainingBenchmark.Variant.NOISY_FUSED);
    for (InputBenchmark.Augment augment : InputBenchmark.Augment.values()) {
      input(augment)
          .ifPresent(
              cell -> {
                header(
                    "| input of a ResNet-20 step | µs | share of the step, fp32 |",
                    "|---|---|---|");
                row(
                    augment.name(),
                    number(cell.mean() / MICRO),
                    step.map(whole -> Ratio.of(cell.times(), whole.times()).toString()).orElse(""));
              });
    }
    end();
  }

  private Optional<Cell> training(
      TrainingBenchmark.Network network, Precision precision, TrainingBenchmark.Variant variant) {
    return results.find("TrainingBenchmark.step", network, precision, variant);
  }

  private Optional<Cell> input(InputBenchmark.Augment augment) {
    return results.find("InputBenchmark.batch", augment);
  }

  private void layouts() {
    for (TrainingBenchmark.Network network : TrainingBenchmark.Network.values()) {
      Optional<Cell> base = layout(network, Precision.FP32, LayoutBenchmark.Layout.CONTIGUOUS);
      if (base.isEmpty()) {
        continue;
      }
      header(
          "| forward and backward | contiguous fp32, ms | channels_last fp32 / that"
              + " | contiguous bf16 / that | channels_last bf16 / that |",
          "|---|---|---|---|---|");
      row(
          network.name(),
          number(base.get().mean() / MILLI),
          ratio(layout(network, Precision.FP32, LayoutBenchmark.Layout.CHANNELS_LAST), base.get()),
          ratio(layout(network, Precision.BF16, LayoutBenchmark.Layout.CONTIGUOUS), base.get()),
          ratio(layout(network, Precision.BF16, LayoutBenchmark.Layout.CHANNELS_LAST), base.get()));
    }
    end();
  }

  private Optional<Cell> layout(
      TrainingBenchmark.Network network, Precision precision, LayoutBenchmark.Layout layout) {
    return results.find("LayoutBenchmark.forwardBackward", network, precision, layout);
  }

  private void alone() {
    for (ScheduleBenchmark.Kind kind : ScheduleBenchmark.Kind.values()) {
      alone("schedule " + kind, results.find("ScheduleBenchmark.lr", kind));
    }
    for (NoiseBenchmark.Distribution distribution : NoiseBenchmark.Distribution.values()) {
      alone("noise " + distribution, results.find("NoiseBenchmark.factor", distribution));
    }
  }

  private void alone(String name, Optional<Cell> cell) {
    cell.ifPresent(
        found -> {
          header("| one value | ns |", "|---|---|");
          row(name, number(found.mean()));
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
