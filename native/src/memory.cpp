#include "noisylr/memory.h"

#include <cstdlib>
#ifdef __GLIBC__
#include <malloc.h>

#include <climits>
#endif

namespace noisylr {

bool keep_freed_memory() noexcept {
#ifdef __GLIBC__
  return mallopt(M_MMAP_THRESHOLD, 32 << 20) == 1 && mallopt(M_TRIM_THRESHOLD, INT_MAX) == 1;
#else
  return false;
#endif
}

}  // namespace noisylr
