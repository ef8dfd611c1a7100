package org.noisylr.torch.optim;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.OptimizerParamGroup;
import org.bytedeco.pytorch.OptimizerParamGroupVector;
import org.bytedeco.pytorch.SGDOptions;
import org.bytedeco.pytorch.TensorVector;
import org.junit.jupiter.api.Test;

class ParamGroupsTest {
  /** The constructors' own. */
  private static final Set<String> MAKING = Set.of("allocate", "allocateArray");

  @Test
  void everyNativeMethodOfAReferenceIsOverridden() {
    try (FusedSGD optimizer = new FusedSGD(new Problem().parameters(), new SGDOptions(0.1))) {
      OptimizerParamGroupVector groups = optimizer.param_groups();
      OptimizerParamGroup group = groups.get(0);
      TensorVector parameters = group.params();
      for (Pointer reference :
          List.of(groups, group, group.options(), parameters, groups.begin(), parameters.begin())) {
        assertThat(inherited(reference.getClass())).as(reference.getClass().getName()).isEmpty();
      }
    }
  }

  /** The native methods of LibTorch's class that a subclass of it leaves as they are. */
  private static List<String> inherited(Class<?> reference) {
    List<Method> own = List.of(reference.getDeclaredMethods());
    return Arrays.stream(reference.getSuperclass().getDeclaredMethods())
        .filter(method -> Modifier.isNative(method.getModifiers()))
        .filter(method -> !Modifier.isStatic(method.getModifiers()))
        .filter(method -> !MAKING.contains(method.getName()))
        .filter(
            method ->
                own.stream()
                    .noneMatch(
                        o ->
                            o.getName().equals(method.getName())
                                && Arrays.equals(
                                    o.getParameterTypes(), method.getParameterTypes())))
        .map(Method::toString)
        .collect(Collectors.toList());
  }
}
