package org.noisylr.launcher;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Options that a command has as a mixin. */
abstract class OptionGroup {
  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

  /** Returns the command that has these options. */
  final CommandSpec command() {
    return command;
  }
}
