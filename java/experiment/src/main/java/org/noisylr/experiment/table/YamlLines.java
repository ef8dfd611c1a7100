package org.noisylr.experiment.table;

import java.io.StringReader;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.events.AliasEvent;
import org.yaml.snakeyaml.events.Event;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.parser.ParserException;

/**
 * The lines of a YAML text, for messages.
 *
 * @param lines the line of each place, counted from 1; the key of a place is {@code
 *     rows.1.noise.alpha}
 */
record YamlLines(Map<String, Integer> lines) {
  /**
   * Finds the places of a text.
   *
   * @throws YAMLException if it is not YAML, or has an alias
   */
  static YamlLines of(String text) {
    Yaml yaml = new Yaml(new LoaderOptions());
    for (Event event : yaml.parse(new StringReader(text))) {
      if (event instanceof AliasEvent) {
        // Jackson would read it as a text.
        throw new ParserException(null, null, "an alias cannot be used", event.getStartMark());
      }
    }
    Map<String, Integer> lines = new HashMap<>();
    add(lines, "", yaml.compose(new StringReader(text)));
    return new YamlLines(lines);
  }

  private static void add(Map<String, Integer> lines, String place, Node node) {
    String start = place.isEmpty() ? "" : place + ".";
    if (node instanceof MappingNode mapping) {
      for (NodeTuple tuple : mapping.getValue()) {
        if (tuple.getKeyNode() instanceof ScalarNode key) {
          String at = start + key.getValue();
          lines.put(at, line(key));
          add(lines, at, tuple.getValueNode());
        }
      }
    } else if (node instanceof SequenceNode sequence) {
      List<Node> items = sequence.getValue();
      for (int i = 0; i < items.size(); i++) {
        lines.put(start + i, line(items.get(i)));
        add(lines, start + i, items.get(i));
      }
    }
  }

  private static int line(Node node) {
    return node.getStartMark().getLine() + 1;
  }

  /** Returns the line of a place, or of the nearest place around it. */
  int at(String place) {
    for (String at = place; ; at = at.substring(0, at.lastIndexOf('.'))) {
      Integer line = lines.get(at);
      if (line != null) {
        return line;
      }
      if (!at.contains(".")) {
        return 1;
      }
    }
  }
}
