package org.noisylr.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Bad usage or input ends with exit code 2 and a message of one line. */
class BadInputTest {
  @TempDir private Path directory;

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
        "lr --lr -0.1|--lr must be at least 0, but is -0.1",
        "lr --lr 0.1 --epochs 0|--epochs must be at least 1, but is 0",
        "lr --lr 0.1 --steps-per-epoch 0|--steps-per-epoch must be at least 1, but is 0",
        "lr --lr 0.1 --noise uniform --noise-min-lr 2 --noise-max-lr 1|--noise-max-lr must be at least 2.0, but is 1.0",
        "lr --lr 0.1 --schedule step|--schedule step requires --milestones, 80:0.1,120:0.1 for instance",
        "lr --lr 0.1 --milestones 5:0.1|--milestones requires --schedule step or clr, but --schedule is const",
        "lr --lr 0.1 --noise uniform --noise-min-lr -1|--noise-min-lr must be at least 0, but is -1.0",
        "lr --lr 0.1 --alpha 8|--alpha requires --noise uniform, but --noise is none",
        "lr --lr 0.1 --noise gaussian --alpha 8|--alpha requires --noise uniform, but --noise is gaussian",
        "lr --lr 0.1 --noise uniform --mean 4|--mean requires --noise gaussian, but --noise is uniform",
        "lr --lr 0.1 --noise uniform --std 1|--std requires --noise gaussian, but --noise is uniform",
        "lr --lr 0.1 --beta 0.5|--beta requires --noise uniform or gaussian or log-uniform, but --noise is none",
        "lr --lr 0.1 --noise none --noise-per step|--noise-per requires --noise uniform or gaussian or log-uniform, but --noise is none",
        "lr --lr 0.1 --seed 3|--seed requires --noise uniform or gaussian or log-uniform, but --noise is none",
        "lr --lr 0.1 --decay-steps 6|--decay-steps requires --schedule exp, but --schedule is const",
        "lr --lr 0.1 --schedule exp --peak-lr 3|--peak-lr requires --schedule clr or one-cycle, but --schedule is exp",
        "lr --lr 0.1 --schedule clr --final-lr 0|--final-lr requires --schedule wr or cosine or poly or one-cycle or wsd, but --schedule is clr",
        "lr --lr 0.1 --schedule exp --decay-steps 0|--decay-steps must be greater than 0, but is 0.0",
        "lr --lr 0.1 --schedule exp --decay-rate 0|--decay-rate must be greater than 0, but is 0.0",
        "lr --lr 0.1 --schedule clr --peak-lr 0.01|--peak-lr must be at least 0.1, but is 0.01",
        "lr --lr -1 --schedule clr|--lr must be at least 0, but is -1.0",
        "lr --lr 0.1 --schedule clr --cycle-epochs 0|--cycle-epochs must be greater than 0, but is 0.0",
        "lr --lr 0.1 --schedule wr --final-lr 1|--final-lr must be in [0.0, 0.1], but is 1.0",
        "lr --lr 0.1 --schedule wr --restart-epochs 0|--restart-epochs must be greater than 0, but is 0.0",
        "lr --lr 0.1 --schedule cosine --epochs 9 --final-lr 0.2|--final-lr must be in [0.0, 0.1], but is 0.2",
        "lr --lr 0.1 --schedule poly --power 0|--power must be greater than 0, but is 0.0",
        "lr --lr 0.1 --schedule cosine --power 2|--power requires --schedule poly, but --schedule is cosine",
        "lr --lr 0.5 --schedule one-cycle|--lr must be in [0.0, 0.3], but is 0.5",
        "lr --lr 0.1 --schedule one-cycle --rise-fraction 2|--rise-fraction must be in [0.0, 1.0], but is 2.0",
        "lr --lr 0.1 --schedule inverse-sqrt|--warmup-epochs must be greater than 0, but is 0.0",
        "lr --lr 0.1 --schedule wsd|--schedule wsd requires --decay-epochs",
        "lr --lr 0.1 --schedule wsd --epochs 10 --warmup-epochs 3 --decay-epochs 8|--epochs must be at least 11.0, but is 10.0",
        "lr --lr 0.1 --epochs 5 --warmup-epochs 5|--warmup-epochs must be less than --epochs, 5, but is 5.0",
        "lr --lr 0.1 --warmup-epochs -1|--warmup-epochs must be at least 0, but is -1.0",
        "lr --lr 0.1 --noise uniform --low 1|--noise uniform requires --low and --high, or --alpha",
        "lr --lr 0.1 --noise uniform --alpha 8 --low 0 --high 2|--alpha and --low exclude each other",
        "lr --lr 0.1 --noise log-uniform --low 1|--noise log-uniform requires --high",
        "lr --lr 0.1 --noise log-uniform --low 2 --high 1|--high must be greater than 2.0, but is 1.0",
        "lr --lr 0.1 --noise gaussian --low 1|--low requires --noise uniform or log-uniform, but --noise is gaussian",
        "lr --lr 0.1 --schedule wr --restart-mult 0|--restart-mult must be at least 1.0, but is 0.0",
        "train --data x --model cnn28 --lr 0.1 --optimizer adam --momentum 0.9|--momentum requires --optimizer momentum, but --optimizer is adam",
        "train --data x --model cnn28 --lr 0.1 --optimizer l4mom --optimizer-impl stock|--optimizer-impl requires --optimizer sgd or momentum or adam or adamw or adagrad or rmsprop, but --optimizer is l4mom",
        "train --data x --model cnn28 --lr 0.1 --optimizer adam --nesterov|--nesterov requires --optimizer momentum, but --optimizer is adam",
        "train --data x --model cnn28 --lr 0.1 --nesterov --momentum 0|--momentum must be greater than 0 for Nesterov's momentum, but is 0.0",
        "train --data x --model cnn28 --lr 0.1 --momentum-form tf|Invalid value for option '--momentum-form': must be one of {torch, keras}, but is tf (see 'noisylr train --help')",
        "train --data x --model cnn28 --lr 0.1 --optimizer sgd --momentum-form keras|--momentum-form requires --optimizer momentum, but --optimizer is sgd",
        "train --data x --model cnn28 --lr 0.1 --momentum 1|--momentum must be in [0, 1), but is 1.0",
        "train --data x --model cnn28 --lr 0.1 --weight-decay -1|--weight-decay must be at least 0, but is -1.0",
        "train --data x --model cnn28 --lr 0.1 --out /dev/null|cannot write to /dev/null: it exists and is not a folder",
        "train --data x --model cnn28 --lr 0.1 --out /dev/null/run|cannot write to /dev/null/run: /dev/null: it exists and is not a folder",
        "train --resume --out r --epochs 9|r has no run to resume; to start one, give --data, --model and --lr",
        "train --resume --out r --data x --model cnn28|r has no run to resume; to start one, give --data, --model and --lr",
        "lr --lr 0.1 --csv /no/such/folder/x.csv|cannot write --csv /no/such/folder/x.csv: its folder does not exist",
        "lr --lr 0.1 --csv @no/such/x|cannot write --csv @no/such/x: its folder does not exist",
        "lr --lr 0.1 --csv z --png ./z|--csv and --png must be two files, but both are ./z",
        "lr --lr 0.1 --png /no/such/folder/x.png|cannot write --png /no/such/folder/x.png: its folder does not exist",
        "lr --lr 0.1 --svg z --pdf ./z|--svg and --pdf must be two files, but both are ./z",
        "lr --lr 0.1 --svg /no/such/folder/x.svg|cannot write --svg /no/such/folder/x.svg: its folder does not exist",
        "lr --lr 0.1 --pdf /no/such/folder/x.pdf|cannot write --pdf /no/such/folder/x.pdf: its folder does not exist",
        "lr --lr 0.1 --titles|--titles requires --png, --svg or --pdf",
        "lr --lr 0.1 --csv - --titles|--titles requires --png, --svg or --pdf",
        "train --data fashion-mnist-mini --model cnn28 --lr 0.1 --device tpu|--device must be one of auto, cpu, cuda, cuda:0, cuda:1, ..., but is tpu",
        "train --data fashion-mnist-mini --model cnn28 --lr 0.1 --subset 0|--subset must be in [1, 6000], but is 0",
        "train --data fashion-mnist-mini --model resnet20 --lr 0.1|model resnet20 takes images of 3 channels, but those of fashion-mnist-mini have 1",
        "train --data fashion-mnist-mini --model lstm --lr 0.1|model lstm takes texts, but fashion-mnist-mini has images",
        "train --data x --model cnn28 --lr 0.1 --resume|--resume requires --out, the folder of the run",
        "train --data x --model cnn28 --lr 0.1 --tensorboard|--tensorboard requires --out, the folder of the run",
        "train --resume --out /no/such/run|/no/such/run has no run to resume; to start one, give --data, --model and --lr",
        "train --data x --model cnn28 --lr 0.1 --out=|--out must name a folder, but is empty",
        "train --data x --model cnn28|Missing required option: '--lr=X' (see 'noisylr train --help')",
        "train --data x --model cnn28 --lr 0.1 --batch-size 0|--batch-size must be at least 1, but is 0",
        "train --data x --model cnn28 --lr 0.1 --processes 0|--processes must be in [1, 64], but is 0",
        "train --data x --model cnn28 --lr 0.1 --validation 1|--validation must be in (0, 1), but is 1.0",
        "train --data x --model cnn28 --lr 0.1 --validation NaN|--validation must be in (0, 1), but is NaN",
        "train --data fashion-mnist-mini --subset 20 --model cnn28 --lr 0.1 --validation 0.001|--validation must be a fraction that holds out one or more of the 20 training examples and leaves one, but is 0.001",
        "train --data x --model cnn28 --lr 0.1 --early-stop 0|--early-stop must be at least 1, but is 0",
        "train --data x --model cnn28 --lr 0.1 --accumulate 0|--accumulate must be at least 1, but is 0",
        "train --data x --model cnn28 --lr 0.1 --clip-norm -1|--clip-norm must be greater than 0, but is -1.0",
        "train --data x --model cnn28 --lr 0.1 --label-smoothing 1|--label-smoothing must be in [0, 1), but is 1.0",
        "train --data x --model cnn28 --lr 0.1 --ema 1|--ema must be in [0, 1), but is 1.0",
        "train --data x --model cnn28 --lr 0.1 --threads 0|--threads must be in [1, THREADS], but is 0",
        "train --data x --model cnn28 --lr 0.1 --threads 99999|--threads must be in [1, THREADS], but is 99999",
        "train --data x --model cnn28 --lr 0.1 --optimizer-impl fast|Invalid value for option '--optimizer-impl': must be one of {fused, stock}, but is fast (see 'noisylr train --help')",
        "train --data x --model cnn28 --lr -1|--lr must be at least 0, but is -1.0",
        "train --data x --model vgg99 --lr 0.1|Invalid value for option '--model': must be FILE.pt or one of {cnn28, resnet20, resnet20-keras, resnet56, resnet56-keras, vgg16, vgg16-no-dropout, densenet40-12, wrn16-8, svhn-cnn, lstm, deeplabv3}, but is vgg99 (see 'noisylr train --help')",
        "lr --lr 0.1 --schedule cosin|Invalid value for option '--schedule': must be one of {const, step, exp, clr, wr, cosine, poly, one-cycle, inverse-sqrt, wsd}, but is cosin (see 'noisylr lr --help')",
        "train --data x --model cnn28 --lr 0.1 --augment flip|Invalid value for option '--augment': must be one of {auto, none, crop, crop-mirror, zoom-mirror}, but is flip (see 'noisylr train --help')",
        "lr --lr abc|Invalid value for option '--lr': must be a number, such as 0.1, but is abc (see 'noisylr lr --help')",
        "lr --lr 0.1 --epochs 99999999999|Invalid value for option '--epochs': must be a whole number up to 2147483647, but is 99999999999 (see 'noisylr lr --help')",
        "lr --lr 0.1 --seed 1.5|Invalid value for option '--seed': must be a whole number up to 9223372036854775807, but is 1.5 (see 'noisylr lr --help')",
        "lr --lr 0.1 --epochs 2147483647 --steps-per-epoch 2147483647|--epochs times --steps-per-epoch must be in [1, 1000000000], but is 4611686014132420609",
        "train --data fashion-mnist-mini --model cnn28 --lr 0.1 --subset -3|--subset must be in [1, 6000], but is -3",
        "data|a subcommand is required: list, fetch, verify (see 'noisylr data --help')",
        "trian|Unmatched argument at index 0: 'trian', did you mean train or experiment? (see 'noisylr --help')",
        "lr --lr 0.1 --epoch 5|Unknown options: '--epoch', '5', did you mean --epochs? (see 'noisylr lr --help')",
        "data fetch|Missing required parameter: 'NAME' (see 'noisylr data fetch --help')",
        "data fetch imagenet|dataset must be one of {mnist, fashion-mnist, cifar10, cifar100, svhn, imdb, voc2012}, but is imagenet",
        "data verify imagenet|data must be one of fashion-mnist-mini, fashion-mnist, mnist, cifar10, cifar100, svhn, imdb, voc2012, or the path of a dataset, but is \"imagenet\"",
        "data verify ./nope.zip|./nope.zip cannot be read: no such file or folder",
        "data verify fashion-mnist-mini --resize 32|--resize requires a folder or archive of images, but the data is fashion-mnist-mini",
        "train --data ./nope.zip --model cnn28 --lr 0.1|./nope.zip cannot be read: no such file or folder",
        "train --data x --model cnn28 --lr 0.1 --resize 7|--resize must be in [8, 512], but is 7",
        "train --data x --model cnn28 --lr 0.1 --resize 513|--resize must be in [8, 512], but is 513",
        "train --data cifar10 --model resnet20 --lr 0.1 --resize 32|--resize requires a folder or archive of images, but the data is cifar10",
        "train --data fashion-mnist-mini --model cnn28 --lr 0.1 --augment zoom-mirror|--augment must have zoom 1 for the images of fashion-mnist-mini, but has 2.0",
        "train --data generated:voc2012 --model deeplabv3 --lr 0.1 --augment crop|--augment must have padding 0 for the segmentation images of generated:voc2012, but has 4",
        "train --data generated:voc2012 --model resnet20 --lr 0.1|model resnet20 takes images, but generated:voc2012 has segmentation images",
        "experiment|a subcommand is required: list, show, run, report (see 'noisylr experiment --help')",
        "experiment run|Missing required parameter: 'EXPERIMENT' (see 'noisylr experiment run --help')",
        "experiment run table9|experiment must be one of {table1, table2, table3, table4, table5, table6, table7, fig4, fig1, fig2, fig3, noise-kinds, alpha-beta, warmup-cosine, fashion-mnist, all, FILE.yaml}, but is table9 (did you mean table1?)",
        "experiment run table1 --scale huge|Invalid value for option '--scale': must be one of {full, half, tiny, smoke}, but is huge (see 'noisylr experiment run --help')",
        "experiment run table1 --scale smoke --jobs 0|--jobs must be at least 1, but is 0",
        "experiment run table1 --scale smoke --seeds 0|--seeds must be in [1, 1000], but is 0",
        "experiment run table1 --scale smoke --shard 0/2|--shard: part must be in [1, 2], but is 0",
        "experiment run table1 --scale smoke --only x|--only must match a cell, table1/sd/cifar-10 for instance, but x matches none",
        "experiment run table1 --scale smoke --device tpu|--device must be one of auto, cpu, cuda, cuda:0, cuda:1, ..., but is tpu",
        "experiment report all --out /no/such/store|/no/such/store has no runs of all: start with 'noisylr experiment run all --out /no/such/store'",
        "train --data generated:voc2012 --model deeplabv3 --lr 0.1 --batch-size 23|--batch-size must be such that model deeplabv3 gets at least 2 examples in every batch, but is 23 for 24 examples",
        "train --data generated:cifar10 --model vgg16 --lr 0.1 --batch-size 1|--batch-size must be such that model vgg16 gets at least 2 examples in every batch, but is 1 for 400 examples",
        "experiment run table4 --scale smoke --data-override cifar10|--data-override must be NAME=PATH, cifar10=images.zip for instance, but is cifar10",
        "experiment run table4 --scale smoke --data-override cifar10=a --data-override cifar10=b|--data-override must name cifar10 once, but repeats it",
        "experiment run table4 --scale smoke --out /dev/null|cannot write to /dev/null: it exists and is not a folder",
        "experiment run fig3 --only sd*|--only has no effect on fig3",
        "experiment run fig3 --shard 1/2|--shard has no effect on fig3",
        "experiment run table4 --scale smoke --alpha 3|--alpha has no effect on table4",
        "experiment run fig2 --seeds 2|--seeds has no effect on fig2",
        "experiment run fig1 --titles|--titles has no effect on training: give it to 'report'",
        "experiment report table1 --titles|--titles has no effect on table1, which has no pictures",
        "experiment report fig2 --scale tiny|--scale has no effect on fig2",
        "experiment report fig3 --scale tiny|--scale has no effect on fig3",
        "experiment run fig1 --only sd/*|--only has no effect on fig1, which has four cells",
        "experiment report fig1 --out /no/such|/no/such has no runs of fig1: start with 'noisylr experiment run fig1 --out /no/such'",
        "experiment run fig3 --alpha 0|--alpha must be greater than 0, but is 0.0",
        "experiment run fig3 --starts 0|--starts must be at least 1, but is 0",
        "experiment run fig3 --well-d -1|--well-d must be greater than 0, but is -1.0",
        "train --data fashion-mnist-mini --model cnn28 --optimizer l4mom --lr 0.15 --weight-decay 1e-4|--weight-decay must be 0 for L4, but is 1.0E-4",
        "train --data fashion-mnist-mini --model cnn28 --lr 0.1 --device cpu --capture|--capture requires a CUDA device, but the device is cpu",
        "experiment run table2 --scale smoke --device cpu --capture|--capture requires a CUDA device, but the device is cpu",
        "quickstart --seeds 0|--seeds must be at least 1, but is 0",
        "quickstart --threads 0|--threads must be in [1, THREADS], but is 0",
      })
  void badInputIsOneLineAndExitCode2(String line, String message) {
    Invocation outcome = Invocation.of(line);
    String expected = message.replace("THREADS", "" + Runtime.getRuntime().availableProcessors());
    assertThat(outcome.err()).isEqualTo("noisylr: " + expected + System.lineSeparator());
    assertThat(outcome.exit()).isEqualTo(2);
  }

  @Test
  void trainRequiresDataAndModel() {
    assertMissing("train --model cnn28 --lr 0.1", "--data=NAME|PATH");
    assertMissing("train --data x --lr 0.1", "--model=NAME|FILE.pt");
  }

  private static void assertMissing(String line, String option) {
    Invocation outcome = Invocation.of(line);
    assertThat(outcome.err())
        .isEqualTo(
            "noisylr: Missing required option: '%s' (see 'noisylr train --help')%n"
                .formatted(option));
    assertThat(outcome.exit()).isEqualTo(2);
  }

  @Test
  void absentDataIsNamed() {
    Invocation outcome =
        Invocation.of("train --data " + directory + "/nothing --model cnn28 --lr 0.1");
    assertThat(outcome.err()).startsWith("noisylr: ").contains("nothing").hasLineCount(1);
    assertThat(outcome.exit()).isEqualTo(2);
  }

  @Test
  void quickstartRejectsTheFolderOfARun() throws IOException {
    Invocation.of(
        "train --data fashion-mnist-mini --model cnn28 --lr 0.1 --epochs 1 --subset 100 --test-subset"
            + " 10 --out "
            + directory);
    assertThat(Invocation.of("quickstart --out " + directory))
        .isEqualTo(
            new Invocation(
                2,
                "",
                "noisylr: %s holds a run of 'train'; choose another folder%n"
                    .formatted(directory)));
    assertThat(directory.resolve("runs")).doesNotExist();
  }

  @Test
  void anOutputFolderInPlaceOfAFileIsNamed() throws IOException {
    Path file = Files.createFile(directory.resolve("file"));
    for (String command :
        List.of(
            "train --data fashion-mnist-mini --model cnn28 --lr 0.1 --epochs 1 --out "
                + file
                + "/x",
            "quickstart --out " + file + "/x")) {
      Invocation outcome = Invocation.of(command);
      assertThat(outcome.err())
          .startsWith("noisylr: cannot write to ")
          .contains(file.toString())
          .hasLineCount(1);
      assertThat(outcome.exit()).isEqualTo(2);
    }
  }
}
