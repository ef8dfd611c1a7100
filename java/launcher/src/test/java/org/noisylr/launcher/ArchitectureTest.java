package org.noisylr.launcher;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** Arrows run one way: core ← torch ← train ← launcher. */
class ArchitectureTest {
  private static final String[] CORE = {
    "org.noisylr.check..", "org.noisylr.noise..", "org.noisylr.schedule.."
  };

  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("org.noisylr");

  @Test
  void coreKnowsNeitherLibTorchNorTheOtherModules() {
    noClasses()
        .that()
        .resideInAnyPackage(CORE)
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "org.bytedeco..",
            "org.noisylr.torch..",
            "org.noisylr.train..",
            "org.noisylr.launcher..")
        .check(CLASSES);
  }

  @Test
  void torchKnowsNeitherTrainNorLauncher() {
    noClasses()
        .that()
        .resideInAPackage("org.noisylr.torch..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("org.noisylr.train..", "org.noisylr.launcher..")
        .check(CLASSES);
  }

  @Test
  void trainDoesNotKnowTheLauncher() {
    noClasses()
        .that()
        .resideInAPackage("org.noisylr.train..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("org.noisylr.launcher..")
        .check(CLASSES);
  }

  @Test
  void packagesOfAModuleFormNoCycle() {
    slices().matching("org.noisylr.(*).(*)..").should().beFreeOfCycles().check(CLASSES);
  }
}
