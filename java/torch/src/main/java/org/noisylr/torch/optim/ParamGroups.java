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
    run(
        () -> {
          NativeLibrary.reserve_groups(optimizer, size);
          NativeLibrary.retire_groups(optimizer, size, super.size());
          super.resize(size);
        });
  }

  @Override
  public OptimizerParamGroup get(long index) {
    return use(() -> new Group(super.get(index), index));
  }

  private OptimizerParamGroup at(long index) {
    if (index >= super.size()) {
      throw new IllegalStateException("parameter group " + index + " was removed");
    }
    return super.get(index);
  }

  @Override
  public OptimizerParamGroupVector put(OptimizerParamGroupVector groups) {
    return put(groups.get());
  }

  @Override
  public OptimizerParamGroupVector put(OptimizerParamGroup group) {
    return put(new OptimizerParamGroup[] {group});
  }

  @Override
  public OptimizerParamGroupVector put(OptimizerParamGroup... groups) {
    OptimizerParamGroup[] copies =
        Arrays.stream(groups).map(ParamGroups::copy).toArray(OptimizerParamGroup[]::new);
    run(
        () -> {
          for (OptimizerParamGroup copy : copies) {
            prepare(copy);
          }
          OptimizerParamGroupVector all = new OptimizerParamGroupVector(copies);
          NativeLibrary.reserve_groups(optimizer, copies.length);
          NativeLibrary.retire_groups(optimizer, 0, super.size());
          super.put(all);
        });
    return this;
  }

  @Override
  public OptimizerParamGroupVector put(long index, OptimizerParamGroup group) {
    OptimizerParamGroup copy = copy(group);
    run(
        () -> {
          at(index);
          prepare(copy);
          NativeLibrary.retire_groups(optimizer, index, index + 1);
          super.put(index, copy);
        });
    return this;
  }

  @Override
  public OptimizerParamGroupVector push_back(OptimizerParamGroup group) {
    insert(end(), group);
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
    OptimizerParamGroup copy = copy(group);
    return use(
        () -> {
          prepare(copy);
          long index = GroupIterator.index(position);
          super.insert(iterator(index, super.size()), copy);
          return new GroupIterator(this, index);
        });
  }

  @Override
  public OptimizerParamGroupVector.Iterator erase(OptimizerParamGroupVector.Iterator position) {
    return use(
        () -> {
          long index = GroupIterator.index(position);
          OptimizerParamGroupVector.Iterator at = iterator(index, super.size() - 1);
          NativeLibrary.retire_groups(optimizer, index, index + 1);
          super.erase(at);
          return new GroupIterator(this, index);
        });
  }

  private OptimizerParamGroupVector.Iterator iterator(long index, long last) {
    checkPosition(index, last);
    OptimizerParamGroupVector.Iterator at = super.begin();
    for (long i = 0; i < index; i++) {
      at.increment();
    }
    return at;
  }

  private static void checkPosition(long index, long last) {
    if (index > last) {
      throw new IndexOutOfBoundsException(
          "the iterator must be in [0, %d], but is %d".formatted(last, index));
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
      run(
          () -> {
            find();
            NativeLibrary.set_options(optimizer, index, options);
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

    @Override
    public long size() {
      return use(
          () -> {
            find();
            return super.size();
          });
    }

    @Override
    public void resize(long size) {
      run(
          () -> {
            find();
            super.resize(size);
          });
    }

    @Override
    public Tensor get(long i) {
      return use(
          () -> {
            find();
            // A scope that closes does not take it along, as it would not take a reference.
            return new Tensor(super.get(i)).retainReference();
          });
    }

    @Override
    public TensorVector put(TensorVector parameters) {
      run(
          () -> {
            find();
            super.put(parameters);
          });
      return this;
    }

    @Override
    public TensorVector put(long i, Tensor parameter) {
      run(
          () -> {
            find();
            super.put(i, parameter);
          });
      return this;
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
      return use(
          () -> {
            find();
            long at = ParameterIterator.index(position);
            super.insert(iterator(at, super.size()), parameter);
            return new ParameterIterator(this, at);
          });
    }

    @Override
    public TensorVector.Iterator erase(TensorVector.Iterator position) {
      return use(
          () -> {
            find();
            long at = ParameterIterator.index(position);
            super.erase(iterator(at, super.size() - 1));
            return new ParameterIterator(this, at);
          });
    }

    private TensorVector.Iterator iterator(long index, long last) {
      checkPosition(index, last);
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

    static long index(OptimizerParamGroupVector.Iterator iterator) {
      if (iterator instanceof GroupIterator known) {
        return known.index;
      }
      throw new IllegalArgumentException("the iterator is not one of an optimizer's groups");
    }

    @Override
    public OptimizerParamGroupVector.Iterator increment() {
      index++;
      return this;
    }

    @Override
    public boolean equals(OptimizerParamGroupVector.Iterator other) {
      return index == index(other);
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

    static long index(TensorVector.Iterator iterator) {
      if (iterator instanceof ParameterIterator known) {
        return known.index;
      }
      throw new IllegalArgumentException("the iterator is not one of a group's parameters");
    }

    @Override
    public TensorVector.Iterator increment() {
      index++;
      return this;
    }

    @Override
    public boolean equals(TensorVector.Iterator other) {
      return index == index(other);
    }

    @Override
    public Tensor get() {
      return parameters.get(index);
    }
  }
}
