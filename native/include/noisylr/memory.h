/// @file
/// What the C library does with the memory that LibTorch allocates and frees.
#pragma once

#include <noisylr/export.h>

#include <cstddef>

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

/// The bytes that the C library has handed out and not got back: all that is alive in native code,
/// tensors on a CPU and all else. 0 where the allocator is not glibc's, from 2.33 on.
NOISYLR_API size_t allocated_memory() noexcept;

}  // namespace noisylr
