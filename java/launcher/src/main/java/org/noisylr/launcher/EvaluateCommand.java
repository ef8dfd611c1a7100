package org.noisylr.launcher;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.noisylr.check.InputException;
import org.noisylr.check.Reason;
import org.noisylr.experiment.text.Csv;
import org.noisylr.train.checkpoint.AtomicFile;
import org.noisylr.train.data.Dataset;
import org.noisylr.train.data.Examples;
import org.noisylr.train.data.Preprocessing;
import org.noisylr.train.data.format.Datasets;
import org.noisylr.train.run.Cpu;
import org.noisylr.train.run.Devices;
import org.noisylr.train.run.ModelInfo;
import org.noisylr.train.run.Run;
import org.noisylr.train.run.RunConfig;
import org.noisylr.train.run.RunDirectory;
import org.noisylr.train.run.RunFormat;
import org.noisylr.train.run.TrainedModel;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Evaluates the model of a run on test examples. */
@Command(name = "evaluate")
final class EvaluateCommand extends Subcommand {
  @Mixin private TrainedModelOptions model;
  @Mixin private QuietOption quiet;
  @Mixin private DeviceOption device;

  @Option(names = "--data", paramLabel = "NAME|PATH")
  private String data;

  @Option(names = "--json")
  private boolean json;

  @Override
  public Integer call() {
    String deviceName = device.name(err(), 0);
    Cpu.configure(Cpu.processors());
    try (TrainedModel trained = model.open(deviceName)) {
      ModelInfo info = trained.info();
      Integer resize =
          info.inputs() instanceof Preprocessing.Images images ? images.resize() : null;
      Dataset dataset = data == null ? dataOfRun(resize) : Datasets.open(data, resize);
      if (!dataset.classNames().equals(info.classNames())) {
        throw new InputException(
            "%s must have the classes of the model, %s, but has %s"
                .formatted(dataset.name(), info.classNames(), dataset.classNames()));
      }
      TrainedModel.Result result;
      try (Examples examples = dataset.testOn(Devices.of(deviceName), info.inputs())) {
        result = trained.evaluate(examples);
      }
      Path confusion = model.run().resolve(confusionName(dataset));
      write(confusion, confusion(info.classNames(), result.confusion()));
      report(dataset, info, result, confusion);
      return 0;
    }
  }

  /** Names the table after the checkpoint and the dataset where they are not the usual ones. */
  private String confusionName(Dataset dataset) {
    String name =
        "confusion"
            + (model.isBest() ? "" : "-" + model.checkpoint())
            + (data == null ? "" : "-" + dataset.name());
    return name.replaceAll("[^\\w.-]", "_") + ".csv";
  }

  private static void write(Path file, String text) {
    try {
      AtomicFile.write(file, text);
    } catch (IOException e) {
      throw Reason.unwritable(file, e);
    }
  }

  private Dataset dataOfRun(Integer resize) {
    RunConfig config =
        RunDirectory.readConfig(model.run())
            .orElseThrow(() -> new InputException(model.run() + " has no run; give --data"));
    return Run.subset(config, Datasets.open(config.data(), resize));
  }

  private void report(Dataset dataset, ModelInfo info, TrainedModel.Result result, Path confusion) {
    if (json) {
      Map<String, Object> values = new LinkedHashMap<>();
      values.put("data", dataset.name());
      values.put("examples", dataset.testCount());
      values.put("model", info.model().toString());
      values.put("epoch", info.epoch());
      values.put("loss", result.loss());
      values.put("metric", info.metric().toString());
      values.put("score", result.score());
      values.put("confusion", confusion.toString());
      System.out.println(RunFormat.toJson(values));
    } else {
      System.out.printf(
          Locale.ROOT,
          "%s after epoch %d on %s (%d test examples): loss %.4f, %s %.4f; confusion in %s%n",
          info.model(),
          info.epoch(),
          dataset.name(),
          dataset.testCount(),
          result.loss(),
          info.metric().title(),
          result.score(),
          confusion);
    }
  }

  /** Returns a row for each class of the targets, with a column for each predicted class. */
  private static String confusion(List<String> classNames, long[][] counts) {
    List<String> header = new ArrayList<>(List.of("class"));
    header.addAll(classNames);
    List<List<Object>> rows = new ArrayList<>();
    for (int i = 0; i < counts.length; i++) {
      List<Object> row = new ArrayList<>(List.of(classNames.get(i)));
      for (long count : counts[i]) {
        row.add(count);
      }
      rows.add(row);
    }
    return Csv.format(header, rows);
  }
}
