package org.noisylr.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.noisylr.train.data.format.Datasets;
import picocli.CommandLine;

class CommandLineTest {
  @TempDir private Path directory;

  private record Outcome(int exit, String out, String err) {}

  /** Runs a command in this JVM; {@code out} has what it prints to standard output either way. */
  private static Outcome run(String... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    ByteArrayOutputStream stdout = new ByteArrayOutputStream();
    PrintStream before = System.out;
    System.setOut(new PrintStream(stdout, true, StandardCharsets.UTF_8));
    try {
      CommandLine commandLine = Noisylr.commandLine();
      commandLine.setOut(new PrintWriter(out, true));
      commandLine.setErr(new PrintWriter(err, true));
      int exit = Noisylr.run(commandLine, arguments);
      return new Outcome(exit, out + stdout.toString(StandardCharsets.UTF_8), err.toString());
    } finally {
      System.setOut(before);
    }
  }

  private static Outcome run(String line) {
    return run(line.split(" "));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "lr --lr 0.1 --colour red|Unknown options: '--colour', 'red' (see 'noisylr lr --help')",
        "lr|Missing required option: '--lr=X' (see 'noisylr lr --help')",
        "lr --lr 0.1 --noise uniform --alpha 0|--alpha must be greater than 0, but is 0.0",
        "lr --lr 0.1 --noise uniform --alpha -3|--alpha must be greater than 0, but is -3.0",
        "lr --lr 0.1 --noise gaussian --std 0|--std must be greater than 0, but is 0.0",
        "lr --lr 0.1 --noise uniform --beta 1.5|--beta must be in [0.0, 1.0], but is 1.5",
        "lr --lr 0.1 --noise gaussian --beta -0.1|--beta must be in [0.0, 1.0], but is -0.1",
        "lr --lr NaN|--lr must be finite, but is NaN",
        "lr --lr 0|--lr must be greater than 0, but is 0.0",
        "lr --lr 0.1 --epochs 0|--epochs must be at least 1, but is 0",
        "lr --lr 0.1 --steps-per-epoch 0|--steps-per-epoch must be at least 1, but is 0",
        "lr --lr 0.1 --noise uniform --noise-min-lr 2 --noise-max-lr 1|--noise-max-lr must be at least 2.0, but is 1.0",
        "lr --lr 0.1 --schedule step|--schedule step needs --milestones, 80:0.1,120:0.1 for instance",
        "lr --lr 0.1 --milestones 5:0.1|--milestones goes with --schedule step or clr, but --schedule is const",
        "lr --lr 0.1 --noise uniform --noise-min-lr -1|--noise-min-lr must be at least 0, but is -1.0",
        "lr --lr 0.1 --alpha 8|--alpha goes with --noise uniform, but --noise is none",
        "lr --lr 0.1 --noise gaussian --alpha 8|--alpha goes with --noise uniform, but --noise is gaussian",
        "lr --lr 0.1 --noise uniform --mean 4|--mean goes with --noise gaussian, but --noise is uniform",
        "lr --lr 0.1 --noise uniform --std 1|--std goes with --noise gaussian, but --noise is uniform",
        "lr --lr 0.1 --beta 0.5|--beta goes with --noise uniform or gaussian, but --noise is none",
        "lr --lr 0.1 --noise none --noise-per step|--noise-per goes with --noise uniform or gaussian, but --noise is none",
        "lr --lr 0.1 --seed 3|--seed goes with --noise uniform or gaussian, but --noise is none",
        "lr --lr 0.1 --decay-steps 6|--decay-steps goes with --schedule exp, but --schedule is const",
        "lr --lr 0.1 --schedule exp --peak-lr 3|--peak-lr goes with --schedule clr, but --schedule is exp",
        "lr --lr 0.1 --schedule clr --final-lr 0|--final-lr goes with --schedule wr, but --schedule is clr",
        "lr --lr 0.1 --schedule exp --decay-steps 0|--decay-steps must be greater than 0, but is 0.0",
        "lr --lr 0.1 --schedule exp --decay-rate 0|--decay-rate must be greater than 0, but is 0.0",
        "lr --lr 0.1 --schedule clr --peak-lr 0.01|--peak-lr must be at least 0.1, but is 0.01",
        "lr --lr 0 --schedule clr|--lr must be greater than 0, but is 0.0",
        "lr --lr 0.1 --schedule clr --cycle-epochs 0|--cycle-epochs must be greater than 0, but is 0.0",
        "lr --lr 0.1 --schedule wr --final-lr 1|--final-lr must be in [0.0, 0.1], but is 1.0",
        "lr --lr 0.1 --schedule wr --restart-epochs 0|--restart-epochs must be greater than 0, but is 0.0",
        "lr --lr 0.1 --schedule wr --restart-mult 0|--restart-mult must be at least 1.0, but is 0.0",
        "train --data x --model cnn28 --lr 0.1 --optimizer adam --momentum 0.9|--momentum goes with --optimizer momentum, but --optimizer is adam",
        "train --data x --model cnn28 --lr 0.1 --momentum 1|--momentum must be in [0, 1), but is 1.0",
        "train --data x --model cnn28 --lr 0.1 --weight-decay -1|--weight-decay must be at least 0, but is -1.0",
        "train --data x --model cnn28 --lr 0.1 --out /dev/null|cannot write to /dev/null: a file is in its place",
        "train --data x --model cnn28 --lr 0.1 --out /dev/null/run|cannot write to /dev/null/run: /dev/null: a file is in its place",
        "train --resume --out r --epochs 9|--resume takes --out alone, or all options that the run began with, but --data is missing",
        "train --resume --out r --data x --model cnn28|--resume takes --out alone, or all options that the run began with, but --lr is missing",
        "lr --lr 0.1 --csv /no/such/folder/x.csv|cannot write --csv /no/such/folder/x.csv: no such file or folder",
        "lr --lr 0.1 --csv @no/such/x|cannot write --csv @no/such/x: no such file or folder",
        "lr --lr 0.1 --csv z --png ./z|--csv and --png must be two files, but both are z",
        "lr --lr 0.1 --png /no/such/folder/x.png|cannot write --png /no/such/folder/x.png: no such file or folder",
        "train --data fashion-mnist-mini --model cnn28 --lr 0.1 --device tpu|--device must be one of auto, cpu, cuda, cuda:0, cuda:1, ..., but is tpu",
        "train --data fashion-mnist-mini --model cnn28 --lr 0.1 --subset 0|--subset must be in [1, 6000], but is 0",
        "train --data fashion-mnist-mini --model resnet20 --lr 0.1|model resnet20 takes images of 3 channels, but those of fashion-mnist-mini have 1",
        "train --data fashion-mnist-mini --model lstm --lr 0.1|model lstm takes texts, but fashion-mnist-mini has images",
        "train --data x --model cnn28 --lr 0.1 --resume|--resume needs --out, the folder of the run to go on with",
        "train --resume --out /no/such/run|/no/such/run holds no run to go on with; to begin one, say what to train",
        "train --data x --model cnn28 --lr 0.1 --out=|--out must name a folder, but is empty",
        "train --data x --lr 0.1|Missing required option: '--model=NAME' (see 'noisylr train --help')",
        "train --data x --model cnn28|Missing required option: '--lr=X' (see 'noisylr train --help')",
        "train --data x --model cnn28 --lr 0.1 --batch-size 0|--batch-size must be at least 1, but is 0",
        "train --data x --model cnn28 --lr 0.1 --threads 0|--threads must be in [1, THREADS], but is 0",
        "train --data x --model cnn28 --lr 0.1 --threads 99999|--threads must be in [1, THREADS], but is 99999",
        "train --data x --model cnn28 --lr 0.1 --optimizer-impl fast|Invalid value for option '--optimizer-impl': must be one of {fused, stock}, but is fast (see 'noisylr train --help')",
        "train --data x --model cnn28 --lr -1|--lr must be greater than 0, but is -1.0",
        "train --data x --model vgg99 --lr 0.1|Invalid value for option '--model': must be one of {cnn28, resnet20, resnet20-keras, resnet56, resnet56-keras, vgg16, vgg16-no-dropout, densenet40-12, wrn16-8, svhn-cnn, lstm, deeplabv3}, but is vgg99 (see 'noisylr train --help')",
        "lr --lr 0.1 --schedule cosine|Invalid value for option '--schedule': must be one of {const, step, exp, clr, wr}, but is cosine (see 'noisylr lr --help')",
        "train --data x --model cnn28 --lr 0.1 --augment flip|Invalid value for option '--augment': must be one of {auto, none, crop, crop-mirror, zoom-mirror}, but is flip (see 'noisylr train --help')",
        "lr --lr abc|Invalid value for option '--lr': must be a number, but is abc (see 'noisylr lr --help')",
        "lr --lr 0.1 --epochs 99999999999|Invalid value for option '--epochs': must be an integer in [-2147483648, 2147483647], but is 99999999999 (see 'noisylr lr --help')",
        "lr --lr 0.1 --seed 1.5|Invalid value for option '--seed': must be an integer in [-9223372036854775808, 9223372036854775807], but is 1.5 (see 'noisylr lr --help')",
        "lr --lr 0.1 --epochs 2147483647 --steps-per-epoch 2147483647|--epochs times --steps-per-epoch must be in [1, 1000000000], but is 4611686014132420609",
        "train --data fashion-mnist-mini --model cnn28 --lr 0.1 --subset -3|--subset must be in [1, 6000], but is -3",
        "data|Missing subcommand: list, fetch or verify (see 'noisylr data --help')",
        "trian|Unmatched argument at index 0: 'trian', did you mean train or experiment? (see 'noisylr --help')",
        "lr --lr 0.1 --epoch 5|Unknown options: '--epoch', '5', did you mean --epochs? (see 'noisylr lr --help')",
        "data fetch|Missing required parameter: 'NAME' (see 'noisylr data fetch --help')",
        "data fetch imagenet|dataset must be one of {mnist, fashion-mnist, cifar10, cifar100, svhn, imdb, voc2012}, but is imagenet",
        "data verify imagenet|dataset must be one of {mnist, fashion-mnist, cifar10, cifar100, svhn, imdb, voc2012}, but is imagenet",
        "train --data fashion-mnist-mini --model cnn28 --lr 0.1 --augment zoom-mirror|--augment must not zoom, for fashion-mnist-mini has no classes of pixels, but zooms by 2.0",
        "train --data generated:voc2012 --model deeplabv3 --lr 0.1 --augment crop|--augment must not crop, for generated:voc2012 has classes of pixels, but crops with padding 4",
        "train --data generated:voc2012 --model resnet20 --lr 0.1|model resnet20 takes images, but generated:voc2012 has images with classes of pixels",
        "experiment|Missing subcommand: list, show, run or report (see 'noisylr experiment --help')",
        "experiment run|Missing required parameter: 'ID' (see 'noisylr experiment run --help')",
        "experiment run table9|experiment must be one of {table1, table2, table3, table4, table5, table6, table7, fig4, fig1, fig2, fig3, all}, but is table9",
        "experiment run table1 --scale huge|Invalid value for option '--scale': must be one of {full, half, tiny, smoke}, but is huge (see 'noisylr experiment run --help')",
        "experiment run table1 --scale smoke --jobs 0|--jobs must be at least 1, but is 0",
        "experiment run table1 --scale smoke --seeds 0|--seeds must be in [1, 1000], but is 0",
        "experiment run table1 --scale smoke --shard 0/2|--shard: part must be in [1, 2], but is 0",
        "experiment run table1 --scale smoke --only x|--only must match a cell, table1/sd/cifar-10 for instance, but x matches none",
        "experiment run table1 --scale smoke --device tpu|--device must be one of auto, cpu, cuda, cuda:0, cuda:1, ..., but is tpu",
        "experiment report all --out /no/such/store|/no/such/store has no runs of all: begin with 'noisylr experiment run all --out /no/such/store'",
        "train --data generated:voc2012 --model deeplabv3 --lr 0.1 --batch-size 23|--batch-size must not leave a batch of one example, which model deeplabv3 cannot train on, but 24 examples in batches of 23 do",
        "train --data generated:cifar10 --model vgg16 --lr 0.1 --batch-size 1|--batch-size must not leave a batch of one example, which model vgg16 cannot train on, but 400 examples in batches of 1 do",
        "experiment run table4 --scale smoke --data-override cifar10|--data-override must be NAME=PATH, cifar10=images.zip for instance, but is cifar10",
        "experiment run table4 --scale smoke --data-override cifar10=a --data-override cifar10=b|--data-override must name cifar10 once, but repeats it",
        "experiment run table4 --scale smoke --out /dev/null|--out must be a folder, but /dev/null is a file",
        "experiment run fig3 --only sd*|--only does not go with fig3",
        "experiment run fig3 --shard 1/2|--shard does not go with fig3",
        "experiment run table4 --scale smoke --alpha 3|--alpha does not go with table4",
        "experiment run fig2|fig2 needs no runs: 'experiment report fig2' draws it",
        "experiment report fig3|fig3 has no report of its own: 'experiment run fig3' draws it",
        "experiment run fig1 --only sd/*|--only does not go with fig1, which is made of four cells",
        "experiment report fig1 --out /no/such|/no/such has no runs for fig1: begin with 'noisylr experiment run fig1 --out /no/such'",
        "experiment run fig3 --alpha 0|--alpha must be greater than 0, but is 0.0",
        "experiment run fig3 --starts 0|--starts must be at least 1, but is 0",
        "experiment run fig3 --well-d -1|--well-d must be greater than 0, but is -1.0",
        "train --data fashion-mnist-mini --model cnn28 --optimizer l4mom --lr 0.15 --weight-decay 1e-4|--weight-decay must be 0 for L4, but is 1.0E-4",
        "quickstart --seeds 0|--seeds must be at least 1, but is 0",
      })
  void badInputIsOneLineAndExitCode2(String line, String message) {
    Outcome outcome = run(line);
    String expected = message.replace("THREADS", "" + Runtime.getRuntime().availableProcessors());
    assertThat(outcome.err()).isEqualTo("noisylr: " + expected + System.lineSeparator());
    assertThat(outcome.exit()).isEqualTo(2);
  }

  @Test
  void trainNeedsData() {
    Outcome outcome = run("train --model cnn28 --lr 0.1");
    assertThat(outcome.err())
        .isEqualTo(
            "noisylr: Missing required option: '--data=NAME|DIR|ZIP' (see 'noisylr train --help')"
                + System.lineSeparator());
    assertThat(outcome.exit()).isEqualTo(2);
  }

  @Test
  void missingDataIsOneLineThatNamesIt() {
    Outcome outcome = run("train --data " + directory + "/nothing --model cnn28 --lr 0.1");
    assertThat(outcome.err()).startsWith("noisylr: ").contains("nothing").hasLineCount(1);
    assertThat(outcome.exit()).isEqualTo(2);
  }

  @Test
  void anOutputFolderBehindAFileIsOneLine() throws IOException {
    Path file = Files.createFile(directory.resolve("file"));
    for (String command :
        List.of(
            "train --data fashion-mnist-mini --model cnn28 --lr 0.1 --epochs 1 --out "
                + file
                + "/x",
            "quickstart --out " + file + "/x")) {
      Outcome outcome = run(command);
      assertThat(outcome.err())
          .startsWith("noisylr: cannot write to ")
          .contains(file.toString())
          .hasLineCount(1);
      assertThat(outcome.exit()).isEqualTo(2);
    }
  }

  @Test
  void divergenceIsAFailedRun() {
    Outcome outcome =
        run("train --data fashion-mnist-mini --model cnn28 --lr 1e30 --epochs 1 --subset 300");
    assertThat(outcome.err())
        .startsWith("noisylr: the training loss became ")
        .contains("in epoch 0 at step ", "learning rate 1.0E30")
        .hasLineCount(1);
    assertThat(outcome.exit()).isEqualTo(1);
  }

  @Test
  void lrWritesARowAStep() {
    Outcome outcome =
        run(
            "lr --schedule step --lr 0.1 --milestones 80:0.1,120:0.1,160:0.1,180:0.5 --epochs 200"
                + " --steps-per-epoch 10 --noise uniform --alpha 8 --beta 0.6 --seed 42 --csv -");
    assertThat(outcome.exit()).isZero();
    List<String> lines = outcome.out().lines().toList();
    assertThat(lines).hasSize(2001).startsWith("epoch,step,base_lr,factor,lr", "0,0,0.1,1.0,0.1");
    for (int epoch = 0; epoch < 200; epoch++) {
      List<String> rows = lines.subList(1 + 10 * epoch, 11 + 10 * epoch);
      String factor = rows.get(0).split(",")[3];
      for (int i = 0; i < 10; i++) {
        String[] row = rows.get(i).split(",");
        assertThat(row[0]).isEqualTo(Integer.toString(epoch));
        assertThat(row[1]).isEqualTo(Integer.toString(10 * epoch + i));
        assertThat(row[3]).isEqualTo(factor);
        assertThat(Double.parseDouble(row[4]))
            .isEqualTo(Double.parseDouble(row[2]) * Double.parseDouble(row[3]));
      }
      if (epoch < 80) {
        assertThat(factor).isEqualTo("1.0");
      } else {
        assertThat(Double.parseDouble(factor)).isBetween(0.0, 8.0).isNotEqualTo(1.0);
      }
    }
  }

  @Test
  void aDeviceThatTakesNothingIsOneLineAndStaysADevice() {
    Path full = Path.of("/dev/full");
    assumeThat(full).exists();
    Outcome outcome = run("lr --lr 0.1 --csv " + full);
    assertThat(outcome.exit()).isEqualTo(2);
    assertThat(outcome.err()).startsWith("noisylr: cannot write --csv /dev/full: ").hasLineCount(1);
    assertThat(Files.isRegularFile(full)).isFalse();
  }

  @Test
  void aLinkStaysALinkAndItsTargetGetsTheRows() throws IOException {
    Path target = Files.writeString(directory.resolve("target.csv"), "old");
    Path link = Files.createSymbolicLink(directory.resolve("link.csv"), target);
    assertThat(run("lr --lr 0.1 --epochs 1 --steps-per-epoch 2 --csv " + link).exit()).isZero();
    assertThat(Files.isSymbolicLink(link)).isTrue();
    assertThat(Files.readString(target))
        .isEqualTo("epoch,step,base_lr,factor,lr\n0,0,0.1,1.0,0.1\n0,1,0.1,1.0,0.1\n");
  }

  @Test
  void nothingElseBesideAFileIsTouched() throws IOException {
    Path csv = Files.writeString(directory.resolve("lr.csv"), "old");
    Path other = Files.writeString(directory.resolve("lr.csv.tmp"), "mine");
    assertThat(run("lr --lr 0.1 --epochs 1 --steps-per-epoch 1 --csv " + csv).exit()).isZero();
    assertThat(csv).hasContent("epoch,step,base_lr,factor,lr\n0,0,0.1,1.0,0.1\n");
    assertThat(other).hasContent("mine");
    try (Stream<Path> files = Files.list(directory)) {
      assertThat(files).containsExactlyInAnyOrder(csv, other);
    }
  }

  @Test
  void standardOutputIsWrittenToByAnyOfItsNames() {
    for (String name : List.of("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")) {
      assertThat(run("lr --lr 0.1 --epochs 1 --steps-per-epoch 1 --csv " + name).out())
          .isEqualTo("epoch,step,base_lr,factor,lr\n0,0,0.1,1.0,0.1\n");
    }
  }

  @Test
  void aPipeByItsDescriptorIsWrittenTo() throws Exception {
    Path log = directory.resolve("log");
    String program =
        "%s/bin/java -cp '%s' %s lr --lr 0.1 --epochs 1 --steps-per-epoch 1 --csv >(cat > %s; echo"
            + " end >> %s) && sleep 1";
    Process bash =
        new ProcessBuilder(
                "bash",
                "-c",
                program.formatted(
                    System.getProperty("java.home"),
                    System.getProperty("java.class.path"),
                    Noisylr.class.getName(),
                    log,
                    log))
            .inheritIO()
            .start();
    assertThat(bash.waitFor()).isZero();
    assertThat(log).hasContent("epoch,step,base_lr,factor,lr\n0,0,0.1,1.0,0.1\nend\n");
  }

  @Test
  void aLinkToNothingGetsAFileWhereItLeads() throws IOException {
    Path target = directory.resolve("target.csv");
    Path link = Files.createSymbolicLink(directory.resolve("link.csv"), target);
    assertThat(run("lr --lr 0.1 --epochs 1 --steps-per-epoch 1 --csv " + link).exit()).isZero();
    assertThat(Files.isSymbolicLink(link)).isTrue();
    assertThat(target).hasContent("epoch,step,base_lr,factor,lr\n0,0,0.1,1.0,0.1\n");
  }

  @Test
  void aFileKeepsItsPermissions() throws IOException {
    Path csv = Files.createFile(directory.resolve("lr.csv"));
    Files.setPosixFilePermissions(csv, PosixFilePermissions.fromString("rw-------"));
    assertThat(run("lr --lr 0.1 --epochs 1 --steps-per-epoch 1 --csv " + csv).exit()).isZero();
    assertThat(Files.getPosixFilePermissions(csv))
        .isEqualTo(PosixFilePermissions.fromString("rw-------"));
  }

  @Test
  void lrDrawsAPicture() throws IOException {
    Path png = directory.resolve("lr.png");
    Outcome outcome = run("lr --schedule clr --lr 0.1 --epochs 32 --noise uniform --png " + png);
    assertThat(outcome.exit()).isZero();
    BufferedImage image = ImageIO.read(png.toFile());
    assertThat(image.getWidth()).isEqualTo(900);
    assertThat(image.getHeight()).isEqualTo(420);
  }

  @Test
  void lrWithoutAFileSummarises() {
    Outcome outcome = run("lr --schedule wr --lr 0.1 --epochs 40 --noise uniform --alpha 8");
    assertThat(outcome.exit()).isZero();
    assertThat(outcome.out())
        .contains("24 of 40, from epoch 16 on")
        .contains("E[f] = 4.00000, Var[f] = 5.33333; E[f] >= 1, which suffices for any gradient")
        .contains("multiplied by 37.3333 for gradients uniform on (0, b)")
        .contains("a^2 = 64.0000 > 12/7 (supplement 1.4) holds");
    assertThat(run("lr --lr 0.1 --noise gaussian --mean 0.1 --std 0.2").out())
        .contains("E[f] >= 1, which suffices for any gradient (supplement 1.3), does not hold")
        .contains("multiplied by 0.170000 for gradients uniform on (0, b)")
        .contains("4 Var[f] + E[f]^2 > 1 does not hold");
    assertThat(run("lr --lr 0.1").out()).contains("noise       none").doesNotContain("noisy");
  }

  @Test
  void noiseTooWeakToRaiseTheVarianceIsWarnedOf() {
    Outcome outcome = run("lr --lr 0.1 --noise uniform --alpha 1.2 --csv -");
    assertThat(outcome.exit()).isZero();
    assertThat(outcome.err())
        .startsWith("noisylr: warning: ")
        .contains("does not raise the variance")
        .hasLineCount(1);
    assertThat(run("lr --lr 0.1 --noise uniform --alpha 1.4").err()).isEmpty();
    assertThat(run("lr --lr 0.1").err()).isEmpty();
  }

  @Test
  void noiseThatNeverActsIsNotSilent() {
    assertThat(run("lr --lr 0.1 --noise uniform --epochs 1").err())
        .isEqualTo(
            "noisylr: warning: no epoch is noisy: noise would begin in epoch 1 (from 0), and there"
                + " is 1 epoch\n");
    assertThat(run("lr --lr 0.1 --noise gaussian --beta 0 --epochs 20").err())
        .isEqualTo(
            "noisylr: warning: no epoch is noisy: noise would begin in epoch 20 (from 0), and there"
                + " are 20 epochs\n");
    assertThat(run("lr --lr 0.1 --noise uniform --epochs 2").err()).isEmpty();
  }

  @Test
  void noiseThatStopsTrainingIsWarnedOf() {
    assertThat(run("lr --lr 0.1 --noise gaussian --mean -3").err())
        .isEqualTo(
            "noisylr: warning: with mean -3.000 of its factor, half of the learning rates or more"
                + " are the lower bound 0.000\n");
  }

  @Test
  void aMilestoneBehindTheEndIsWarnedOf() {
    String command = "lr --lr 0.1 --schedule step --milestones 80:0.1,120:0.1 --epochs ";
    assertThat(run(command + 121).err()).isEmpty();
    assertThat(run(command + 120).err())
        .isEqualTo(
            "noisylr: warning: the milestone at epoch 120 (from 0) is never reached: there are 120"
                + " epochs\n");
  }

  @Test
  void aRunRemembersWhereItsDataLie() throws IOException {
    Path data = Files.createDirectory(directory.resolve("data"));
    for (String split : List.of("train", "test")) {
      for (String label : List.of("a", "b")) {
        Path folder = Files.createDirectories(data.resolve(split).resolve(label));
        ImageIO.write(
            new BufferedImage(28, 28, BufferedImage.TYPE_BYTE_GRAY),
            "png",
            folder.resolve("1.png").toFile());
      }
    }
    Path run = directory.resolve("run");
    Path relative = Path.of("").toAbsolutePath().relativize(data);
    String command =
        "train --data %s --model cnn28 --lr 0.01 --epochs 1 --threads 1 --out %s"
            .formatted(relative, run);
    assertThat(run(command).exit()).isZero();
    assertThat(Files.readString(run.resolve("config.yaml")))
        .contains("data: " + data.toRealPath() + "\n");
  }

  @Test
  void trainKeepsARunAndGoesOnWithIt() throws IOException {
    String command =
        "train --data fashion-mnist-mini --model cnn28 --lr 0.01 --epochs 2 --subset 200 --noise"
            + " uniform --augment crop-mirror --out "
            + directory.resolve("run");
    Outcome first = run(command);
    assertThat(first.exit()).isZero();
    assertThat(first.out())
        .contains("cnn28 on fashion-mnist-mini (200 training, 1000 test examples), cpu")
        .contains("epoch 2/2")
        .containsPattern("(?m)^best test accuracy [\\d.]+ after [12] of 2 epochs, last");
    Outcome second = run(command);
    assertThat(second.exit()).isEqualTo(2);
    assertThat(second.err()).contains("holds a run already");
    assertThat(run(command + " --resume").exit()).isZero();
    Outcome alone = run("train --resume --out " + directory.resolve("run"));
    assertThat(alone.exit()).isZero();
    assertThat(alone.out())
        .contains("cnn28 on fashion-mnist-mini (200 training, 1000 test examples), cpu")
        .containsPattern(
            "finished before: best test accuracy [\\d.]+ after [12] of 2 epochs, last");
  }

  @Test
  void threadsAndImplementationAreKeptInTheConfiguration() throws IOException {
    Path run = directory.resolve("run");
    Outcome outcome =
        run(
            "train --data fashion-mnist-mini --model cnn28 --lr 0.01 --epochs 1 --subset 64"
                + " --threads 1 --optimizer-impl stock --out "
                + run);
    assertThat(outcome.exit()).isZero();
    assertThat(Files.readString(run.resolve("config.yaml")))
        .contains("threads: 1\n", "implementation: stock\n");
  }

  @Test
  void quickstartComparesAndReports() throws IOException {
    Outcome outcome = run("quickstart --epochs 1 --seeds 1 --out " + directory);
    assertThat(outcome.exit()).isZero();
    assertThat(outcome.err()).startsWith("noisylr: warning: no epoch is noisy").hasLineCount(1);
    assertThat(outcome.out())
        .contains("constant 0.01", "step decay from 0.05", "paired difference", "report.html");
    String html = Files.readString(directory.resolve("report.html"));
    assertThat(html.split("<svg", -1)).hasSize(1 + 6);
    assertThat(html).doesNotContain("src=", "href=\"http").contains("fashion-mnist-mini");
    assertThat(ImageIO.read(directory.resolve("test-accuracy.png").toFile())).isNotNull();
  }

  @Test
  void dataListNamesEveryDatasetWithItsLicence() {
    Outcome outcome = run("data list");
    assertThat(outcome.exit()).isZero();
    assertThat(outcome.out())
        .contains("fashion-mnist-mini  built in", "cifar10 ", "svhn ", "imdb ", "MIT")
        .hasLineCount(1 + Datasets.NAMES.size());
  }

  @Test
  void experimentsAreListedAndShown() {
    assertThat(run("experiment list").out())
        .contains(
            "table2       24     72  Optimizers, models and data: cifar10, mnist, svhn, imdb, voc2012")
        .hasLineCount(12);
    assertThat(run("experiment show fig3").out()).contains("SGD at 0.0571", "(0.237, 0.237)");
    assertThat(run("experiment show table5").out())
        .contains(
            "table5/const-1e-2-rn/cifar-10: resnet20-keras on cifar10, momentum 0.9, weight decay"
                + " 1.0E-4, Const from 0.01, noise 10.0 * U(0,1), beta 0.6, 200 epochs, batch 128,"
                + " crop after 4 pixels of padding and mirror, 3 seeds; paper 91.34")
        .contains("choices where the paper is silent:", "smoke  epochs divided by 40");
    assertThat(run("experiment show table1").out())
        .contains("paper 91.57 ± 0.10 (the numbers are sure, their row is not)");
  }

  @Test
  void figure1IsDrawnFromItsRunsAndFigure2FromItsSchedule() throws IOException {
    String options = " --scale smoke --seeds 1 --out " + directory;
    assertThat(
            run("experiment run fig1 --jobs 1 --data-override cifar10=generated:cifar10" + options)
                .exit())
        .isZero();
    Outcome drawn = run("experiment report fig1 --scale smoke --out " + directory);
    assertThat(drawn.exit()).isZero();
    assertThat(drawn.out()).hasLineCount(4);
    BufferedImage test = ImageIO.read(directory.resolve("fig1/smoke/test.png").toFile());
    assertThat(test.getWidth()).isEqualTo(640);
    assertThat(Files.readString(directory.resolve("fig1/smoke/train.svg"))).contains("<svg");
    assertThat(run("experiment report fig2 --out " + directory).exit()).isZero();
    assertThat(ImageIO.read(directory.resolve("fig2/schedule.png").toFile()).getWidth())
        .isEqualTo(760);
  }

  @Test
  void doctorFindsTheNativeHookInAgreementWithJava() {
    Outcome outcome = run("doctor");
    assertThat(outcome.exit()).isZero();
    assertThat(outcome.out())
        .contains("noisylr", "java", "bytedeco")
        .containsPattern("cuda +(this build|no CUDA driver|\\d+ CUDA)")
        .contains("native hook", "bit for bit");
  }

  @Test
  void everyCommandHelps() {
    for (String command :
        List.of(
            "",
            "quickstart ",
            "lr ",
            "train ",
            "data ",
            "data fetch ",
            "experiment ",
            "experiment run ",
            "doctor ")) {
      Outcome outcome = run((command + "--help").split(" "));
      assertThat(outcome.exit()).isZero();
      assertThat(outcome.out()).contains("Usage: noisylr");
    }
    assertThat(run("--version").out()).startsWith("noisylr 0.");
  }
}
