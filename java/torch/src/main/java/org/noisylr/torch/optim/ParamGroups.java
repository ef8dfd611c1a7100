package org.noisylr.torch.optim;

import java.util.Arrays;
import java.util.function.Supplier;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.OptimizerOptions;
import org.bytedeco.pytorch.OptimizerParamGroup;
import org.bytedeco.pytorch.OptimizerParamGroupVector;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;

/**
 * The groups of an optimizer, by reference, for as long as somebody has them: they, and what they
 * give, keep the optimizer reachable, are used by one thread at a time as the optimizer is, and
 * look where things lie at each use, for groups and lists move as they grow.
 */
final class ParamGroups extends OptimizerParamGroupVector {
  private interface Action {
    void run();
  }

  /** For so many groups they do not move, so that native code finds what it is given of them. */
  private static final long ROOM = 16;

  private final Optimizer optimizer;

  ParamGroups(OptimizerParamGroupVector groups, Optimizer optimizer) {
    super((Pointer) groups);
    this.optimizer = optimizer;
    NativeLibrary.reserve_groups(optimizer, ROOM);
  }

  private <T> T use(Supplier<T> action) {
    try (Guard.Use use = Guard.of(optimizer).use(optimizer)) {
      return action.get();
    }
  }

  /** Removes or replaces parameters; the state of those that go is forgotten. */
  private void change(Action action) {
    run(
        () -> {
          action.run();
          NativeLibrary.forget_removed(optimizer);
        });
  }

  private void run(Action action) {
    use(
        () -> {
          action.run();
          return null;
        });
  }

  /**
   * The first group, which LibTorch's methods of one list of parameters take for granted.
   *
   * @throws IllegalStateException if there is none
   */
  OptimizerParamGroup first() {
    if (empty()) {
      throw new IllegalStateException("there is no parameter group");
    }
    return get(0);
  }

  /** A copy of a group, which may be one of an optimizer: taken before another one's guard is. */
  static OptimizerParamGroup copy(OptimizerParamGroup group) {
    if (group == null) {
      return null; // refused later, by an optimizer that is open
    }
    return group instanceof Group view ? view.copy() : new OptimizerParamGroup(group);
  }

  /** The same for groups. */
  static OptimizerParamGroupVector copy(OptimizerParamGroupVector groups) {
    OptimizerParamGroupVector copy = new OptimizerParamGroupVector();
    if (groups instanceof ParamGroups view) {
      view.use(() -> copy.put(groups));
    } else {
      copy.put(groups);
    }
    return copy;
  }

  /** A list of parameters that changes no more: a copy where it is one of an optimizer. */
  static TensorVector copy(TensorVector parameters) {
    return parameters instanceof Parameters view ? view.copy() : parameters;
  }

  /** Looks whether a copied group may be added, and makes room for it. */
  OptimizerParamGroup prepare(OptimizerParamGroup copy) {
    NativeLibrary.check_group(optimizer, copy);
    if (!copy.has_options()) {
      copy.set_options(optimizer.defaults().clone());
    }
    NativeLibrary.reserve_groups(optimizer, super.size() + 1);
    return copy;
  }

  /** The defaults of the optimizer, by reference. */
  OptimizerOptions defaults(OptimizerOptions defaults) {
    return new Options(defaults);
  }

  @Override
  public long size() {
    return use(super::size);
  }

  @Override
  public void resize(long size) {
    change(
        () -> {
          NativeLibrary.reserve_groups(optimizer, size);
          NativeLibrary.retire_groups(optimizer, size, super.size());
          super.resize(size);
        });
  }

  @Override
  public OptimizerParamGroup get(long index) {
    return use(
        () -> {
          checkIndex(index, super.size());
          return new Group(super.get(index), index);
        });
  }

  private OptimizerParamGroup at(long index) {
    if (index >= super.size()) {
      throw new IllegalStateException("parameter group " + index + " was removed");
    }
    return super.get(index);
  }

  @Override
  public OptimizerParamGroupVector put(OptimizerParamGroupVector groups) {
    return replace(copy(groups));
  }

  private OptimizerParamGroupVector replace(OptimizerParamGroupVector copies) {
    change(
        () -> {
          for (long i = 0; i < copies.size(); i++) {
            prepare(copies.get(i));
          }
          NativeLibrary.reserve_groups(optimizer, copies.size());
          NativeLibrary.retire_groups(optimizer, 0, super.size());
          super.put(copies);
        });
    return this;
  }

  @Override
  public OptimizerParamGroupVector put(OptimizerParamGroup group) {
    return put(new OptimizerParamGroup[] {group});
  }

  @Override
  public OptimizerParamGroupVector put(OptimizerParamGroup... groups) {
    return replace(
        new OptimizerParamGroupVector(
            Arrays.stream(groups).map(ParamGroups::copy).toArray(OptimizerParamGroup[]::new)));
  }

  @Override
  public OptimizerParamGroupVector put(long index, OptimizerParamGroup group) {
    OptimizerParamGroup copy = copy(group);
    change(
        () -> {
          checkIndex(index, super.size());
          prepare(copy);
          NativeLibrary.retire_groups(optimizer, index, index + 1);
          super.put(index, copy);
        });
    return this;
  }

  @Override
  public OptimizerParamGroupVector push_back(OptimizerParamGroup group) {
    OptimizerParamGroup copy = copy(group);
    run(() -> insertCopy(super.size(), copy));
    return this;
  }

  /** A copy of the last group, which is removed. */
  @Override
  public OptimizerParamGroup pop_back() {
    return use(
        () -> {
          OptimizerParamGroup last = copy(get(super.size() - 1));
          resize(super.size() - 1);
          return last;
        });
  }

  @Override
  public OptimizerParamGroupVector.Iterator begin() {
    return use(() -> new GroupIterator(this, 0));
  }

  @Override
  public OptimizerParamGroupVector.Iterator end() {
    return new GroupIterator(this, size());
  }

  @Override
  public OptimizerParamGroupVector.Iterator insert(
      OptimizerParamGroupVector.Iterator position, OptimizerParamGroup group) {
    long index = index(position);
    OptimizerParamGroup copy = copy(group);
    run(() -> insertCopy(index, copy));
    return new GroupIterator(this, index);
  }

  private void insertCopy(long index, OptimizerParamGroup copy) {
    prepare(copy);
    super.insert(iterator(index, super.size() + 1), copy);
  }

  @Override
  public OptimizerParamGroupVector.Iterator erase(OptimizerParamGroupVector.Iterator position) {
    long index = index(position);
    change(
        () -> {
          OptimizerParamGroupVector.Iterator at = iterator(index, super.size());
          NativeLibrary.retire_groups(optimizer, index, index + 1);
          super.erase(at);
        });
    return new GroupIterator(this, index);
  }

  private long index(OptimizerParamGroupVector.Iterator position) {
    if (position instanceof GroupIterator known && known.groups.optimizer == optimizer) {
      return known.index;
    }
    throw new IllegalArgumentException("the iterator is not one of this optimizer's groups");
  }

  private OptimizerParamGroupVector.Iterator iterator(long index, long bound) {
    checkIndex(index, bound);
    OptimizerParamGroupVector.Iterator at = super.begin();
    for (long i = 0; i < index; i++) {
      at.increment();
    }
    return at;
  }

  private static void checkIndex(long index, long bound) {
    if (index < 0 || index >= bound) {
      throw new IndexOutOfBoundsException(
          "the position must be in [0, %d), but is %d".formatted(bound, index));
    }
  }

  private final class Group extends OptimizerParamGroup {
    private final long index;

    Group(OptimizerParamGroup group, long index) {
      super((Pointer) group);
      this.index = index;
    }

    private void find() {
      address = at(index).address();
      position = 0;
    }

    private OptimizerParamGroup copy() {
      return use(
          () -> {
            find();
            return new OptimizerParamGroup((OptimizerParamGroup) this);
          });
    }

    @Override
    public boolean has_options() {
      return use(
          () -> {
            find();
            return super.has_options();
          });
    }

    @Override
    public OptimizerOptions options() {
      return use(
          () -> {
            find();
            return new Options(super.options());
          });
    }

    @Override
    public void set_options(OptimizerOptions options) {
      OptimizerOptions copy = options instanceof Options view ? view.clone() : options;
      run(
          () -> {
            find();
            NativeLibrary.set_options(optimizer, index, copy);
          });
    }

    @Override
    public TensorVector params() {
      return use(
          () -> {
            find();
            return new Parameters(super.params(), index);
          });
    }

    @Override
    public OptimizerParamGroup put(OptimizerParamGroup group) {
      ParamGroups.this.put(index, group);
      return this;
    }
  }

  /** Options stay where they are, also once their group is removed. */
  private final class Options extends OptimizerOptions {
    Options(OptimizerOptions options) {
      super((Pointer) options);
    }

    @Override
    public double get_lr() {
      return use(super::get_lr);
    }

    @Override
    public void set_lr(double lr) {
      run(() -> super.set_lr(lr));
    }

    /** Is refused: LibTorch's assignment would change nothing. */
    @Override
    public OptimizerOptions put(OptimizerOptions other) {
      throw new UnsupportedOperationException("options are replaced by set_options of their group");
    }

    @Override
    public OptimizerOptions clone() {
      return use(super::clone);
    }
  }

  /** The list of a group; the tensors that it gives are the caller's own references to them. */
  private final class Parameters extends TensorVector {
    private final long index;

    Parameters(TensorVector parameters, long index) {
      super((Pointer) parameters);
      this.index = index;
    }

    private void find() {
      address = at(index).params().address();
      position = 0;
    }

    private <T> T found(Supplier<T> action) {
      return use(
          () -> {
            find();
            return action.get();
          });
    }

    private void changed(Action action) {
      change(
          () -> {
            find();
            action.run();
          });
    }

    private TensorVector copy() {
      TensorVector copy = new TensorVector();
      found(() -> copy.put((TensorVector) this));
      return copy;
    }

    @Override
    public long size() {
      return found(super::size);
    }

    @Override
    public void resize(long size) {
      changed(() -> super.resize(size));
    }

    @Override
    public Tensor get(long i) {
      return found(
          () -> {
            checkIndex(i, super.size());
            // A scope that closes does not take it along, as it would not take a reference.
            return new Tensor(super.get(i)).retainReference();
          });
    }

    @Override
    public TensorVector put(TensorVector parameters) {
      TensorVector copy = ParamGroups.copy(parameters);
      changed(() -> super.put(copy));
      return this;
    }

    @Override
    public TensorVector put(Tensor parameter) {
      return put(new Tensor[] {parameter});
    }

    @Override
    public TensorVector put(Tensor... parameters) {
      return put(new TensorVector(parameters));
    }

    @Override
    public TensorVector put(long i, Tensor parameter) {
      changed(
          () -> {
            checkIndex(i, super.size());
            super.put(i, parameter);
          });
      return this;
    }

    @Override
    public TensorVector push_back(Tensor parameter) {
      NativeLibrary.open(parameter);
      return found(
          () -> {
            long size = super.size();
            super.resize(size + 1);
            super.put(size, parameter);
            return this;
          });
    }

    @Override
    public Tensor pop_back() {
      return use(super::pop_back);
    }

    @Override
    public TensorVector.Iterator begin() {
      return use(() -> new ParameterIterator(this, 0));
    }

    @Override
    public TensorVector.Iterator end() {
      return new ParameterIterator(this, size());
    }

    @Override
    public TensorVector.Iterator insert(TensorVector.Iterator position, Tensor parameter) {
      long at = index(position);
      found(() -> super.insert(iterator(at, super.size() + 1), parameter));
      return new ParameterIterator(this, at);
    }

    @Override
    public TensorVector.Iterator erase(TensorVector.Iterator position) {
      long at = index(position);
      changed(() -> super.erase(iterator(at, super.size())));
      return new ParameterIterator(this, at);
    }

    private ParamGroups groups() {
      return ParamGroups.this;
    }

    private long index(TensorVector.Iterator position) {
      if (position instanceof ParameterIterator known
          && known.parameters.groups().optimizer == optimizer
          && known.parameters.index == index) {
        return known.index;
      }
      throw new IllegalArgumentException("the iterator is not one of this list");
    }

    private TensorVector.Iterator iterator(long index, long bound) {
      checkIndex(index, bound);
      TensorVector.Iterator at = super.begin();
      for (long i = 0; i < index; i++) {
        at.increment();
      }
      return at;
    }
  }

  /** A position in the groups, which stays valid when they move. */
  private static final class GroupIterator extends OptimizerParamGroupVector.Iterator {
    private final ParamGroups groups;
    private long index;

    GroupIterator(ParamGroups groups, long index) {
      super((Pointer) null);
      this.groups = groups;
      this.index = index;
    }

    @Override
    public OptimizerParamGroupVector.Iterator increment() {
      index++;
      return this;
    }

    @Override
    public boolean equals(OptimizerParamGroupVector.Iterator other) {
      return index == groups.index(other);
    }

    @Override
    public OptimizerParamGroup get() {
      return groups.get(index);
    }
  }

  /** A position in the parameters of a group, which stays valid when they move. */
  private static final class ParameterIterator extends TensorVector.Iterator {
    private final Parameters parameters;
    private long index;

    ParameterIterator(Parameters parameters, long index) {
      super((Pointer) null);
      this.parameters = parameters;
      this.index = index;
    }

    @Override
    public TensorVector.Iterator increment() {
      index++;
      return this;
    }

    @Override
    public boolean equals(TensorVector.Iterator other) {
      return index == parameters.index(other);
    }

    @Override
    public Tensor get() {
      return parameters.get(index);
    }
  }
}
