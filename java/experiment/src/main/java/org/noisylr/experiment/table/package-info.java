/**
 * Experiments as tables of cells: their settings, what is compared, and the paper's numbers.
 *
 * <pre>{@code
 * List<Table> paper = Table.of("table1");
 * List<Table> own = Table.of("mine.yaml");
 * }</pre>
 *
 * <p>The format of the YAML files: see the README of {@code java/experiment}.
 */
package org.noisylr.experiment.table;
