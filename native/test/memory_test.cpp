// Freed memory stays: the pages of a block that was freed are not faulted in again.

#include "noisylr/memory.h"

#include <sys/resource.h>

#include <cstdlib>
#include <cstring>

#include "check.h"

namespace {

constexpr size_t kBlock = 16 << 20;

long page_faults() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_minflt;
}

/// Page faults of writing a new block and freeing it again.
long faults_of_a_block() {
  const long before = page_faults();
  auto* block = static_cast<volatile char*>(std::malloc(kBlock));
  for (size_t i = 0; i < kBlock; i += 512) block[i] = 1;
  std::free(const_cast<char*>(block));
  return page_faults() - before;
}

}  // namespace

TEST(freed_memory_is_used_again) {
  if (!noisylr::keep_freed_memory()) {
    std::cout << "skipped: the C library is not glibc" << std::endl;
    return;
  }
  faults_of_a_block();
  for (int i = 0; i < 10; ++i) EXPECT(faults_of_a_block() < 100);
}
