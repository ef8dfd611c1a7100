package org.noisylr.train.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.exc.InvalidFormatException;
import com.fasterxml.jackson.databind.exc.InvalidTypeIdException;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.commons.text.similarity.LevenshteinDistance;
import org.noisylr.check.InputException;
import org.noisylr.check.Reason;

/**
 * What is wrong in a YAML or JSON text.
 *
 * @param path the keys and indices that lead to the place
 * @param field the wrong field there; null if the error is about the place itself
 * @param error the error, as in {@code must be greater than 0, but is -1}
 */
public record FormatError(List<String> path, String field, String error) {
  private static final int MAX_SLIPS = 2;

  /** How Jackson says that a number or a choice is missing. */
  private static final Pattern NULL = Pattern.compile("Cannot (map|coerce) `null`");

  /** Advice to programmers at the end of a message. */
  private static final Pattern HINT = Pattern.compile(" \\(set Deserialization.*");

  /** Returns the error that Jackson reports. */
  public static FormatError of(JsonProcessingException e) {
    List<String> path =
        e instanceof JsonMappingException mapping
            ? mapping.getPath().stream()
                .map(p -> p.getFieldName() == null ? "" + p.getIndex() : p.getFieldName())
                .toList()
            : List.of();
    return e.getCause() instanceof InputException cause
        ? new FormatError(path, key(cause.field()), cause.error())
        : new FormatError(path, null, error(e));
  }

  /** Returns the key of a field in a text: {@code final_lr} for {@code finalLr}. */
  public static String key(String field) {
    return field == null ? null : SnakeCaseStrategy.INSTANCE.translate(field.replace(' ', '_'));
  }

  private static String error(JsonProcessingException e) {
    if (e instanceof UnrecognizedPropertyException unknown) {
      List<String> known = unknown.getKnownPropertyIds().stream().map(Object::toString).toList();
      return unknownKey(unknown.getPropertyName(), known);
    }
    if (e instanceof InvalidTypeIdException type) {
      List<String> known = RunFormat.types(type.getBaseType());
      return type.getTypeId() == null
          ? "must be a mapping with a type, one of {%s}".formatted(String.join(", ", known))
          : "type " + unknownName(type.getTypeId(), known);
    }
    if (e instanceof InvalidFormatException wrong && wrong.getTargetType().isEnum()) {
      List<String> known =
          Stream.of(wrong.getTargetType().getEnumConstants())
              .map(value -> value.toString().toLowerCase(Locale.ROOT))
              .toList();
      return unknownName(wrong.getValue().toString(), known);
    }
    if (e instanceof MismatchedInputException && NULL.matcher(e.getMessage()).lookingAt()) {
      return "required, but missing";
    }
    if (e instanceof MismatchedInputException wrong && wrong.getTargetType() != null) {
      String value = wrong instanceof InvalidFormatException f ? ", but is " + f.getValue() : "";
      return "must be " + form(wrong.getTargetType()) + value;
    }
    String message = HINT.matcher(Reason.firstLine(e)).replaceFirst("");
    return e.getLocation() == null
        ? message
        : "%s (line %d, column %d)"
            .formatted(message, e.getLocation().getLineNr(), e.getLocation().getColumnNr());
  }

  /** Returns what a text has for a value of a type, in words. */
  private static String form(Class<?> type) {
    if (type == int.class || type == Integer.class || type == long.class || type == Long.class) {
      return "a whole number";
    }
    if (type == double.class || type == Double.class) {
      return "a number";
    }
    if (type == boolean.class || type == Boolean.class) {
      return "true or false";
    }
    if (type == String.class) {
      return "a text";
    }
    return Collection.class.isAssignableFrom(type) || type.isArray()
        ? "a list"
        : "a mapping of fields to values";
  }

  /** Returns the error that a key is none of the known ones, with a guess what was meant. */
  public static String unknownKey(String key, Collection<String> known) {
    return "unknown field%s; the known ones are [%s]"
        .formatted(guess(key, known), String.join(", ", known));
  }

  /** Returns the error that a name is none of the known ones, with a guess what was meant. */
  public static String unknownName(String name, Collection<String> known) {
    return "must be one of {%s}, but is %s%s"
        .formatted(String.join(", ", known), name, guess(name, known));
  }

  /** Returns the known name that resembles a given one, {@code (did you mean sgd?)}; or nothing. */
  public static String guess(String given, Collection<String> known) {
    // Names of one letter do not resemble each other.
    LevenshteinDistance distance = new LevenshteinDistance(Math.min(MAX_SLIPS, given.length() / 2));
    String low = given.toLowerCase(Locale.ROOT);
    Optional<String> nearest =
        known.stream()
            .filter(name -> distance.apply(low, name.toLowerCase(Locale.ROOT)) >= 0)
            .min(Comparator.comparing(name -> distance.apply(low, name.toLowerCase(Locale.ROOT))));
    return nearest.map(name -> " (did you mean " + name + "?)").orElse("");
  }

  /** Returns path and error in one line. */
  @Override
  public String toString() {
    return (path.isEmpty() ? "" : String.join(".", path) + ": ")
        + (field == null ? "" : field + " ")
        + error;
  }
}
