// A library of its own: it must be loaded before LibTorch, whose OpenMP reads the environment.
#include <jni.h>

#include <cstdlib>

extern "C" JNIEXPORT void JNICALL Java_org_noisylr_torch_internal_OpenMp_setenv(JNIEnv* env, jclass,
                                                                                jstring name,
                                                                                jstring value) {
  const char* n = env->GetStringUTFChars(name, nullptr);
  const char* v = n == nullptr ? nullptr : env->GetStringUTFChars(value, nullptr);
  if (v != nullptr) {
    setenv(n, v, 0);
    env->ReleaseStringUTFChars(value, v);
  }
  if (n != nullptr) {
    env->ReleaseStringUTFChars(name, n);
  }
}
