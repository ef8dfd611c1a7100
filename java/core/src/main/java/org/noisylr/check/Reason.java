package org.noisylr.check;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.Locale;

/** What went wrong in reading or writing, in words for users instead of Java's exception names. */
public final class Reason {
  private Reason() {}

  /**
   * One line that says why, with the file where the exception names one that {@code place} does
   * not.
   *
   * @param place what the message of the caller names already
   */
  public static String of(IOException e, Object place) {
    String why = why(e);
    return e instanceof FileSystemException f
            && f.getFile() != null
            && !f.getFile().startsWith(String.valueOf(place))
        ? f.getFile() + ": " + why
        : why;
  }

  private static String why(IOException e) {
    if (e instanceof NoSuchFileException) {
      return "no such file or folder";
    }
    if (e instanceof AccessDeniedException) {
      return "permission denied";
    }
    if (e instanceof FileAlreadyExistsException) {
      return "a file is in its place";
    }
    if (e instanceof NotDirectoryException) {
      return "not a folder";
    }
    if (e instanceof DirectoryNotEmptyException) {
      return "the folder is not empty";
    }
    if (e instanceof FileSystemLoopException) {
      return "it is a link that leads in a circle";
    }
    if (e instanceof CharacterCodingException) {
      return "it is not text in UTF-8";
    }
    String text = e instanceof FileSystemException f ? f.getReason() : e.getMessage();
    String line = text == null ? firstLine(e) : InputException.oneLine(text);
    // The system's own words begin with a capital letter: "No space left on device".
    return line.matches("[A-Z][a-z].*")
        ? line.substring(0, 1).toLowerCase(Locale.ROOT) + line.substring(1)
        : line;
  }

  /**
   * The first line of what an exception says, for C++ puts a stack trace below it; where it says
   * nothing, what it is.
   */
  public static String firstLine(Throwable e) {
    return e.getMessage() == null || e.getMessage().isBlank()
        ? e.getClass().getSimpleName()
        : e.getMessage().lines().findFirst().orElseThrow();
  }
}
