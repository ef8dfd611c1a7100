/// @file
/// The C library's handling of the memory that LibTorch allocates and frees.
#pragma once

#include <noisylr/export.h>

#include <cstddef>

namespace noisylr {

/// Makes the C library keep freed memory for later allocations instead of returning it to the
/// kernel, for the whole process.
///
/// On a CPU, LibTorch allocates the activations and gradients again in every training step. glibc
/// by default returns blocks from 128 KiB on to the kernel when they are freed, and each step then
/// waits for the kernel to clear the same pages again. Blocks of up to 32 MiB, the most that glibc
/// allows, are kept. Resident memory stays at its peak.
///
/// @return true if it does; false if the allocator is not glibc's
NOISYLR_API bool keep_freed_memory() noexcept;

/// The bytes that are allocated and not yet freed: CPU tensors and all other native memory. 0
/// unless the allocator is glibc's, 2.33 or newer.
NOISYLR_API size_t allocated_memory() noexcept;

}  // namespace noisylr
