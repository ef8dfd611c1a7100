#include "noisylr/memory.h"

#include <cstdlib>
#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace noisylr {

bool keep_freed_memory() noexcept {
#ifdef __GLIBC__
  // Keeps the heaps of all threads; this is address space, not memory.
  constexpr int kHeap = 64 << 20;
  return mallopt(M_MMAP_THRESHOLD, kHeap / 2) == 1 && mallopt(M_TRIM_THRESHOLD, -1) == 1 &&
         mallopt(M_TOP_PAD, kHeap) == 1;
#else
  return false;
#endif
}

size_t allocated_memory() noexcept {
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 33)
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
#else
  return 0;
#endif
}

}  // namespace noisylr
