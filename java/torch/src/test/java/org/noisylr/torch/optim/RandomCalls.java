package org.noisylr.torch.optim;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;
import java.util.function.Supplier;
import org.bytedeco.pytorch.AdagradOptions;
import org.bytedeco.pytorch.AdamOptions;
import org.bytedeco.pytorch.InputArchive;
import org.bytedeco.pytorch.LossClosure;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.OptimizerOptions;
import org.bytedeco.pytorch.OptimizerParamGroup;
import org.bytedeco.pytorch.OptimizerParamGroupVector;
import org.bytedeco.pytorch.OutputArchive;
import org.bytedeco.pytorch.RMSpropOptions;
import org.bytedeco.pytorch.SGDOptions;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * Calls of an optimizer, its groups, options and parameters in random order, also within closures:
 * each returns or throws a RuntimeException. The groups have as many parameters as the calls that
 * returned have given them.
 */
final class RandomCalls {
  private static final int CALLS = 60;

  private interface Call {
    void make() throws Exception;
  }

  private final Random random;
  private final Problem problem = new Problem();
  private final Subject subject;
  private final Optimizer optimizer;
  private final Map<String, Call> calls = new LinkedHashMap<>();
  private final List<String> made = new ArrayList<>();
  private Map<String, Tensor> state = Map.of();
  private byte[] archive = {};

  /** The number of parameters of each group. */
  private final List<Integer> sizes = new ArrayList<>(List.of(2));

  private int keptIndex;
  private OptimizerParamGroupVector.Iterator keptIterator;
  private OptimizerParamGroup keptGroup;
  private OptimizerOptions keptOptions;
  private TensorVector keptParameters;
  private Tensor keptParameter;

  private RandomCalls(Function<TensorVector, Subject> maker, long seed) {
    random = new Random(seed);
    made.add("seed " + seed);
    subject = maker.apply(problem.parameters());
    optimizer = subject.optimizer();
    keep();
    ofOptimizer();
    ofGroups();
    ofParameters();
  }

  /** Programs of {@link #CALLS} calls, one for each seed. */
  static void run(Function<TensorVector, Subject> maker, int programs) {
    for (int seed = 0; seed < programs; seed++) {
      System.out.println(Scenarios.DOING + "seed " + seed);
      RandomCalls program = new RandomCalls(maker, seed);
      for (int i = 0; i < CALLS; i++) {
        program.one();
      }
      program.subject.close();
    }
  }

  private void one() {
    String name = List.copyOf(calls.keySet()).get(random.nextInt(calls.size()));
    made.add(name);
    try {
      calls.get(name).make();
    } catch (Throwable e) {
      assertThat(e).as(made.toString()).isInstanceOf(RuntimeException.class);
      assertThat(e).as(made.toString()).isNotInstanceOf(NullPointerException.class);
    }
    OptimizerParamGroupVector groups = optimizer.param_groups();
    assertThat(groups.size()).as(made.toString()).isEqualTo(sizes.size());
    for (int g = 0; g < sizes.size(); g++) {
      assertThat(groups.get(g).params().size()).as(made.toString()).isEqualTo((long) sizes.get(g));
    }
  }

  private void ofOptimizer() {
    calls.put("step", () -> subject.step(closure(false)));
    calls.put("step with calls in its closure", () -> subject.step(closure(true)));
    calls.put("step without closure", () -> subject.step(null));
    calls.put("zero_grad", () -> optimizer.zero_grad(random.nextBoolean()));
    calls.put("parameters", () -> optimizer.parameters().size());
    calls.put("size", optimizer::size);
    calls.put(
        "add_parameters",
        () -> {
          optimizer.add_parameters(more());
          sizes.set(0, sizes.get(0) + 2);
        });
    calls.put(
        "add_param_group",
        () -> {
          optimizer.add_param_group(group());
          sizes.add(2);
        });
    calls.put("save", this::save);
    calls.put("load", this::load);
    calls.put("read state", () -> state = OptimizerState.read(optimizer));
    calls.put("load state", () -> OptimizerState.load(optimizer, state));
    if (subject.object() instanceof NoisyOptimizer noisy) {
      calls.put("noise", noisy::noise);
      calls.put("epoch", () -> noisy.epoch(random.nextInt(-1, 3)));
      calls.put("realisedLr", () -> noisy.realisedLr(random.nextInt(-1, 3)));
    }
    if (optimizer instanceof FusedOptimizer fused) {
      calls.put("implementation", () -> fused.implementation(any(Implementation.values())));
    }
  }

  private void ofGroups() {
    calls.put(
        "groups.clear",
        () -> {
          optimizer.param_groups().clear();
          sizes.clear();
        });
    calls.put(
        "groups.resize",
        () -> {
          int size = random.nextInt(3);
          optimizer.param_groups().resize(size);
          resize(sizes, size);
        });
    calls.put(
        "groups.push_back",
        () -> {
          optimizer.param_groups().push_back(group());
          sizes.add(2);
        });
    calls.put(
        "groups.put",
        () -> {
          optimizer.param_groups().put(0, group());
          sizes.set(0, 2);
        });
    calls.put("options.set_lr", () -> first().options().set_lr(any(0.0, 0.1, -1.0, Double.NaN)));
    calls.put("options.get_lr", () -> first().options().get_lr());
    calls.put("set_options", () -> first().set_options(options()));
    calls.put("keep", this::keep);
    calls.put("kept group", () -> keptGroup.options().get_lr());
    calls.put("kept options", () -> keptOptions.set_lr(0.1));
    calls.put("kept params", () -> keptParameters.get(0).sizes());
    calls.put("kept parameter", () -> keptParameter.sizes());
    calls.put(
        "kept iterator",
        () -> {
          keptIndex++;
          keptIterator.increment().get().params().size();
        });
    calls.put(
        "groups.erase",
        () -> {
          optimizer.param_groups().erase(keptIterator);
          sizes.remove(keptIndex);
        });
    calls.put(
        "groups.insert",
        () -> {
          optimizer.param_groups().insert(keptIterator, group());
          sizes.add(keptIndex, 2);
        });
    calls.put("defaults", () -> optimizer.defaults().set_lr(0.1));
  }

  private void ofParameters() {
    calls.put(
        "params.clear",
        () -> {
          first().params().clear();
          sizes.set(0, 0);
        });
    calls.put(
        "params.resize",
        () -> {
          int size = random.nextInt(4);
          first().params().resize(size);
          sizes.set(0, size);
        });
    calls.put(
        "params.push_back",
        () -> {
          first().params().push_back(tensor());
          sizes.set(0, sizes.get(0) + 1);
        });
    calls.put("params.put", () -> first().params().put(0, tensor()));
    calls.put(
        "params.put again",
        () -> {
          first().params().put(problem.parameters());
          sizes.set(0, 2);
        });
    calls.put("set_data", () -> any(problem.a(), problem.b()).set_data(tensor()));
    calls.put("grad", () -> any(problem.a(), problem.b()).mutable_grad().put(tensor()));
  }

  private static void resize(List<Integer> sizes, int size) {
    while (sizes.size() > size) {
      sizes.remove(sizes.size() - 1);
    }
    while (sizes.size() < size) {
      sizes.add(0);
    }
  }

  private void keep() {
    keptIndex = 0;
    keptIterator = optimizer.param_groups().begin();
    keptGroup = first();
    keptOptions = keptGroup.options();
    keptParameters = keptGroup.params();
    keptParameter = keptParameters.get(0);
  }

  private OptimizerParamGroup first() {
    return optimizer.param_groups().get(0);
  }

  private LossClosure closure(boolean calling) {
    return new LossClosure() {
      @Override
      public Tensor call() {
        for (int i = 0; calling && i < 3; i++) {
          one();
        }
        return problem.backward();
      }
    };
  }

  private void save() throws IOException {
    Path file = Files.createTempFile("optimizer", ".pt");
    try (OutputArchive out = new OutputArchive()) {
      optimizer.save(out);
      out.save_to(file.toString());
      archive = Files.readAllBytes(file);
    } finally {
      Files.delete(file);
    }
  }

  /** Loads what was saved last, maybe of other groups. */
  private void load() throws IOException {
    Path file = Files.createTempFile("optimizer", ".pt");
    try (InputArchive in = new InputArchive()) {
      in.load_from(Files.write(file, archive).toString());
      optimizer.load(in);
    } finally {
      Files.delete(file);
    }
  }

  private TensorVector more() {
    return new Problem().parameters();
  }

  private OptimizerParamGroup group() {
    return random.nextBoolean()
        ? new OptimizerParamGroup(more())
        : new OptimizerParamGroup(more(), options());
  }

  private OptimizerOptions options() {
    return this.<Supplier<OptimizerOptions>>any(
            () -> new SGDOptions(0.1),
            () -> new AdamOptions(0.1),
            () -> new AdagradOptions(0.1),
            () -> new RMSpropOptions(0.1),
            () -> new L4Options(0.1),
            OptimizerOptions::new,
            () -> optimizer.defaults().clone())
        .get();
  }

  private Tensor tensor() {
    return this.<Supplier<Tensor>>any(
            Tensor::new,
            () -> torch.randn(2, 3),
            () -> torch.randn(3),
            () -> torch.empty(0),
            () -> torch.randn(3, 2).t(),
            () -> torch.randn(2, 3).to_sparse(),
            () -> torch.ones(new long[] {3}, new TensorOptions(torch.ScalarType.Long)),
            () -> torch.ones(new long[] {2, 3}, new TensorOptions(torch.ScalarType.Double)),
            problem::a,
            problem::b)
        .get();
  }

  @SafeVarargs
  private <T> T any(T... choices) {
    return choices[random.nextInt(choices.length)];
  }
}
