package org.noisylr.launcher;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.util.Locale;
import java.util.function.Function;
import org.bytedeco.javacpp.Loader;
import org.noisylr.check.InputException;
import org.noisylr.check.Reason;
import org.noisylr.torch.LibTorch;
import org.noisylr.torch.Versions;
import org.noisylr.train.data.format.SystemLocale;
import org.noisylr.train.loop.DivergedException;
import org.noisylr.train.loop.StepFailedException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * The command line of noisylr. Exit codes: 0 done, 1 a run failed, 2 bad usage or input, 128 + N
 * ended by signal N.
 */
@Command(
    name = "noisylr",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    versionProvider = Noisylr.Version.class,
    resourceBundle = "org.noisylr.launcher.help",
    scope = CommandLine.ScopeType.INHERIT,
    subcommands = {
      QuickstartCommand.class,
      LrCommand.class,
      TrainCommand.class,
      EvaluateCommand.class,
      PredictCommand.class,
      ExportCommand.class,
      ExperimentCommand.class,
      DataCommand.class,
      DoctorCommand.class,
      CompletionCommand.class,
      HelpCommand.class
    })
public final class Noisylr implements Runnable {
  static final int RUN_FAILED = 1;
  static final int BAD_INPUT = 2;

  @Spec private CommandSpec spec;

  private Noisylr() {}

  /** What {@code --version} prints. */
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      return new String[] {"noisylr " + Versions.of("noisylr")};
    }
  }

  public static void main(String[] arguments) {
    // Charts need no display.
    System.setProperty("java.awt.headless", "true");
    // JavaCPP then logs through slf4j, and logback.xml filters it.
    System.setProperty("org.bytedeco.javacpp.logger", "slf4j");
    // Runs side by side share the processors. Measured: 1000 costs a run alone about 5 %, and two
    // runs at once take half the time.
    if (System.getProperty(LibTorch.SPIN_COUNT) == null) {
      System.setProperty(LibTorch.SPIN_COUNT, "1000");
    }
    // The format of numbers does not depend on the machine.
    Locale.setDefault(Locale.ROOT);
    System.exit(run(commandLine(), arguments));
  }

  /** Executes a command. Reports in one line the errors that picocli does not catch. */
  static int run(CommandLine commandLine, String... arguments) {
    try {
      for (String argument : arguments) {
        SystemLocale.checked(argument);
      }
      int exit = commandLine.execute(arguments);
      if (exit == 0 && OutputFile.standardOutputFailed()) {
        error(commandLine, "cannot write to standard output: it is full or closed");
        return BAD_INPUT;
      }
      return exit;
    } catch (InputException e) {
      error(commandLine, e.getMessage());
      return BAD_INPUT;
    } catch (OutOfMemoryError e) {
      error(
          commandLine, "out of memory: " + e.getMessage() + " (raise java -Xmx, or use less data)");
    } catch (LinkageError e) {
      error(commandLine, "the native libraries do not load: " + loadError(e));
    }
    return RUN_FAILED;
  }

  /** Returns why libraries do not load, and the folder that they are unpacked into. */
  static String loadError(LinkageError e) {
    String why = Reason.firstLine(e);
    try {
      return "%s; they are unpacked into %s, which requires 500 MB"
          .formatted(why, Loader.getCacheDir());
    } catch (IOException none) {
      return why + "; no folder to unpack them into: " + none.getMessage();
    }
  }

  static CommandLine commandLine() {
    CommandLine commandLine = new CommandLine(new Noisylr());
    commandLine.setExpandAtFiles(false); // A folder's name may start with @.
    Choice.register(commandLine);
    commandLine.registerConverter(
        Integer.class,
        text -> number("a whole number up to " + Integer.MAX_VALUE, Integer::valueOf, text));
    commandLine.registerConverter(
        int.class,
        text -> number("a whole number up to " + Integer.MAX_VALUE, Integer::valueOf, text));
    commandLine.registerConverter(
        long.class, text -> number("a whole number up to " + Long.MAX_VALUE, Long::valueOf, text));
    commandLine.registerConverter(
        Double.class, text -> number("a number, such as 0.1", Double::valueOf, text));
    commandLine.registerConverter(
        double.class, text -> number("a number, such as 0.1", Double::valueOf, text));
    commandLine.setParameterExceptionHandler(
        (e, arguments) -> {
          error(
              e.getCommandLine(),
              "%s%s (see '%s --help')"
                  .formatted(
                      Reason.firstLine(e),
                      suggestion(e),
                      e.getCommandLine().getCommandSpec().qualifiedName()));
          return BAD_INPUT;
        });
    commandLine.setExecutionExceptionHandler((e, command, result) -> failed(e, command));
    return commandLine;
  }

  private static <T> T number(String what, Function<String, T> parser, String text) {
    try {
      return parser.apply(text);
    } catch (NumberFormatException e) {
      throw new TypeConversionException("must be %s, but is %s".formatted(what, text));
    }
  }

  private static int failed(Exception e, CommandLine command) {
    if (e instanceof InputException) {
      error(command, e.getMessage());
      return BAD_INPUT;
    }
    String message = Reason.firstLine(e);
    if (message.contains("can't allocate memory") || message.contains("out of memory")) {
      error(command, "LibTorch is out of memory: " + message);
    } else if (isExpected(e)) {
      error(command, message);
    } else {
      PrintWriter err = command.getErr();
      err.println("noisylr: internal error; please report it with the output of 'noisylr doctor'");
      e.printStackTrace(err);
    }
    return RUN_FAILED;
  }

  /** Returns whether the message of an error tells users all that they need. */
  static boolean isExpected(Throwable e) {
    return e instanceof InputException
        || e instanceof DivergedException
        || e instanceof StepFailedException
        || e instanceof UncheckedIOException
        || e instanceof OutOfMemoryError;
  }

  /** Returns the commands or options with a spelling like that of an unknown one. */
  private static String suggestion(ParameterException e) {
    return e instanceof UnmatchedArgumentException unmatched
            && !unmatched.getSuggestions().isEmpty()
        ? ", did you mean %s?".formatted(String.join(" or ", unmatched.getSuggestions()))
        : "";
  }

  private static void error(CommandLine command, String message) {
    command.getErr().println("noisylr: " + InputException.oneLine(message));
  }

  @Override
  public void run() {
    spec.commandLine().usage(spec.commandLine().getOut());
  }
}
