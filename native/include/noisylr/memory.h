/// @file
/// What the C library does with memory that LibTorch frees.
#pragma once

#include <noisylr/export.h>

namespace noisylr {

/// Makes the C library keep freed memory for the next allocation instead of giving it back to the
/// kernel, for the whole process and from now on.
///
/// LibTorch on a CPU allocates the activations and gradients of every training step anew. glibc by
/// default returns blocks from 128 KiB on to the kernel when they are freed, and each step then
/// waits for the kernel to clear the same pages again. Blocks of up to 32 MiB, the most that glibc
/// allows, are kept. Resident memory stays at its peak.
///
/// @return whether it did; false where the allocator is not glibc's
NOISYLR_API bool keep_freed_memory() noexcept;

}  // namespace noisylr
