package org.noisylr.launcher;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.noisylr.check.InputException;
import org.noisylr.experiment.text.Csv;
import org.noisylr.train.data.format.ExampleFiles;
import org.noisylr.train.run.Cpu;
import org.noisylr.train.run.Devices;
import org.noisylr.train.run.ModelName;
import org.noisylr.train.run.TrainedModel;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Predicts the classes of files with the model of a run. */
@Command(name = "predict")
final class PredictCommand extends Subcommand {
  @Mixin private TrainedModelOptions model;
  @Mixin private QuietOption quiet;
  @Mixin private DeviceOption device;

  @Parameters(paramLabel = "FILE", index = "1..*", arity = "1..*", descriptionKey = "files")
  private List<Path> files;

  @Override
  public Integer call() {
    String deviceName = device.name(err(), 0);
    Cpu.configure(Cpu.processors());
    List<List<Object>> rows = new ArrayList<>();
    List<String> bad = new ArrayList<>();
    try (TrainedModel trained = model.open(deviceName)) {
      if (trained.info().model() == ModelName.DEEPLABV3) {
        throw new InputException("predict supports models with a class for each example only");
      }
      Device on = Devices.of(deviceName);
      for (Path file : files) {
        try {
          rows.add(predict(trained, file, on));
        } catch (InputException e) {
          bad.add(e.getMessage());
        }
      }
    }
    System.out.print(Csv.format(List.of("file", "class", "probability"), rows));
    System.out.flush();
    bad.forEach(message -> err().println("noisylr: " + message));
    return bad.isEmpty() ? 0 : Noisylr.BAD_INPUT;
  }

  private static List<Object> predict(TrainedModel trained, Path file, Device device) {
    try (PointerScope scope = new PointerScope()) {
      Tensor input = ExampleFiles.read(file, trained.info().inputs(), device);
      Tensor probabilities = trained.probabilities(input).select(0, 0);
      int best = (int) probabilities.argmax().item_long();
      return List.of(
          file, trained.info().classNames().get(best), probabilities.select(0, best).item_float());
    }
  }
}
