package org.noisylr.launcher;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A module depends only on those before it: core, torch, train, experiment, launcher. */
class ArchitectureTest {
  private static final List<String> MODULES =
      List.of(
          "org.noisylr.torch..",
          "org.noisylr.train..",
          "org.noisylr.experiment..",
          "org.noisylr.launcher..");

  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("org.noisylr");

  private static void assertNoDependency(List<String> from, List<String> to) {
    noClasses()
        .that()
        .resideInAnyPackage(from.toArray(String[]::new))
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(to.toArray(String[]::new))
        .check(CLASSES);
  }

  @Test
  void coreDependsOnNeitherLibTorchNorAnotherModule() {
    List<String> core =
        List.of("org.noisylr.check..", "org.noisylr.noise..", "org.noisylr.schedule..");
    assertNoDependency(core, List.of("org.bytedeco.."));
    assertNoDependency(core, MODULES);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2})
  void aModuleDoesNotDependOnThoseAfterIt(int module) {
    assertNoDependency(List.of(MODULES.get(module)), MODULES.subList(module + 1, MODULES.size()));
  }

  @Test
  void packagesOfAModuleFormNoCycle() {
    slices().matching("org.noisylr.(*).(*)..").should().beFreeOfCycles().check(CLASSES);
  }
}
