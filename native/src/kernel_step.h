/// @file
/// The step of several parameters at once by noisylr's own loops.
#pragma once

#include <ATen/Parallel.h>
#include <ATen/Version.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "kernels.h"

namespace noisylr {

/// Elements below which a second thread costs more than it saves; LibTorch's own value.
inline constexpr int64_t kGrain = at::internal::GRAIN_SIZE;
/// Threads divide the work at multiples of this, so that vectors stay aligned.
inline constexpr int64_t kAlignment = 64;

inline const kernels::Kernels& best_kernels() {
#ifdef __x86_64__
  const std::string capability = at::get_cpu_capability();
  if (capability == "AVX512") return kernels::avx512;
  if (capability == "AVX2") return kernels::avx2;
#endif
  return kernels::baseline;
}

/// The elements of one parameter. Element numbers continue from one range to the next.
struct WorkRange {
  size_t rule;
  kernels::Operands operands;
  int64_t begin;
  int64_t end;
};

template <class Rule>
void run(const std::vector<WorkRange>& ranges, const std::vector<Rule>& rules,
         kernels::Kernel<Rule> kernel) {
  if (ranges.empty()) return;
  at::parallel_for(0, ranges.back().end, kGrain, [&](int64_t begin, int64_t end) {
    auto range = std::upper_bound(ranges.begin(), ranges.end(), begin,
                                  [](int64_t at, const WorkRange& r) { return at < r.end; });
    for (; range != ranges.end() && range->begin < end; ++range) {
      const auto edge = [&](int64_t at) {
        return at >= range->end ? range->end - range->begin
                                : std::max<int64_t>(at - range->begin, 0) / kAlignment * kAlignment;
      };
      kernel(rules[range->rule], range->operands, edge(begin), edge(end));
    }
  });
}

}  // namespace noisylr
