package org.noisylr.launcher;

import java.util.List;
import java.util.stream.Stream;
import org.noisylr.train.run.ModelName;
import org.noisylr.train.run.ModelSpec;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** Prints a script that completes commands, options and their choices in a shell. */
@Command(name = "completion")
final class CompletionCommand extends Subcommand {
  @Override
  public Integer call() {
    CommandLine program = Noisylr.commandLine();
    describeChoices(program.getCommandSpec());
    out().print(AutoComplete.bash(program.getCommandName(), program));
    out().flush();
    return 0;
  }

  private static String word(Object choice) {
    return choice instanceof ModelName name ? name.toString() : Choice.word(choice);
  }

  /** Lists the words of choices. The script stores them by label, so that labels must differ. */
  private static void describeChoices(CommandSpec command) {
    for (OptionSpec option : List.copyOf(command.options())) {
      Object[] choices =
          option.type() == ModelSpec.class ? ModelName.values() : option.type().getEnumConstants();
      if (choices != null) {
        command.remove(option);
        command.addOption(
            OptionSpec.builder(option)
                .paramLabel(option.longestName())
                .completionCandidates(Stream.of(choices).map(CompletionCommand::word).toList())
                .build());
      }
    }
    command.subcommands().values().forEach(each -> describeChoices(each.getCommandSpec()));
  }
}
