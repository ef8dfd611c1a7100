// Freed memory stays: the pages of a block that was freed are not faulted in again.

#include "noisylr/memory.h"

#include <sys/resource.h>

#include <cstdlib>
#include <thread>

#include "check.h"

namespace memory_test {

namespace {

constexpr size_t kBlock = 16 << 20;
constexpr size_t kBlocks = 20;

long page_faults() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_minflt;
}

/// Page faults of writing to new blocks and freeing them all again.
long faults_of_a_step() {
  const long before = page_faults();
  void* blocks[kBlocks];
  for (void*& block : blocks) {
    block = std::malloc(kBlock);
    for (size_t i = 0; i < kBlock; i += 512) static_cast<volatile char*>(block)[i] = 1;
  }
  for (void* block : blocks) std::free(block);
  return page_faults() - before;
}

}  // namespace

TEST(memory_counts_while_it_is_allocated) {
  const size_t before = noisylr::allocated_memory();
  if (before == 0) {
    std::cout << "skipped: the allocator is not glibc's" << std::endl;
    return;
  }
  // Small blocks and large ones, which the kernel gives one by one.
  for (const size_t size : {size_t{1000}, size_t{100} << 20}) {
    void* block = std::malloc(size);
    static_cast<volatile char*>(block)[0] = 1;
    const size_t during = noisylr::allocated_memory();
    std::free(block);
    EXPECT(during >= before + size && during < before + size + 8192);
    // A thread's own store of small blocks counts as handed out.
    EXPECT(noisylr::allocated_memory() < before + 8192);
  }
}

TEST(freed_memory_is_used_again) {
  if (!noisylr::keep_freed_memory()) {
    std::cout << "skipped: the allocator is not glibc's" << std::endl;
    return;
  }
  long faults = 0;
  const auto steps = [&faults] {
    faults_of_a_step();
    faults = 0;
    for (int i = 0; i < 10; ++i) faults += faults_of_a_step();
  };
  steps();
  EXPECT(faults < 100);
  std::thread(steps).join();
  EXPECT(faults < 100);
}

}  // namespace memory_test
