package org.noisylr.launcher;

import org.noisylr.check.InputException;
import org.noisylr.train.run.ModelSpec;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads the value of {@code --model}. */
final class ModelConverter implements ITypeConverter<ModelSpec> {
  @Override
  public ModelSpec convert(String text) {
    try {
      return ModelSpec.of(text);
    } catch (InputException e) {
      throw new TypeConversionException(e.getMessage());
    }
  }
}
