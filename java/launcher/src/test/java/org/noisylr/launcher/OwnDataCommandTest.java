package org.noisylr.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.Color;
import java.awt.Graphics;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Supplier;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Photographs of a user, of any size: black cats and white dogs. */
class OwnDataCommandTest {
  private static final String WARNING =
      "noisylr: warning: 1 file of %s is skipped: neither JPEG nor PNG (1 .webp), first: train/cat/x.webp; convert images to PNG to use them";

  @RegisterExtension private final Programs programs = new Programs();
  @TempDir private Path folder;
  private Path photos;

  @BeforeEach
  void writePhotos() throws IOException {
    photos = folder.resolve("photos");
    for (String split : new String[] {"train", "val"}) {
      for (int i = 0; i < 16; i++) {
        Path file = photos.resolve("%s/%s/%d.png".formatted(split, i % 2 == 0 ? "cat" : "dog", i));
        Files.createDirectories(file.getParent());
        BufferedImage image =
            new BufferedImage(30 + 5 * i, 90 - 3 * i, BufferedImage.TYPE_BYTE_GRAY);
        int side = i % 2 == 0 ? 3 : 200;
        Graphics graphics = image.getGraphics();
        graphics.setColor(Color.WHITE);
        graphics.fillRect(i, i, side, side);
        ImageIO.write(image, "png", file.toFile());
      }
    }
    Files.writeString(photos.resolve("train/cat/x.webp"), "x");
  }

  /** Returns what was written to standard error, by the logger too. */
  private static String errors(Supplier<Invocation> command, int exit) {
    PrintStream before = System.err;
    ByteArrayOutputStream log = new ByteArrayOutputStream();
    System.setErr(new PrintStream(log, true, StandardCharsets.UTF_8));
    try {
      Invocation outcome = command.get();
      assertThat(outcome.exit()).as(outcome.err()).isEqualTo(exit);
      return log.toString(StandardCharsets.UTF_8) + outcome.err();
    } finally {
      System.setErr(before);
    }
  }

  private static String out(String command) {
    Invocation outcome = Invocation.of(command);
    assertThat(outcome.exit()).as(outcome.err()).isZero();
    return outcome.out();
  }

  @Test
  void verifySaysWhatIsReadAndWhatIsNot() {
    assertThat(out("data verify " + photos + " --resize 28"))
        .isEqualTo(
            "%s (images in class folders): 16 training and 16 test examples, grey images of 28 x 28 pixels (width x height), resized; 2 classes: cat, dog%n"
                .formatted(photos));
    String line = photos + "/../photos";
    assertThat(errors(() -> Invocation.of("data verify " + line + " --resize 28"), 0).lines())
        .containsExactlyInAnyOrder(
            WARNING.formatted(line),
            "noisylr: %s: the test images are those in val/, because test/ has none"
                .formatted(line));
    assertThat(errors(() -> Invocation.of("data verify " + photos), 2))
        .contains("must have images of one size, but 32 images have 16 sizes, for instance");
  }

  @Test
  void verifyDescribesWhatIsPartOfTheProgram() {
    assertThat(out("data verify fashion-mnist-mini"))
        .startsWith(
            "fashion-mnist-mini (embedded): 6000 training and 1000 test examples, grey images of 28 x 28 pixels (width x height); 10 classes: T-shirt/top, ");
    assertThat(out("data verify generated:imdb generated:voc2012"))
        .contains("(synthetic): 400 training", "texts of 80 tokens", "on canvases of 65 x 65")
        .hasLineCount(2);
  }

  @Test
  void aModelOfResizedImagesTakesPhotosOfAnySize() throws IOException {
    Path run = folder.resolve("run");
    String train =
        "train --data %s --model cnn28 --resize 28 --lr 0.05 --batch-size 8 --epochs 20 --out %s"
            .formatted(photos, run);
    assertThat(out(train)).contains("cnn28 on photos (16 training, 16 test examples)");
    assertThat(Files.readString(run.resolve("config.yaml"))).contains("\nresize: 28\n");
    assertThat(out("train --resume --out " + run)).contains("already finished");
    assertThat(out("evaluate " + run)).contains("(16 test examples)", "accuracy 1.0000");
    assertThat(out("predict %s %s/val/cat/0.png %s/val/dog/9.png".formatted(run, photos, photos)))
        .containsPattern("val/cat/0.png,cat,")
        .containsPattern("val/dog/9.png,dog,");
    Path exported = folder.resolve("weights.safetensors");
    out("export %s --out %s".formatted(run, exported));
    assertThat(Files.readString(folder.resolve("weights.json"))).contains("\"resize\" : 28");
    assertThat(out("evaluate %s --checkpoint %s".formatted(run, exported)))
        .contains("accuracy 1.0000");
    assertThat(errors(() -> Invocation.of("evaluate " + run + " --data fashion-mnist-mini"), 2))
        .contains("resize requires a folder or archive of images");
  }

  @Test
  @EnabledIfSystemProperty(named = "reliability", matches = "long")
  @Tag("slow")
  void severalProcessesSayItOnce() throws Exception {
    Path log = folder.resolve("log");
    programs.finish(
        log,
        "train --data %s --model cnn28 --resize 28 --lr 0.05 --batch-size 8 --epochs 1 --threads 1 --processes 2"
            .formatted(photos));
    assertThat(Programs.read(log).lines().filter(WARNING.formatted(photos)::equals)).hasSize(1);
    assertThat(Programs.read(log)).containsOnlyOnce("the test images are those in val/");
  }

  @Test
  @Tag("slow")
  void aLocaleThatCannotRepresentANameIsNamed() throws Exception {
    Path log = folder.resolve("log");
    Path cats = photos.resolve("train/cat");
    Files.move(cats, cats.resolveSibling("猫"));
    Process verify =
        programs.start(log, Map.of("LC_ALL", "C"), "data verify " + photos + " --resize 28");
    assertThat(verify.waitFor()).isEqualTo(2);
    assertThat(Programs.read(log))
        .contains("has characters that the locale (", "set the environment variable LC_ALL to")
        .hasLineCount(1);
  }
}
