package org.noisylr.train.run;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.JsonDeserializer;
import java.io.IOException;

/** Reads a model: a text of {@link ModelSpec#of}, or the fields of a {@link ScriptFile}. */
final class ModelSpecDeserializer extends JsonDeserializer<ModelSpec> {
  @Override
  public ModelSpec deserialize(JsonParser parser, DeserializationContext context)
      throws IOException {
    return parser.hasToken(JsonToken.VALUE_STRING)
        ? ModelSpec.of(parser.getText())
        : context.readValue(parser, ScriptFile.class);
  }
}
