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
import java.util.Map;

/** Describes errors of reading and writing in words instead of Java's exception names. */
public final class Reason {
  private static final Map<Class<? extends IOException>, String> WORDS =
      Map.of(
          NoSuchFileException.class, "no such file or folder",
          AccessDeniedException.class, "permission denied",
          FileAlreadyExistsException.class, "it exists and is not a folder",
          NotDirectoryException.class, "not a folder",
          DirectoryNotEmptyException.class, "the folder is not empty",
          FileSystemLoopException.class, "it is a symbolic link loop",
          CharacterCodingException.class, "it is not text in UTF-8");

  private Reason() {}

  /**
   * Returns the reason in one line, after the exception's file if that is not {@code place}.
   *
   * @param place the file that the caller's message names already
   */
  public static String of(IOException e, Object place) {
    String why = why(e);
    return e instanceof FileSystemException f
            && f.getFile() != null
            && !f.getFile().startsWith(String.valueOf(place))
        ? f.getFile() + ": " + why
        : why;
  }

  /** Returns the error that a file or folder cannot be read. */
  public static InputException unreadable(Object place, IOException e) {
    return new InputException("cannot read " + place + ": " + of(e, place), e);
  }

  /** Returns the error that a file or folder cannot be written to. */
  public static InputException unwritable(Object place, IOException e) {
    return new InputException("cannot write to " + place + ": " + ofWriting(e, place), e);
  }

  /** Returns the reason why a file cannot be written, see {@link #of}. */
  public static String ofWriting(IOException e, Object place) {
    return e instanceof NoSuchFileException ? "its folder does not exist" : of(e, place);
  }

  private static String why(IOException e) {
    for (Map.Entry<Class<? extends IOException>, String> known : WORDS.entrySet()) {
      if (known.getKey().isInstance(e)) {
        return known.getValue();
      }
    }
    String text = e instanceof FileSystemException f ? f.getReason() : e.getMessage();
    String line = text == null ? firstLine(e) : InputException.oneLine(text);
    // The system's own words begin with a capital letter: "No space left on device".
    return line.matches("[A-Z][a-z].*")
        ? line.substring(0, 1).toLowerCase(Locale.ROOT) + line.substring(1)
        : line;
  }

  /**
   * Returns the first line of an exception's message, because LibTorch appends a C++ stack trace.
   * Returns the name of the class if there is no message.
   */
  public static String firstLine(Throwable e) {
    return e.getMessage() == null || e.getMessage().isBlank()
        ? e.getClass().getSimpleName()
        : e.getMessage().lines().findFirst().orElseThrow();
  }
}
