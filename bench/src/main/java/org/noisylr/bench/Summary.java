package org.noisylr.bench;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.noisylr.bench.Results.Cell;
import org.noisylr.train.loop.Precision;

/** Tables of measured times and of ratios between times of the same rounds. */
final class Summary {
  private static final double FLOAT_BYTES = 4;
  private static final double MICRO = 1e3;
  private static final double MILLI = 1e6;

  private final Results results;

  private Summary(Results results) {
    this.results = results;
  }

  /** Returns tables in Markdown of the measurements in {@code files}. */
  static String of(List<Path> files) {
    Summary summary = new Summary(Results.read(files));
    return Stream.of(
            summary.noiseCost(),
            summary.steps(),
            summary.streaming(),
            summary.training(),
            summary.input(),
            summary.layouts(),
            summary.pureFunctions())
        .filter(part -> !part.isEmpty())
        .collect(Collectors.joining("\n"));
  }

  private String noiseCost() {
    MarkdownTable table =
        new MarkdownTable("stock step, ResNet-20 parameters", "with noise / without, alternating");
    for (Algorithm algorithm : Algorithm.values()) {
      results
          .find("NoiseCostBenchmark.turns", algorithm)
          .map(Cell::counters)
          .map(counters -> Ratio.of(counters.get("noisy"), counters.get("plain")))
          .ifPresent(ratio -> table.row(algorithm.name(), ratio.toString()));
    }
    return table.toString();
  }

  private String steps() {
    MarkdownTable table =
        new MarkdownTable(
            "parameters",
            "optimizer",
            "plain, µs",
            "noisy stock / plain",
            "fused / plain",
            "noisy fused / plain",
            "allocated, B: plain, noisy fused",
            "share of the streaming bandwidth");
    for (ParameterSet parameters : ParameterSet.values()) {
      for (Algorithm algorithm : Algorithm.values()) {
        Optional<Cell> fused = step(algorithm, parameters, StepBenchmark.Variant.FUSED);
        Optional<Cell> noisyStock = step(algorithm, parameters, StepBenchmark.Variant.NOISY_STOCK);
        Optional<Cell> noisyFused = step(algorithm, parameters, StepBenchmark.Variant.NOISY_FUSED);
        step(algorithm, parameters, StepBenchmark.Variant.PLAIN)
            .ifPresent(
                plain ->
                    table.row(
                        parameters.name(),
                        algorithm.name(),
                        number(plain.mean() / MICRO),
                        ratio(noisyStock, plain),
                        ratio(fused, plain),
                        ratio(noisyFused, plain),
                        noisyFused
                            .map(c -> number(plain.allocation()) + ", " + number(c.allocation()))
                            .orElse(""),
                        noisyFused.map(c -> bandwidth(algorithm, parameters, c)).orElse("")));
      }
    }
    return table.toString();
  }

  private Optional<Cell> step(
      Algorithm algorithm, ParameterSet parameters, StepBenchmark.Variant variant) {
    return results.find("StepBenchmark.step", algorithm, parameters, variant);
  }

  /** Returns a step's bytes per second divided by those of the stream in the same round. */
  private String bandwidth(Algorithm algorithm, ParameterSet parameters, Cell step) {
    double values = (double) algorithm.transfers * parameters.values;
    double streamed = (double) StreamBenchmark.TRANSFERS * StreamBenchmark.COUNT;
    return stream()
        .map(stream -> Ratio.of(per(streamed, stream), per(values, step)).toString())
        .orElse("");
  }

  private static double[] per(double count, Cell cell) {
    return Arrays.stream(cell.times()).map(time -> time / count).toArray();
  }

  private Optional<Cell> stream() {
    return results.find("StreamBenchmark.add");
  }

  private String streaming() {
    double bytes = StreamBenchmark.TRANSFERS * FLOAT_BYTES * StreamBenchmark.COUNT;
    return stream()
        .map(
            cell ->
                String.format(
                    Locale.ROOT,
                    "Streaming bandwidth (`a += b` over 256 MiB each): %.1f GB/s. A share above 1"
                        + " means that the caches hold the values between steps.\n",
                    bytes / cell.mean()))
        .orElse("");
  }

  private String training() {
    MarkdownTable table =
        new MarkdownTable(
            "training step", "precision", "stock, ms", "noisy fused / stock", "allocated, B");
    for (TrainingBenchmark.Network network : TrainingBenchmark.Network.values()) {
      for (Precision precision : Precision.values()) {
        Optional<Cell> fused =
            trainingStep(network, precision, TrainingBenchmark.Variant.NOISY_FUSED);
        trainingStep(network, precision, TrainingBenchmark.Variant.STOCK)
            .ifPresent(
                stock ->
                    table.row(
                        network.name(),
                        precision.name(),
                        number(stock.mean() / MILLI),
                        ratio(fused, stock),
                        fused.map(cell -> number(cell.allocation())).orElse("")));
      }
    }
    return table.toString();
  }

  private Optional<Cell> trainingStep(
      TrainingBenchmark.Network network, Precision precision, TrainingBenchmark.Variant variant) {
    return results.find("TrainingBenchmark.step", network, precision, variant);
  }

  private String input() {
    MarkdownTable table =
        new MarkdownTable("input of a ResNet-20 step", "µs", "share of the step, fp32");
    Optional<Cell> step =
        trainingStep(
            TrainingBenchmark.Network.RESNET20,
            Precision.FP32,
            TrainingBenchmark.Variant.NOISY_FUSED);
    for (InputBenchmark.Augment augment : InputBenchmark.Augment.values()) {
      Optional<Cell> input = results.find("InputBenchmark.batch", augment);
      input.ifPresent(
          cell ->
              table.row(
                  augment.name(),
                  number(cell.mean() / MICRO),
                  step.map(whole -> ratio(input, whole)).orElse("")));
    }
    return table.toString();
  }

  private String layouts() {
    MarkdownTable table =
        new MarkdownTable(
            "forward and backward",
            "contiguous fp32, ms",
            "channels_last fp32 / that",
            "contiguous bf16 / that",
            "channels_last bf16 / that");
    for (TrainingBenchmark.Network network : TrainingBenchmark.Network.values()) {
      layout(network, Precision.FP32, LayoutBenchmark.Layout.CONTIGUOUS)
          .ifPresent(
              base ->
                  table.row(
                      network.name(),
                      number(base.mean() / MILLI),
                      ratio(
                          layout(network, Precision.FP32, LayoutBenchmark.Layout.CHANNELS_LAST),
                          base),
                      ratio(
                          layout(network, Precision.BF16, LayoutBenchmark.Layout.CONTIGUOUS), base),
                      ratio(
                          layout(network, Precision.BF16, LayoutBenchmark.Layout.CHANNELS_LAST),
                          base)));
    }
    return table.toString();
  }

  private Optional<Cell> layout(
      TrainingBenchmark.Network network, Precision precision, LayoutBenchmark.Layout layout) {
    return results.find("LayoutBenchmark.forwardBackward", network, precision, layout);
  }

  private String pureFunctions() {
    MarkdownTable table = new MarkdownTable("one value", "ns");
    for (ScheduleBenchmark.Kind kind : ScheduleBenchmark.Kind.values()) {
      results
          .find("ScheduleBenchmark.lr", kind)
          .ifPresent(cell -> table.row("schedule " + kind, number(cell.mean())));
    }
    for (NoiseBenchmark.Distribution distribution : NoiseBenchmark.Distribution.values()) {
      results
          .find("NoiseBenchmark.factor", distribution)
          .ifPresent(cell -> table.row("noise " + distribution, number(cell.mean())));
    }
    return table.toString();
  }

  private static String ratio(Optional<Cell> cell, Cell base) {
    return cell.map(found -> Ratio.of(found.times(), base.times()).toString()).orElse("");
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, value < 100 ? "%.1f" : "%.0f", value);
  }
}
