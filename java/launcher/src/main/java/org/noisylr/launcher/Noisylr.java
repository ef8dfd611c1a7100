package org.noisylr.launcher;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.util.Locale;
import org.bytedeco.javacpp.Loader;
import org.noisylr.check.InputException;
import org.noisylr.check.Reason;
import org.noisylr.train.loop.DivergedException;
import org.noisylr.train.loop.StepFailedException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * The command line of noisylr. Exit codes: 0 done, 1 a run failed, 2 bad usage or input, 128 + N
 * ended by signal N.
 */
@Command(
    name = "noisylr",
    description = "Random learning rates for LibTorch on the JVM.",
    mixinStandardHelpOptions = true,
    versionProvider = Versions.class,
    scope = CommandLine.ScopeType.INHERIT,
    subcommands = {
      QuickstartCommand.class,
      LrCommand.class,
      TrainCommand.class,
      ExperimentCommand.class,
      DataCommand.class,
      DoctorCommand.class
    })
public final class Noisylr {
  static final int RUN_FAILED = 1;
  static final int BAD_INPUT = 2;

  private Noisylr() {}

  public static void main(String[] arguments) {
    // Charts are drawn without a display.
    System.setProperty("java.awt.headless", "true");
    // JavaCPP then logs through slf4j, where logback.xml decides what a user sees.
    System.setProperty("org.bytedeco.javacpp.logger", "slf4j");
    // Numbers look the same everywhere.
    Locale.setDefault(Locale.ROOT);
    System.exit(run(commandLine(), arguments));
  }

  /** Executes a command; what picocli leaves uncaught becomes one line as well. */
  static int run(CommandLine commandLine, String... arguments) {
    try {
      return commandLine.execute(arguments);
    } catch (OutOfMemoryError e) {
      error(
          commandLine, "out of memory: " + e.getMessage() + " (raise java -Xmx, or use less data)");
    } catch (LinkageError e) {
      error(commandLine, "the native libraries do not load: " + unloaded(e));
    }
    return RUN_FAILED;
  }

  /** Why libraries do not load, and where that may be mended. */
  static String unloaded(LinkageError e) {
    String why = Reason.firstLine(e);
    try {
      return "%s; they are unpacked into %s, which takes 500 MB"
          .formatted(why, Loader.getCacheDir());
    } catch (IOException none) {
      return why + "; there is no folder to unpack them into: " + none.getMessage();
    }
  }

  static CommandLine commandLine() {
    CommandLine commandLine = new CommandLine(new Noisylr());
    commandLine.setExpandAtFiles(false); // @ may begin the name of a folder
    Choice.register(commandLine);
    Numbers.register(commandLine);
    commandLine.setParameterExceptionHandler(
        (e, arguments) -> {
          CommandLine command = e.getCommandLine();
          error(
              command,
              e.getMessage().lines().findFirst().orElse("bad usage")
                  + meant(e)
                  + " (see '"
                  + command.getCommandSpec().qualifiedName()
                  + " --help')");
          return BAD_INPUT;
        });
    commandLine.setExecutionExceptionHandler(
        (e, command, result) -> {
          if (e instanceof InputException) {
            error(command, e.getMessage());
            return BAD_INPUT;
          }
          String message = Reason.firstLine(e);
          if (message.contains("can't allocate memory") || message.contains("out of memory")) {
            error(command, "LibTorch is out of memory: " + message);
            return RUN_FAILED;
          }
          if (e instanceof DivergedException
              || e instanceof StepFailedException
              || e instanceof UncheckedIOException) {
            error(command, message);
            return RUN_FAILED;
          }
          PrintWriter err = command.getErr();
          err.println(
              "noisylr: internal error, please report it with the output of 'noisylr doctor'");
          e.printStackTrace(err);
          return RUN_FAILED;
        });
    return commandLine;
  }

  /** What a word that is no command or option may be a slip of. */
  private static String meant(ParameterException e) {
    return e instanceof UnmatchedArgumentException unmatched
            && !unmatched.getSuggestions().isEmpty()
        ? ", did you mean %s?".formatted(String.join(" or ", unmatched.getSuggestions()))
        : "";
  }

  private static void error(CommandLine command, String message) {
    command.getErr().println("noisylr: " + InputException.oneLine(message));
  }
}
