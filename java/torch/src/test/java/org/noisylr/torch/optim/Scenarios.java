package org.noisylr.torch.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.IOException;
import java.lang.ref.WeakReference;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AdamOptions;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.DeviceOptional;
import org.bytedeco.pytorch.InputArchive;
import org.bytedeco.pytorch.LRScheduler;
import org.bytedeco.pytorch.LossClosure;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.OptimizerOptions;
import org.bytedeco.pytorch.OptimizerParamGroup;
import org.bytedeco.pytorch.OptimizerParamGroupVector;
import org.bytedeco.pytorch.OutputArchive;
import org.bytedeco.pytorch.ReduceLROnPlateauScheduler;
import org.bytedeco.pytorch.SGD;
import org.bytedeco.pytorch.SGDOptions;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.StepLR;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorBase;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.noisylr.torch.model.Cnn28;

/**
 * Wrong and unusual orders of calls, each of which must end in a Java exception or be right. {@link
 * LifetimeTest} runs them in a JVM that may crash.
 */
final class Scenarios {
  static final String BEGIN = "begin ";
  static final String FAILED = "FAILED ";

  /** Begins a line that says how far a scenario is, for one that crashes. */
  static final String DOING = "doing ";

  /** What is tried, by name. */
  static final Map<String, Scenario> ALL = all();

  private static final int PROGRAMS = "long".equals(System.getProperty("reliability")) ? 1000 : 10;

  private static final String IN_STEP =
      "step() was called by the closure of a step of the same optimizer";

  interface Scenario {
    void run() throws Throwable;
  }

  private interface OfSubject {
    void run(Function<TensorVector, Subject> maker) throws Throwable;
  }

  private Scenarios() {}

  /** Runs the scenarios that the file names, one a line, and says what becomes of each. */
  public static void main(String[] args) throws IOException {
    torch.set_num_threads(1);
    for (String name : Files.readAllLines(Path.of(args[0]))) {
      System.out.println(BEGIN + name);
      try {
        ALL.get(name).run();
      } catch (Throwable e) {
        for (Throwable t = e; t != null; t = t.getCause()) {
          t.toString().lines().forEach(line -> System.out.println(FAILED + line));
          Arrays.stream(t.getStackTrace())
              .filter(frame -> frame.getClassName().contains("noisylr"))
              .limit(8)
              .forEach(frame -> System.out.println(FAILED + "  at " + frame));
        }
      }
    }
    System.exit(0);
  }

  private static Map<String, Scenario> all() {
    Map<String, OfSubject> each = new LinkedHashMap<>();
    each.put("use after close", Scenarios::useAfterClose);
    each.put("bad arguments", Scenarios::badArguments);
    each.put("closing twice", Scenarios::closingTwice);
    each.put("closing in its closure", Scenarios::closingInItsClosure);
    each.put("a step in its closure", Scenarios::stepInItsClosure);
    each.put("closures that throw", Scenarios::closuresThatThrow);
    each.put("closures without a loss", Scenarios::closuresWithoutLoss);
    each.put("closures that change the groups", Scenarios::closuresThatChangeGroups);
    each.put("what it was made of is closed", Scenarios::ingredientsClosed);
    each.put("garbage collection", Scenarios::garbageCollection);
    each.put("another thread while a step runs", Scenarios::anotherThread);
    each.put("two threads without a pause", Scenarios::twoThreads);
    each.put("results that two threads close", Scenarios::resultsOfTwoThreads);
    each.put("odd parameters", Scenarios::oddParameters);
    Map<String, Scenario> all = new LinkedHashMap<>();
    each.forEach(
        (what, scenario) ->
            Subject.ALL.forEach(
                (name, maker) -> all.put(what + ": " + name, () -> scenario.run(maker))));
    Subject.ALL.keySet().stream()
        .filter(name -> Subject.ALL.get(name).apply(new Problem().parameters()).isAround())
        .forEach(
            name ->
                all.put(
                    "the optimizer inside is closed first: " + name,
                    () -> optimizerClosedFirst(Subject.ALL.get(name))));
    Subject.ALL.keySet().stream()
        .filter(name -> !Subject.ALL.get(name).apply(new Problem().parameters()).isAround())
        .forEach(
            name -> {
              all.put(
                  "references to a closed optimizer: " + name,
                  () -> referencesToClosed(Subject.ALL.get(name)));
              all.put(
                  "references to an optimizer keep it: " + name,
                  () -> referencesKeep(Subject.ALL.get(name)));
              all.put(
                  "schedulers of a collected optimizer: " + name,
                  () -> schedulersOfCollected(Subject.ALL.get(name)));
              all.put(
                  "references while groups change: " + name,
                  () -> groupsThatChange(Subject.ALL.get(name)));
              all.put(
                  "lists of other optimizers: " + name, () -> listsOfOthers(Subject.ALL.get(name)));
              all.put(
                  "lists that two threads change: " + name,
                  () -> listsOfTwoThreads(Subject.ALL.get(name)));
              all.put(
                  "state of removed parameters: " + name,
                  () -> stateOfRemoved(Subject.ALL.get(name)));
              all.put(
                  "groups of other optimizers: " + name,
                  () -> groupsOfOthers(Subject.ALL.get(name)));
              all.put(
                  "an optimizer without groups: " + name,
                  () -> withoutGroups(Subject.ALL.get(name)));
            });
    // Around LibTorch's own, LibTorch would crash by itself.
    Subject.ALL.keySet().stream()
        .filter(
            name ->
                Subject.ALL.get(name).apply(new Problem().parameters()).optimizer().getClass()
                    != SGD.class)
        .forEach(
            name -> {
              all.put(
                  "options of another class: " + name, () -> foreignOptions(Subject.ALL.get(name)));
              all.put(
                  "random calls: " + name, () -> RandomCalls.run(Subject.ALL.get(name), PROGRAMS));
            });
    all.put(
        "schedulers while their optimizer is collected",
        () -> collecting(Scenarios::schedulersMeanwhile));
    all.put("two optimizers over the same parameters", Scenarios::sameParameters);
    all.put("hooks around hooks", Scenarios::hooksAroundHooks);
    all.put("a plain optimizer is closed in a hook's closure", Scenarios::plainClosedInside);
    all.put("optimizers of different threads", Scenarios::threadsOfTheirOwn);
    all.put("a scope takes the optimizer along", Scenarios::scopes);
    all.put("tensors outlive their optimizer", Scenarios::tensorsOutlive);
    all.put(
        "collected by one thread while another steps",
        () -> collecting(Scenarios::collectedMeanwhile));
    all.put("a model is closed before and after its optimizer", Scenarios::models);
    return all;
  }

  // Use after close, bad arguments.

  private static void useAfterClose(Function<TensorVector, Subject> maker) throws Throwable {
    Problem problem = new Problem();
    Subject subject = maker.apply(problem.parameters());
    stepped(subject, problem);
    subject.object().close();
    for (Method method : methods(subject.object())) {
      assertThat(thrownBy(subject.object(), method, arguments(method, problem)))
          .as(method.toString())
          .isInstanceOf(IllegalStateException.class)
          .hasMessage(subject.name() + " is closed");
    }
    if (!subject.isAround()) {
      for (ThrowingCallable use :
          List.<ThrowingCallable>of(
              () -> new StepHook(subject.optimizer(), Subject.NOISE),
              () -> new Langevin(subject.optimizer(), 1, 1),
              () -> OptimizerState.read(subject.optimizer()),
              () -> OptimizerState.load(subject.optimizer(), Map.of()))) {
        assertThatThrownBy(use)
            .isInstanceOf(IllegalStateException.class)
            .hasMessage(subject.name() + " is closed");
      }
    }
    subject.close();
  }

  /** Null and closed objects as arguments of every method of an open object. */
  private static void badArguments(Function<TensorVector, Subject> maker) throws Throwable {
    Problem problem = new Problem();
    try (Subject subject = maker.apply(problem.parameters())) {
      for (Method method : methods(subject.object())) {
        if (Arrays.stream(method.getParameterTypes()).noneMatch(Pointer.class::isAssignableFrom)
            || Arrays.asList(method.getParameterTypes()).contains(LossClosure.class)) {
          continue;
        }
        assertThat(thrownBy(subject.object(), method, new Object[method.getParameterCount()]))
            .as(method + " of null")
            .isInstanceOf(RuntimeException.class);
        Object[] closed = arguments(method, problem);
        Arrays.stream(closed).forEach(argument -> ((Pointer) argument).deallocate());
        assertThat(thrownBy(subject.object(), method, closed))
            .as(method + " of closed objects")
            .isInstanceOf(RuntimeException.class);
      }
      stepped(subject, problem);
    }
  }

  /** The public methods of an object that are its own or LibTorch's, not those of any pointer. */
  private static List<Method> methods(Pointer object) {
    return Arrays.stream(object.getClass().getMethods())
        .filter(
            method ->
                !Modifier.isStatic(method.getModifiers())
                    && !method.isBridge()
                    && method.getDeclaringClass() != Object.class
                    && Arrays.stream(Pointer.class.getMethods())
                        .noneMatch(
                            m ->
                                m.getName().equals(method.getName())
                                    && Arrays.equals(
                                        m.getParameterTypes(), method.getParameterTypes())))
        .toList();
  }

  private static Object[] arguments(Method method, Problem problem) {
    return Arrays.stream(method.getParameterTypes()).map(type -> argument(type, problem)).toArray();
  }

  private static Object argument(Class<?> type, Problem problem) {
    if (type == long.class) {
      return 0L;
    } else if (type == boolean.class) {
      return true;
    } else if (type == Implementation.class) {
      return Implementation.STOCK;
    } else if (type == LossClosure.class) {
      return closure(problem::backward);
    } else if (type == TensorVector.class) {
      return new Problem().parameters();
    } else if (type == OptimizerParamGroup.class) {
      return new OptimizerParamGroup(new Problem().parameters());
    } else if (type == OutputArchive.class) {
      return new OutputArchive();
    } else if (type == InputArchive.class) {
      return new InputArchive();
    } else if (type == Optimizer.class) {
      return new SGD(new Problem().parameters(), new SGDOptions(0.1));
    }
    throw new AssertionError("which " + type + " to try?");
  }

  private static Throwable thrownBy(Pointer object, Method method, Object[] arguments)
      throws IllegalAccessException {
    method.setAccessible(true);
    try {
      method.invoke(object, arguments);
      return null;
    } catch (InvocationTargetException e) {
      return e.getCause();
    }
  }

  // Closing.

  private static void closingTwice(Function<TensorVector, Subject> maker) throws Throwable {
    Problem problem = new Problem();
    Subject subject = maker.apply(problem.parameters());
    stepped(subject, problem);
    subject.close();
    subject.close();
    subject.object().deallocate();
    subject.object().releaseReference();
    subject.optimizer().close();
  }

  private static void optimizerClosedFirst(Function<TensorVector, Subject> maker) throws Throwable {
    Problem problem = new Problem();
    Subject subject = maker.apply(problem.parameters());
    String inside = subject.optimizer().getClass().getSimpleName();
    stepped(subject, problem);
    subject.optimizer().close();
    for (Method method : methods(subject.object())) {
      assertThat(thrownBy(subject.object(), method, arguments(method, problem)))
          .as(method.toString())
          .isInstanceOf(IllegalStateException.class)
          .hasMessage(inside + " is closed");
    }
    subject.object().close();
    subject.close();
  }

  /** What an optimizer gave of itself, and those who keep it. */
  private record References(
      OptimizerParamGroupVector groups,
      OptimizerParamGroup group,
      OptimizerOptions options,
      TensorVector parameters,
      Tensor parameter,
      OptimizerOptions defaults,
      LRScheduler scheduler,
      ReduceLROnPlateauScheduler plateau) {
    static References to(Optimizer optimizer) {
      OptimizerParamGroupVector groups = optimizer.param_groups();
      OptimizerParamGroup group = groups.get(0);
      TensorVector parameters = group.params();
      return new References(
          groups,
          group,
          group.options(),
          parameters,
          parameters.get(0),
          optimizer.defaults(),
          new StepLR(optimizer, 1),
          new ReduceLROnPlateauScheduler(optimizer));
    }

    void work() {
      scheduler.step();
      plateau.step(1);
      assertThat(options.get_lr()).isPositive();
      assertThat(defaults.get_lr()).isPositive();
      assertThat(parameter.isfinite().all().item_bool()).isTrue();
    }

    void areRefused(String name) {
      for (ThrowingCallable use :
          List.<ThrowingCallable>of(
              options::get_lr,
              () -> options.set_lr(1),
              options::clone,
              group::has_options,
              group::options,
              group::params,
              () -> group.set_options(new SGDOptions(1)),
              groups::size,
              () -> groups.get(0),
              groups::clear,
              groups::end,
              parameters::size,
              () -> parameters.get(1),
              parameters::clear,
              defaults::get_lr)) {
        assertThatThrownBy(use)
            .isInstanceOf(IllegalStateException.class)
            .hasMessage(name + " is closed");
      }
      for (ThrowingCallable use :
          List.<ThrowingCallable>of(
              () -> new OptimizerParamGroup(group),
              scheduler::step,
              () -> {
                for (int i = 0; i < 12; i++) {
                  plateau.step(2);
                }
              })) {
        assertThatThrownBy(use)
            .isInstanceOf(RuntimeException.class)
            .hasMessage("the optimizer is closed");
      }
      for (ThrowingCallable use :
          List.<ThrowingCallable>of(
              () -> new FusedSGD(groups, new SGDOptions(0.1)),
              () -> new FusedSGD(parameters, new SGDOptions(0.1)).step())) {
        assertThatThrownBy(use).isInstanceOf(RuntimeException.class);
      }
      isFinite(parameter);
      // Fields of the options are read without a check: whatever they are.
      new SGDOptions(options).momentum().get();
    }
  }

  private static void referencesToClosed(Function<TensorVector, Subject> maker) throws Throwable {
    Problem problem = new Problem();
    Subject subject = maker.apply(problem.parameters());
    References references = References.to(subject.optimizer());
    references.work();
    subject.step(closure(problem::backward));
    subject.close();
    pressure();
    references.areRefused(subject.name());
    subject.close();
    assertThat(problem.values()).doesNotContain(Float.NaN);
  }

  /** What an optimizer gives of itself; each makes a use of that and of nothing else. */
  private static final List<Function<Optimizer, ThrowingCallable>> REFERENCES =
      List.of(
          optimizer -> {
            OptimizerParamGroupVector groups = optimizer.param_groups();
            return () -> isFinite(groups.get(0).params().get(0));
          },
          optimizer -> {
            OptimizerParamGroup group = optimizer.param_groups().get(0);
            return () -> isFinite(group.params().back());
          },
          optimizer -> {
            OptimizerParamGroupVector.Iterator group = optimizer.param_groups().begin();
            return () -> isFinite(group.get().params().front());
          },
          optimizer -> {
            TensorVector parameters = optimizer.param_groups().get(0).params();
            return () -> isFinite(parameters.get(1));
          },
          optimizer -> {
            TensorVector.Iterator parameter =
                optimizer.param_groups().get(0).params().begin().increment();
            return () -> isFinite(parameter.get());
          },
          optimizer -> {
            TensorVector parameters = optimizer.param_groups().get(0).params();
            TensorVector.Iterator parameter =
                parameters.erase(parameters.insert(parameters.begin(), torch.ones(2)));
            return () -> isFinite(parameter.get());
          },
          optimizer -> {
            OptimizerParamGroupVector groups = optimizer.param_groups();
            OptimizerParamGroupVector.Iterator group =
                groups.erase(
                    groups.insert(groups.begin(), new OptimizerParamGroup(new TensorVector())));
            return () -> isFinite(group.get().params().front());
          },
          optimizer -> {
            OptimizerOptions options = optimizer.param_groups().get(0).options();
            return () -> assertThat(options.get_lr()).isEqualTo(Subject.LR);
          },
          optimizer -> {
            OptimizerOptions defaults = optimizer.defaults();
            return () -> assertThat(defaults.get_lr()).isEqualTo(Subject.LR);
          });

  private static void isFinite(Tensor tensor) {
    assertThat(tensor.defined()).isTrue();
    assertThat(tensor.isfinite().all().item_bool()).isTrue();
  }

  private static void referencesKeep(Function<TensorVector, Subject> maker) throws Throwable {
    List<WeakReference<Optimizer>> optimizers = new ArrayList<>();
    List<ThrowingCallable> uses = new ArrayList<>();
    for (Function<Optimizer, ThrowingCallable> reference : REFERENCES) {
      Optimizer optimizer = maker.apply(new Problem().parameters()).optimizer();
      optimizers.add(new WeakReference<>(optimizer));
      try (PointerScope scope = new PointerScope()) {
        uses.add(reference.apply(optimizer));
      }
    }
    Optimizer forgotten = maker.apply(new Problem().parameters()).optimizer();
    WeakReference<Optimizer> unused = new WeakReference<>(forgotten);
    Tensor parameter = forgotten.param_groups().get(0).params().get(0);
    forgotten = null;
    for (int i = 0; i < 100 && unused.get() != null; i++) {
      pressure();
      for (ThrowingCallable use : uses) {
        use.call();
      }
    }
    assertThat(unused.get()).isNull();
    isFinite(parameter);
    assertThat(optimizers).allMatch(optimizer -> optimizer.get() != null);
    uses.clear();
    for (int i = 0; i < 100 && optimizers.stream().anyMatch(o -> o.get() != null); i++) {
      pressure();
    }
    assertThat(optimizers).allMatch(optimizer -> optimizer.get() == null);
  }

  private static void schedulersOfCollected(Function<TensorVector, Subject> maker)
      throws Throwable {
    LRScheduler scheduler = new StepLR(maker.apply(new Problem().parameters()).optimizer(), 1);
    ReduceLROnPlateauScheduler plateau =
        new ReduceLROnPlateauScheduler(maker.apply(new Problem().parameters()).optimizer());
    for (ThrowingCallable use : List.<ThrowingCallable>of(scheduler::step, () -> plateau.step(1))) {
      Throwable thrown = null;
      for (int i = 0; i < 100 && thrown == null; i++) {
        pressure();
        thrown = catchThrowable(use);
      }
      assertThat(thrown).isInstanceOf(RuntimeException.class).hasMessage("the optimizer is closed");
    }
  }

  /** Groups of an optimizer as those of others, and of itself. */
  private static void groupsOfOthers(Function<TensorVector, Subject> maker) throws Throwable {
    Problem problem = new Problem();
    Problem other = new Problem();
    try (Subject first = maker.apply(problem.parameters());
        Subject second = maker.apply(other.parameters())) {
      OptimizerParamGroupVector groups = first.optimizer().param_groups();
      OptimizerParamGroup group = second.optimizer().param_groups().get(0);
      group.options().set_lr(0.25);
      first.optimizer().add_param_group(group);
      groups.push_back(groups.get(0));
      assertThat(first.lrs()).containsExactly(Subject.LR, 0.25, Subject.LR);
      assertThat(groups.get(1).params().size()).isEqualTo(2);
      assertThat(groups.get(1).params().get(0).is_same(other.a())).isTrue();
      assertThat(groups.get(2).params().get(1).is_same(problem.b())).isTrue();
      OptimizerParamGroup last = groups.pop_back();
      assertThat(last.params().size()).isEqualTo(2);
      groups.put(0, new OptimizerParamGroup(problem.parameters()));
      assertThat(first.lrs()).containsExactly(Subject.LR, 0.25);
      groups.put(groups);
      assertThat(first.lrs()).containsExactly(Subject.LR, 0.25);
      ExecutorService threads = Executors.newFixedThreadPool(2);
      try {
        Future<?> there =
            threads.submit(
                () -> {
                  for (int i = 0; i < 200; i++) {
                    first.optimizer().param_groups().put(second.optimizer().param_groups());
                  }
                });
        for (int i = 0; i < 200; i++) {
          second.optimizer().param_groups().put(first.optimizer().param_groups());
        }
        there.get(60, TimeUnit.SECONDS);
      } finally {
        threads.shutdown();
      }
      assertThat(first.optimizer().param_groups().size()).isIn(1L, 2L);
    }
  }

  /**
   * Lists of an optimizer as those of others, and of itself: copied, or refused as the other is.
   */
  private static void listsOfOthers(Function<TensorVector, Subject> maker) throws Throwable {
    Problem problem = new Problem();
    Problem other = new Problem();
    Subject first = maker.apply(problem.parameters());
    Subject second = maker.apply(other.parameters());
    TensorVector list = first.optimizer().param_groups().get(0).params();
    TensorVector others = second.optimizer().param_groups().get(0).params();
    first.optimizer().add_parameters(list);
    assertSame(list, problem.a(), problem.b(), problem.a(), problem.b());
    list.put(others);
    assertSame(list, other.a(), other.b());
    for (int i = 0; i < 20; i++) {
      second.optimizer().add_param_group(new OptimizerParamGroup(problem.parameters()));
    }
    pressure();
    list.put(others);
    first.optimizer().add_parameters(others);
    assertSame(list, other.a(), other.b(), other.a(), other.b());
    maker.apply(others).close();
    OptimizerOptions options = second.optimizer().param_groups().get(0).options();
    options.set_lr(0.25);
    first.optimizer().param_groups().get(0).set_options(options);
    assertThat(first.lrs()).containsExactly(0.25);
    first.optimizer().param_groups().put(second.optimizer().param_groups());
    assertThat(first.lrs()).hasSize(21).startsWith(0.25, Subject.LR);
    TensorVector.Iterator foreignPosition = others.begin();
    OptimizerParamGroupVector.Iterator foreignGroup = second.optimizer().param_groups().begin();
    second.close();
    for (ThrowingCallable use :
        List.<ThrowingCallable>of(
            () -> list.put(others),
            () -> first.optimizer().add_parameters(others),
            () -> first.optimizer().param_groups().get(0).set_options(options),
            () -> maker.apply(others))) {
      assertThatThrownBy(use)
          .isInstanceOf(IllegalStateException.class)
          .hasMessage(second.name() + " is closed");
    }
    assertSame(list, other.a(), other.b());
    for (ThrowingCallable use :
        List.<ThrowingCallable>of(
            () -> list.push_back(null),
            () -> list.put(problem.a(), null),
            () -> list.put(0, null),
            () -> list.insert(list.begin(), null))) {
      assertThatThrownBy(use).isInstanceOf(NullPointerException.class);
      assertSame(list, other.a(), other.b());
    }
    assertThatThrownBy(() -> list.put(2, problem.a()))
        .isInstanceOf(IndexOutOfBoundsException.class)
        .hasMessage("the position must be in [0, 2), but is 2");
    for (ThrowingCallable use :
        List.<ThrowingCallable>of(
            () -> list.erase(foreignPosition), () -> list.insert(foreignPosition, problem.a()))) {
      assertThatThrownBy(use)
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("the iterator is not one of this list");
    }
    assertThatThrownBy(() -> first.optimizer().param_groups().erase(foreignGroup))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("the iterator is not one of this optimizer's groups");
    assertThatThrownBy(() -> list.erase(list.end()))
        .hasMessage("the position must be in [0, 2), but is 2");
    assertThatThrownBy(() -> first.optimizer().param_groups().get(21))
        .isInstanceOf(IndexOutOfBoundsException.class)
        .hasMessage("the position must be in [0, 21), but is 21");
    list.put(problem.a());
    assertSame(list, problem.a());
    assertThat(list.push_back(problem.b()).pop_back().is_same(problem.b())).isTrue();
    assertSame(list, problem.a());
    first.close();
  }

  private static void assertSame(TensorVector list, Tensor... tensors) {
    assertThat(list.size()).isEqualTo(tensors.length);
    for (int i = 0; i < tensors.length; i++) {
      assertThat(list.get(i).is_same(tensors[i])).isTrue();
    }
  }

  /** Each change is whole: none is lost, and none is seen when it is half done. */
  private static void listsOfTwoThreads(Function<TensorVector, Subject> maker) throws Throwable {
    try (Subject first = maker.apply(new Problem().parameters());
        Subject second = maker.apply(new Problem().parameters())) {
      TensorVector list = first.optimizer().param_groups().get(0).params();
      TensorVector others = second.optimizer().param_groups().get(0).params();
      TensorVector few = new Problem().parameters();
      TensorVector many = new TensorVector(torch.ones(1), torch.ones(2), torch.ones(3));
      ExecutorService other = Executors.newSingleThreadExecutor();
      try {
        Future<?> there =
            other.submit(
                () -> {
                  for (int i = 0; i < 60; i++) {
                    list.push_back(few.get(0));
                    others.put(many);
                    others.put(few);
                  }
                });
        for (int i = 0; i < 60; i++) {
          list.push_back(few.get(1));
          second.optimizer().param_groups().get(0).params().push_back(few.get(0)).pop_back();
          first.optimizer().add_parameters(others);
          TensorVector copy = first.optimizer().parameters();
          for (long k = 0; k < copy.size(); k++) {
            assertThat(copy.get(k).defined()).isTrue();
          }
        }
        there.get(60, TimeUnit.SECONDS);
      } finally {
        other.shutdown();
      }
      assertThat(list.size()).isBetween(2L + 120 + 60, 2L + 120 + 4 * 60);
    }
  }

  /** What is removed, or replaced by what may come to lie at its address, is begun anew. */
  private static void stateOfRemoved(Function<TensorVector, Subject> maker) throws Throwable {
    Problem problem = new Problem();
    try (Subject subject = maker.apply(problem.parameters())) {
      Optimizer optimizer = subject.optimizer();
      LossClosure closure = closure(problem::backward);
      subject.step(closure);
      subject.step(closure);
      Map<String, List<Double>> state = state(optimizer);
      OptimizerParamGroupVector groups = optimizer.param_groups();
      TensorVector list = groups.get(0).params();
      list.put(1, problem.b());
      list.put(problem.parameters());
      groups.put(groups);
      assertThat(state(optimizer)).as("what stays has its state").isEqualTo(state);
      groups.push_back(new OptimizerParamGroup(new TensorVector()));
      groups.get(1).params().push_back(problem.b());
      list.pop_back();
      assertThat(state(optimizer).get("1.0.step")).isEqualTo(state.get("0.1.step"));
      list.push_back(problem.b());
      groups.pop_back();
      for (int i = 0; i < 20; i++) {
        list.put(0, withGradient());
        subject.step(closure(() -> torch.ones(1)));
        try (Subject other = maker.apply(new TensorVector(withGradient()))) {
          other.step(closure(() -> torch.ones(1)));
          Map<String, List<Double>> fresh = state(other.optimizer());
          assertThat(fresh).isNotEmpty();
          assertThat(state(optimizer)).containsAllEntriesOf(fresh);
        }
      }
      OptimizerParamGroup last = groups.pop_back();
      assertThat(OptimizerState.read(optimizer)).isEmpty();
      optimizer.add_param_group(last);
      list.put(problem.parameters());
      subject.step(closure);
      assertThat(state(optimizer)).containsOnlyKeys(state.keySet());
      if (state.containsKey("0.0.step")) {
        assertThat(state(optimizer).get("0.0.step")).containsExactly(1.0);
      }
    }
  }

  private static Tensor withGradient() {
    Tensor tensor = leaf(torch.ones(3));
    tensor.mutable_grad().put(torch.ones(3));
    return tensor;
  }

  /** The values of the state of each parameter; the least loss of L4 is that of all of them. */
  private static Map<String, List<Double>> state(Optimizer optimizer) {
    Map<String, List<Double>> state = new LinkedHashMap<>();
    OptimizerState.read(optimizer)
        .forEach(
            (name, tensor) -> {
              if (!name.endsWith("min_loss")) {
                Tensor values = tensor.to(torch.ScalarType.Double).contiguous();
                double[] doubles = new double[(int) values.numel()];
                new DoublePointer(values.data_ptr()).get(doubles);
                state.put(name, Arrays.stream(doubles).boxed().toList());
              }
            });
    return state;
  }

  private static void withoutGroups(Function<TensorVector, Subject> maker) throws Throwable {
    Problem problem = new Problem();
    try (Subject subject = maker.apply(problem.parameters())) {
      Optimizer optimizer = subject.optimizer();
      optimizer.param_groups().clear();
      for (ThrowingCallable use :
          List.<ThrowingCallable>of(
              optimizer::parameters, () -> optimizer.add_parameters(problem.parameters()))) {
        assertThatThrownBy(use)
            .isInstanceOf(IllegalStateException.class)
            .hasMessage("there is no parameter group");
      }
      assertThat(optimizer.size()).isZero();
      subject.step(closure(problem::backward));
    }
  }

  private static void foreignOptions(Function<TensorVector, Subject> maker) throws Throwable {
    Problem problem = new Problem();
    try (Subject subject = maker.apply(problem.parameters())) {
      Optimizer optimizer = subject.optimizer();
      OptimizerParamGroupVector groups = optimizer.param_groups();
      OptimizerParamGroup foreign =
          new OptimizerParamGroup(
              new Problem().parameters(),
              optimizer instanceof FusedSGD ? new AdamOptions(1) : new SGDOptions(1));
      for (ThrowingCallable use :
          List.<ThrowingCallable>of(
              () -> groups.get(0).set_options(foreign.options()),
              () -> groups.get(0).put(foreign),
              () -> groups.put(0, foreign),
              () -> groups.put(new OptimizerParamGroupVector(foreign)),
              () -> groups.insert(groups.begin(), foreign),
              () -> groups.push_back(foreign),
              () -> groups.put(foreign),
              () -> groups.put(new OptimizerParamGroup(new TensorVector()), foreign),
              () -> optimizer.add_param_group(foreign))) {
        assertThatThrownBy(use)
            .isInstanceOf(RuntimeException.class)
            .hasMessageMatching(
                "the options of a parameter group must be (torch::optim|noisylr)::\\w+Options, but"
                    + " are torch::optim::\\w+Options");
        assertThat(groups.size()).isOne();
        stepped(subject, problem);
      }
    }
  }

  /** References to groups, options and lists that move, are replaced and removed. */
  private static void groupsThatChange(Function<TensorVector, Subject> maker) throws Throwable {
    Problem problem = new Problem();
    try (Subject subject = maker.apply(problem.parameters())) {
      Optimizer optimizer = subject.optimizer();
      OptimizerParamGroupVector groups = optimizer.param_groups();
      OptimizerParamGroup group = groups.get(0);
      OptimizerOptions options = group.options();
      TensorVector parameters = group.params();
      Tensor parameter = parameters.get(1);
      OptimizerParamGroupVector.Iterator iterator = groups.begin();
      OptimizerOptions other = optimizer.defaults().clone();
      other.set_lr(0.5);
      group.set_options(other);
      other.close();
      pressure();
      assertThat(options.get_lr()).isEqualTo(0.5);
      for (int i = 0; i < 10; i++) {
        optimizer.add_param_group(new OptimizerParamGroup(new Problem().parameters()));
        pressure();
        assertThat(groups.size()).isEqualTo(2 + i);
        assertThat(group.has_options()).isTrue();
        assertThat(parameters.size()).isEqualTo(2);
        assertThat(parameters.get(0).sizes().vec().get()).containsExactly(2, 3);
        assertThat(iterator.get().options().get_lr()).isEqualTo(0.5);
        options.set_lr(0.5);
      }
      assertThat(subject.lrs()).startsWith(0.5).hasSize(11);
      OptimizerParamGroupVector.Iterator third = groups.begin().increment().increment();
      OptimizerOptions last = groups.get(10).options();
      assertThat(groups.erase(third).equals(third)).isTrue();
      groups.insert(groups.begin(), new OptimizerParamGroup(new TensorVector()));
      groups.erase(groups.begin());
      pressure();
      last.set_lr(0.25);
      assertThat(subject.lrs()).hasSize(10).endsWith(0.25);
      assertThat(parameters.erase(parameters.begin().increment()).equals(parameters.end()))
          .isTrue();
      parameters.push_back(parameter);
      assertThat(parameters.size()).isEqualTo(2);
      groups.put(0, new OptimizerParamGroup(problem.parameters()));
      pressure();
      assertThatThrownBy(options::get_lr)
          .hasMessage("the parameter group was removed from its optimizer");
      assertThat(group.options().get_lr()).isEqualTo(Subject.LR);
      assertThat(parameters.size()).isEqualTo(2);
      groups.clear();
      pressure();
      for (ThrowingCallable use :
          List.<ThrowingCallable>of(group::options, group::params, parameters::size)) {
        assertThatThrownBy(use)
            .isInstanceOf(IllegalStateException.class)
            .hasMessage("parameter group 0 was removed");
      }
      isFinite(parameter);
      new SGDOptions(options).momentum().get();
      // Whatever native code makes of it, it does not crash.
      catchThrowable(() -> new OptimizerParamGroup(group));
      assertThatThrownBy(() -> new FusedSGD(parameters, new SGDOptions(1)))
          .hasMessage("parameter group 0 was removed");
    }
  }

  private static void closingInItsClosure(Function<TensorVector, Subject> maker) throws Throwable {
    Problem problem = new Problem();
    try (Subject subject = maker.apply(problem.parameters())) {
      String name = subject.name();
      List<ThrowingCallable> closings =
          List.of(
              () -> subject.object().close(),
              () -> subject.object().deallocate(),
              () -> subject.object().releaseReference(),
              () -> subject.object().deallocate(false));
      for (ThrowingCallable closing : closings) {
        subject.step(
            closure(
                () -> {
                  assertThatThrownBy(closing)
                      .isInstanceOf(IllegalStateException.class)
                      .hasMessage(name + " cannot be closed while a step runs");
                  return problem.backward();
                }));
      }
      assertThat(subject.object().isNull()).isFalse();
      stepped(subject, problem);
    }
  }

  private static void plainClosedInside() throws Throwable {
    for (Function<Optimizer, Pointer> wrap :
        List.<Function<Optimizer, Pointer>>of(
            o -> new StepHook(o, Subject.NOISE), o -> new Langevin(o, 0.1, 1))) {
      Problem problem = new Problem();
      SGD inside = new SGD(problem.parameters(), new SGDOptions(0.1));
      Subject subject = new Subject(wrap.apply(inside), inside);
      float[] before = problem.values();
      subject.step(
          closure(
              () -> {
                inside.close();
                pressure();
                return problem.backward();
              }));
      assertThat(problem.values()).as("the step is completed").isNotEqualTo(before);
      assertThatThrownBy(() -> subject.step(null))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("SGD is closed");
      assertThat(inside.isNull()).isTrue();
      subject.close();
    }
  }

  private static void ingredientsClosed(Function<TensorVector, Subject> maker) throws Throwable {
    Problem problem = new Problem();
    TensorVector parameters = problem.parameters();
    Subject subject = maker.apply(parameters);
    parameters.close();
    pressure();
    stepped(subject, problem);
    // The gradient and the loss are closed before they are used, and the closure in its call.
    AtomicReference<LossClosure> running = new AtomicReference<>();
    running.set(
        closure(
            () -> {
              running.get().close();
              Tensor loss = problem.backward();
              problem.a().grad().close();
              return loss;
            }));
    subject.step(running.get()).close();
    Tensor a = problem.a().detach();
    problem.a().close();
    problem.b().close();
    pressure();
    if (!subject.needsClosure()) {
      subject.step(null);
    }
    assertThat(a.isfinite().all().item_bool()).isTrue();
    subject.close();
    assertThat(a.isfinite().all().item_bool()).isTrue();
  }

  private static void scopes() throws Throwable {
    Problem problem = new Problem();
    NoisySGD scoped;
    StepHook hook;
    SGD kept = new SGD(problem.parameters(), new SGDOptions(0.1));
    try (PointerScope scope = new PointerScope()) {
      scoped = new NoisySGD(problem.parameters(), new SGDOptions(0.1), Subject.NOISE);
      hook = new StepHook(kept, Subject.NOISE);
      problem.step(scoped);
      hook.step();
    }
    assertThatThrownBy(scoped::step).hasMessage("NoisySGD is closed");
    assertThatThrownBy(hook::step).hasMessage("StepHook is closed");
    scoped.close();
    hook.close();
    problem.step(kept);
    // A scope inside the closure that ends before its step.
    try (NoisySGD optimizer =
        new NoisySGD(problem.parameters(), new SGDOptions(0.1), Subject.NOISE)) {
      assertThatThrownBy(
              () ->
                  optimizer.step(
                      closure(
                          () -> {
                            try (PointerScope scope = new PointerScope()) {
                              return problem.backward();
                            }
                          })))
          .hasMessageContaining("the closure returned no loss");
      problem.step(optimizer);
    }
  }

  /** Tensors are shared, not borrowed: those that our optimizers answer outlive them. */
  private static void tensorsOutlive() throws Throwable {
    for (String name : Subject.ALL.keySet()) {
      Subject subject = Subject.ALL.get(name).apply(new Problem().parameters());
      if (subject.optimizer().getClass() == SGD.class) {
        continue;
      }
      TensorVector parameters = subject.optimizer().parameters();
      Tensor factors = subject.object() instanceof Alrao alrao ? alrao.factors(0) : torch.ones(1);
      subject.close();
      pressure();
      assertThat(parameters.get(0).isfinite().all().item_bool()).as(name).isTrue();
      assertThat(factors.isfinite().all().item_bool()).as(name).isTrue();
    }
  }

  private static void models() throws Throwable {
    for (boolean modelFirst : new boolean[] {true, false}) {
      Cnn28 model = new Cnn28(1, 10);
      NoisyAdam optimizer =
          new NoisyAdam(
              model.parameters(), new org.bytedeco.pytorch.AdamOptions(0.01), Subject.NOISE);
      Tensor loss = model.forward(torch.randn(2, 1, 28, 28)).sum();
      loss.backward();
      optimizer.step();
      if (modelFirst) {
        model.close();
        pressure();
        optimizer.step();
        optimizer.zero_grad();
        assertThatThrownBy(() -> model.forward(torch.randn(2, 1, 28, 28)))
            .isInstanceOf(RuntimeException.class);
        model.close();
        optimizer.close();
      } else {
        optimizer.close();
        pressure();
        model.forward(torch.randn(2, 1, 28, 28)).sum().backward();
        assertThatThrownBy(optimizer::step).hasMessage("NoisyAdam is closed");
        model.close();
      }
    }
  }

  // Closures.

  private static void stepInItsClosure(Function<TensorVector, Subject> maker) throws Throwable {
    Problem problem = new Problem();
    try (Subject subject = maker.apply(problem.parameters())) {
      double[] lrs = subject.lrs();
      LossClosure plain = closure(problem::backward);
      List<ThrowingCallable> steps = new ArrayList<>();
      steps.add(() -> subject.step(null));
      steps.add(() -> subject.step(plain));
      if (subject.optimizer().getClass() != SGD.class) {
        steps.add(() -> subject.optimizer().step(plain));
      }
      for (ThrowingCallable step : steps) {
        subject.step(
            closure(
                () -> {
                  assertThatThrownBy(step)
                      .isInstanceOf(IllegalStateException.class)
                      .hasMessage(IN_STEP);
                  return problem.backward();
                }));
      }
      assertThat(subject.lrs()).isEqualTo(lrs);
      stepped(subject, problem);
    }
  }

  private static void closuresThatThrow(Function<TensorVector, Subject> maker) throws Throwable {
    Problem problem = new Problem();
    try (Subject subject = maker.apply(problem.parameters())) {
      double[] lrs = subject.lrs();
      Throwable silent =
          new IllegalArgumentException() {
            @Override
            public String getMessage() {
              throw new UnsupportedOperationException("no message");
            }
          };
      for (Throwable expected :
          List.of(
              new IllegalArgumentException("unchecked"),
              new IOException("checked"),
              new OutOfMemoryError("error"),
              new StackOverflowError(),
              silent)) {
        Throwable thrown = catchThrowable(() -> subject.step(closure(() -> raise(expected))));
        assertThat(thrown == expected).as("%s is what was thrown", thrown.getClass()).isTrue();
        assertThat(subject.lrs()).isEqualTo(lrs);
        stepped(subject, problem);
      }
      Throwable deep = catchThrowable(() -> subject.step(closure(() -> recurse(problem))));
      assertThat(deep).isInstanceOf(StackOverflowError.class);
      // The second evaluation throws, in a step that makes two.
      int[] calls = {0};
      IllegalStateException second = new IllegalStateException("second");
      LossClosure throwsLater =
          closure(
              () -> {
                if (++calls[0] == 2) {
                  throw second;
                }
                return problem.backward();
              });
      if (subject.object() instanceof PerturbedDescent perturbed) {
        perturbed.lastPerturbation(-1);
        assertThat(catchThrowable(() -> subject.step(throwsLater)) == second).isTrue();
      }
      assertThat(subject.lrs()).isEqualTo(lrs);
      stepped(subject, problem);
    }
  }

  private static Tensor recurse(Problem problem) {
    Tensor loss = recurse(problem);
    return loss;
  }

  private static void closuresWithoutLoss(Function<TensorVector, Subject> maker) throws Throwable {
    Problem problem = new Problem();
    try (Subject subject = maker.apply(problem.parameters())) {
      Tensor closed = torch.ones(1);
      closed.close();
      for (Tensor none : new Tensor[] {null, closed}) {
        assertThatThrownBy(() -> subject.step(closure(() -> none)))
            .isInstanceOf(IllegalStateException.class)
            .hasMessage("the closure returned no loss, or one that is closed already");
      }
      for (Tensor odd :
          new Tensor[] {
            new Tensor(),
            torch.ones(2, 3),
            torch.empty(0),
            torch.ones(new long[] {1}, new TensorOptions(torch.ScalarType.Long)),
            torch.ones(new long[] {1}, meta())
          }) {
        problem.backward();
        Throwable thrown = catchThrowable(() -> subject.step(closure(() -> odd)));
        if (thrown != null) {
          assertThat(thrown).isInstanceOf(RuntimeException.class);
        }
      }
      stepped(subject, problem);
    }
  }

  private static void closuresThatChangeGroups(Function<TensorVector, Subject> maker)
      throws Throwable {
    Problem problem = new Problem();
    Problem more = new Problem();
    try (Subject subject = maker.apply(problem.parameters())) {
      Optimizer optimizer = subject.optimizer();
      IllegalStateException late = new IllegalStateException("late");
      assertThat(
              catchThrowable(
                  () ->
                      subject.step(
                          closure(
                              () -> {
                                optimizer.param_groups().get(0).options().set_lr(0.02);
                                throw late;
                              }))))
          .isSameAs(late);
      assertThat(subject.lrs()).containsExactly(0.02);
      boolean[] added = {false};
      LossClosure adding =
          closure(
              () -> {
                for (int i = 0; i < 20 && !added[0]; i++) {
                  optimizer.add_param_group(
                      new OptimizerParamGroup(new TensorVector(leaf(torch.randn(5)))));
                }
                if (!added[0]) {
                  optimizer.add_param_group(new OptimizerParamGroup(more.parameters()));
                  optimizer.add_param_group(new OptimizerParamGroup(new TensorVector()));
                }
                added[0] = true;
                more.backward();
                return problem.backward();
              });
      subject.step(adding);
      pressure();
      assertThat(subject.lrs()).hasSize(23);
      subject.step(
          closure(
              () -> {
                optimizer.zero_grad();
                more.backward();
                return problem.backward();
              }));
      // Groups that go away in the closure, or lose their parameters.
      subject.step(
          closure(
              () -> {
                optimizer.param_groups().get(0).params().clear();
                optimizer.param_groups().resize(3);
                return problem.backward();
              }));
      subject.step(
          closure(
              () -> {
                optimizer.param_groups().clear();
                return problem.backward();
              }));
      assertThat(subject.lrs()).isEmpty();
      subject.step(closure(problem::backward));
    }
  }

  // Garbage collection.

  private static void garbageCollection(Function<TensorVector, Subject> maker) throws Throwable {
    Problem problem = new Problem();
    Subject subject = maker.apply(problem.parameters());
    for (int i = 0; i < 3; i++) {
      pressure();
      subject.step(
          closure(
              () -> {
                pressure();
                Tensor loss = problem.backward();
                pressure();
                return loss;
              }));
    }
    Subject unowned = null;
    for (int i = 0; i < 50; i++) {
      unowned = maker.apply(new Problem().parameters());
      if (!unowned.needsClosure()) {
        unowned.step(null);
      }
    }
    pressure();
    assertThat(problem.values()).doesNotContain(Float.NaN);
    subject.close();
  }

  /** An optimizer that nothing keeps is collected while its scheduler is in use. */
  private static void schedulersMeanwhile() {
    for (Function<TensorVector, Subject> maker : Subject.ALL.values()) {
      if (maker.apply(new Problem().parameters()).isAround()) {
        continue;
      }
      LRScheduler scheduler = new StepLR(maker.apply(new Problem().parameters()).optimizer(), 1);
      Throwable thrown = null;
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
      while (thrown == null && System.nanoTime() < deadline) {
        thrown = catchThrowable(scheduler::step);
      }
      assertThat(thrown).hasMessage("the optimizer is closed");
    }
  }

  private static void collecting(Scenario scenario) throws Throwable {
    Thread collector =
        new Thread(
            () -> {
              while (!Thread.interrupted()) {
                System.gc();
                Pointer.deallocateReferences();
              }
            });
    collector.start();
    try {
      scenario.run();
    } finally {
      collector.interrupt();
      collector.join();
    }
  }

  private static void collectedMeanwhile() throws Throwable {
    for (String name : Subject.ALL.keySet()) {
      for (int i = 0; i < 5; i++) {
        Problem problem = new Problem();
        Subject subject = Subject.ALL.get(name).apply(problem.parameters());
        subject.step(closure(problem::backward));
        if (subject.object() instanceof NoisyOptimizer) {
          // Nothing but the call itself keeps this optimizer.
          NoisySGD noisy = new NoisySGD(problem.parameters(), new SGDOptions(0.1), Subject.NOISE);
          noisy.step();
          assertThat(noisy.noise()).isEqualTo(Subject.NOISE);
          assertThat(noisy.realisedLr()).isPositive();
        }
      }
    }
  }

  // Threads.

  private static void anotherThread(Function<TensorVector, Subject> maker) throws Throwable {
    Problem problem = new Problem();
    String busy = " is in use: another thread runs a step";
    try (Subject subject = maker.apply(problem.parameters())) {
      OptimizerParamGroupVector groups = subject.optimizer().param_groups();
      OptimizerParamGroup group = groups.get(0);
      OptimizerOptions options = group.options();
      ExecutorService other = Executors.newSingleThreadExecutor();
      try {
        subject.step(
            closure(
                () -> {
                  for (Method method : methods(subject.object())) {
                    Object[] arguments = arguments(method, problem);
                    assertThat(on(other, () -> thrownBy(subject.object(), method, arguments)))
                        .as(method.toString())
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessage(subject.name() + busy);
                  }
                  for (ThrowingCallable closing :
                      List.<ThrowingCallable>of(
                          subject.object()::close, subject.object()::deallocate)) {
                    assertThat(on(other, () -> catchThrowable(closing)))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessage(subject.name() + " cannot be closed while a step runs");
                  }
                  if (subject.optimizer().getClass() != SGD.class) {
                    assertThat(on(other, () -> catchThrowable(subject.optimizer()::zero_grad)))
                        .hasMessageEndingWith(busy);
                    for (ThrowingCallable use :
                        List.<ThrowingCallable>of(
                            options::get_lr,
                            () -> options.set_lr(1),
                            () -> group.set_options(options),
                            group.params()::size,
                            () -> group.params().get(0),
                            groups::clear)) {
                      assertThat(on(other, () -> catchThrowable(use)))
                          .isInstanceOf(IllegalStateException.class)
                          .hasMessageEndingWith(busy);
                    }
                    assertThat(options.get_lr()).isEqualTo(Subject.LR);
                    assertThat(on(other, () -> catchThrowable(subject.optimizer()::close)))
                        .hasMessageEndingWith(" cannot be closed while a step runs");
                    assertThat(
                            on(
                                other,
                                () ->
                                    catchThrowable(() -> OptimizerState.read(subject.optimizer()))))
                        .hasMessageEndingWith(busy);
                  }
                  return problem.backward();
                }));
        assertThat(on(other, () -> catchThrowable(() -> stepped(subject, problem)))).isNull();
      } finally {
        other.shutdown();
      }
    }
  }

  /** Steps and other calls from two threads as they come, then a close: right or refused. */
  private static void twoThreads(Function<TensorVector, Subject> maker) throws Throwable {
    Problem problem = new Problem();
    Subject subject = maker.apply(problem.parameters());
    ExecutorService threads = Executors.newFixedThreadPool(2);
    CountDownLatch start = new CountDownLatch(1);
    Tensor loss = problem.backward();
    List<Future<Integer>> runs = new ArrayList<>();
    for (int t = 0; t < 2; t++) {
      int thread = t;
      runs.add(
          threads.submit(
              () -> {
                start.await();
                int done = 0;
                for (int i = 0; i < 150; i++) {
                  try {
                    subject.step(closure(() -> loss));
                    done++;
                    if (subject.object() instanceof NoisyOptimizer noisy) {
                      noisy.epoch(noisy.steps());
                    }
                  } catch (IllegalStateException e) {
                    assertThat(e.getMessage())
                        .matches(
                            subject.name() + "( is in use: another thread runs a step| is closed)");
                  }
                  if (thread == 1 && i >= 120 && !subject.object().isNull()) {
                    Throwable refused = catchThrowable(subject.object()::close);
                    if (refused != null) {
                      assertThat(refused)
                          .hasMessage(subject.name() + " cannot be closed while a step runs");
                    }
                  }
                }
                return done;
              }));
    }
    start.countDown();
    int done = 0;
    for (Future<Integer> run : runs) {
      done += run.get(60, TimeUnit.SECONDS);
    }
    threads.shutdown();
    assertThat(done).isPositive();
    subject.close();
  }

  /** What a step without a closure returns is the same for all, closed or not. */
  private static void resultsOfTwoThreads(Function<TensorVector, Subject> maker) throws Throwable {
    Subject subject = maker.apply(new Problem().parameters());
    if (subject.needsClosure()) {
      return;
    }
    ExecutorService other = Executors.newSingleThreadExecutor();
    Runnable steps =
        () -> {
          for (int i = 0; i < 2_000; i++) {
            try (Tensor result = subject.step(null)) {
              assertThat(result.defined()).isFalse();
            } catch (IllegalStateException e) {
              assertThat(e).hasMessageEndingWith(" is in use: another thread runs a step");
            }
          }
        };
    try {
      Future<?> there = other.submit(steps);
      steps.run();
      there.get(60, TimeUnit.SECONDS);
    } finally {
      other.shutdown();
    }
    Tensor result = subject.step(null);
    result.deallocate();
    result.setNull();
    Tensor one = torch.ones(1);
    for (ThrowingCallable change :
        List.<ThrowingCallable>of(
            () -> result.put(one), () -> result.put((TensorBase) one), () -> result.position(1))) {
      assertThatThrownBy(change)
          .isInstanceOf(UnsupportedOperationException.class)
          .hasMessage("what a step without a closure returns cannot be assigned to");
    }
    try (PointerScope scope = new PointerScope()) {
      assertThat(subject.step(null)).isSameAs(result);
    }
    assertThat(subject.step(null).defined()).isFalse();
    subject.close();
  }

  private static void threadsOfTheirOwn() throws Throwable {
    ExecutorService threads = Executors.newFixedThreadPool(4);
    List<Future<float[]>> runs = new ArrayList<>();
    for (int t = 0; t < 12; t++) {
      runs.add(
          threads.submit(
              () -> {
                Problem problem = new Problem();
                try (NoisySGD optimizer =
                    new NoisySGD(problem.parameters(), new SGDOptions(0.001), Subject.NOISE)) {
                  for (int i = 0; i < 50; i++) {
                    optimizer.zero_grad();
                    optimizer.step(closure(problem::backward)).close();
                  }
                }
                return problem.values();
              }));
    }
    float[] first = runs.get(0).get(60, TimeUnit.SECONDS);
    for (Future<float[]> run : runs) {
      assertThat(run.get(60, TimeUnit.SECONDS)).isEqualTo(first);
    }
    threads.shutdown();
  }

  // Two optimizers.

  private static void sameParameters() throws Throwable {
    Problem shared = new Problem();
    Problem alone = new Problem();
    try (SGD stock = new SGD(shared.parameters(), new SGDOptions(0.01));
        FusedSGD fused = new FusedSGD(shared.parameters(), new SGDOptions(0.01));
        FusedSGD second = new FusedSGD(shared.parameters(), new SGDOptions(0.01));
        NoisySGD noisy =
            new NoisySGD(
                shared.parameters(), new SGDOptions(0.01), org.noisylr.noise.NoiseSpec.none());
        StepHook hook = new StepHook(stock, org.noisylr.noise.NoiseSpec.none());
        SGD expected = new SGD(alone.parameters(), new SGDOptions(0.01))) {
      for (int i = 0; i < 5; i++) {
        for (Optimizer optimizer : new Optimizer[] {stock, fused, second, noisy}) {
          shared.step(optimizer);
          alone.step(expected);
          assertThat(shared.values()).isEqualTo(alone.values());
        }
        stock.zero_grad();
        shared.backward();
        hook.step();
        alone.step(expected);
        assertThat(shared.values()).isEqualTo(alone.values());
      }
      // One optimizer's step in the closure of another's.
      fused.step(
          closure(
              () -> {
                shared.step(second);
                stock.zero_grad();
                return shared.backward();
              }));
      alone.step(expected);
      alone.step(expected);
      assertThat(shared.values()).isEqualTo(alone.values());
    }
  }

  private static void hooksAroundHooks() throws Throwable {
    Problem problem = new Problem();
    SGD plain = new SGD(problem.parameters(), new SGDOptions(0.01));
    StepHook outer = new StepHook(plain, Subject.NOISE);
    StepHook inner = new StepHook(plain, Subject.NOISE);
    Langevin langevin = new Langevin(plain, 1e-6, 1);
    for (ThrowingCallable nested :
        List.<ThrowingCallable>of(inner::step, langevin::step, outer::step)) {
      outer.step(
          closure(
              () -> {
                assertThatThrownBy(nested)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage(IN_STEP);
                return problem.backward();
              }));
    }
    assertThat(plain.param_groups().get(0).options().get_lr()).isEqualTo(0.01);
    inner.step();
    plain.close();
    for (Pointer around : List.of(inner, langevin, outer)) {
      around.close();
    }
    NoisySGD noisy = new NoisySGD(problem.parameters(), new SGDOptions(0.01), Subject.NOISE);
    assertThatThrownBy(() -> new StepHook(noisy, Subject.NOISE))
        .hasMessageContaining("the optimizer has noise of its own already");
    noisy.step();
    noisy.close();
  }

  // Parameters.

  private static void oddParameters(Function<TensorVector, Subject> maker) throws Throwable {
    List<TensorVector> odd = new ArrayList<>();
    odd.add(new TensorVector());
    odd.add(new TensorVector(leaf(torch.ones(3))));
    odd.add(new TensorVector(torch.ones(3)));
    odd.add(new TensorVector(new Tensor()));
    odd.add(new TensorVector(new Tensor(), leaf(torch.ones(3))));
    odd.add(new TensorVector(torch.ones(new long[] {3}, new TensorOptions(torch.ScalarType.Long))));
    Tensor metaParameter = torch.ones(new long[] {3}, meta());
    metaParameter.set_requires_grad(true);
    metaParameter.mutable_grad().put(torch.ones(new long[] {3}, meta()));
    odd.add(new TensorVector(metaParameter));
    Tensor sparse = leaf(torch.ones(3, 2));
    sparse.mutable_grad().put(torch.ones(3, 2).to_sparse());
    odd.add(new TensorVector(sparse));
    Tensor complex = torch.ones(new long[] {3}, new TensorOptions(torch.ScalarType.ComplexFloat));
    complex.set_requires_grad(true);
    complex.mutable_grad().put(complex.detach().clone());
    odd.add(new TensorVector(complex));
    Tensor empty = leaf(torch.empty(0));
    empty.mutable_grad().put(torch.empty(0));
    odd.add(new TensorVector(empty));
    odd.add(new TensorVector(leaf(torch.ones(3)).mul(new Scalar(2.0))));
    Tensor twice = leaf(torch.ones(3));
    twice.mutable_grad().put(torch.ones(3));
    odd.add(new TensorVector(twice, twice));
    Tensor emptied = leaf(torch.ones(3));
    emptied.mutable_grad().put(torch.ones(3));
    odd.add(new TensorVector(emptied));
    for (int i = 0; i < odd.size(); i++) {
      TensorVector parameters = odd.get(i);
      Throwable thrown =
          catchThrowable(
              () -> {
                try (Subject subject = maker.apply(parameters)) {
                  for (int step = 0; step < 3; step++) {
                    Throwable inStep =
                        catchThrowable(() -> subject.step(closure(() -> torch.ones(1))));
                    if (inStep != null && !(inStep instanceof RuntimeException)) {
                      throw inStep;
                    }
                    if (step == 1 && parameters.size() > 0 && parameters.get(0) == emptied) {
                      emptied.set_data(torch.empty(0));
                    }
                  }
                  assertThat(subject.lrs()).containsExactly(Subject.LR);
                }
              });
      if (thrown != null) {
        assertThat(thrown).as("parameters " + i).isInstanceOf(RuntimeException.class);
      }
      pressure();
    }
  }

  // What scenarios are made of.

  private interface Loss {
    Tensor get() throws Throwable;
  }

  private static LossClosure closure(Loss loss) {
    return new LossClosure() {
      @Override
      public Tensor call() {
        try {
          return loss.get();
        } catch (Throwable e) {
          return raise(e);
        }
      }
    };
  }

  @SuppressWarnings("unchecked")
  private static <E extends Throwable> Tensor raise(Throwable e) throws E {
    throw (E) e;
  }

  /** The subject is alive: a step moves the parameters and leaves the base rates. */
  private static void stepped(Subject subject, Problem problem) {
    double[] lrs = subject.lrs();
    float[] before = problem.values();
    subject.optimizer().zero_grad();
    Tensor loss = subject.step(closure(problem::backward));
    assertThat(loss.item_double()).isFinite();
    assertThat(problem.values()).isNotEqualTo(before);
    assertThat(subject.lrs()).isEqualTo(lrs);
  }

  /** What nobody holds is freed, and its memory used again. */
  private static void pressure() throws InterruptedException {
    System.gc();
    Thread.sleep(5);
    Pointer.deallocateReferences();
    for (int i = 0; i < 50; i++) {
      new TensorVector(torch.randn(9), torch.randn(64)).close();
    }
  }

  private static <T> T on(ExecutorService thread, java.util.concurrent.Callable<T> work)
      throws Exception {
    return thread.submit(work).get(60, TimeUnit.SECONDS);
  }

  private static Tensor leaf(Tensor tensor) {
    tensor.set_requires_grad(true);
    return tensor;
  }

  private static TensorOptions meta() {
    return new TensorOptions().device(new DeviceOptional(new Device("meta")));
  }
}
