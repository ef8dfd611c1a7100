package org.noisylr.experiment.table;

import java.io.StringReader;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;

/**
 * The lines of a YAML text, for messages.
 *
 * @param lines the line of each place, counted from 1; the key of a place is {@code
 *     rows.1.noise.alpha}
 */
record YamlLines(Map<String, Integer> lines) {
  /** Finds the places of a text that is valid YAML. */
  static YamlLines of(String text) {
    Map<String, Integer> lines = new HashMap<>();
    // A text may repeat a part by its anchor, even within itself.
    Set<Node> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    add(lines, seen, "", new Yaml(new LoaderOptions()).compose(new StringReader(text)));
    return new YamlLines(lines);
  }

  private static void add(Map<String, Integer> lines, Set<Node> seen, String place, Node node) {
    if (!seen.add(node)) {
      return;
    }
    String start = place.isEmpty() ? "" : place + ".";
    if (node instanceof MappingNode mapping) {
      for (NodeTuple tuple : mapping.getValue()) {
        if (tuple.getKeyNode() instanceof ScalarNode key) {
          String at = start + key.getValue();
          lines.put(at, line(key));
          add(lines, seen, at, tuple.getValueNode());
        }
      }
    } else if (node instanceof SequenceNode sequence) {
      List<Node> items = sequence.getValue();
      for (int i = 0; i < items.size(); i++) {
        lines.put(start + i, line(items.get(i)));
        add(lines, seen, start + i, items.get(i));
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
