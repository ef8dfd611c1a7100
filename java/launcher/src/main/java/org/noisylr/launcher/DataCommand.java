package org.noisylr.launcher;

import picocli.CommandLine.Command;

/** The datasets that are known by name. */
@Command(
    name = "data",
    subcommands = {DataListCommand.class, DataFetchCommand.class, DataVerifyCommand.class})
final class DataCommand extends CommandGroup {}
