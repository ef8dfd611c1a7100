/// @file
/// The rules of threads and lifetimes, and the check of the one that can be checked.
///
/// - An optimizer shares ownership of its parameters and owns its state. Tensors that it gives
///   outlive it. Optimizers may share parameters and step them in turn.
/// - A wrapper (StepHook, Perturbation) refers to its optimizer. Either may be destroyed first, but
///   a wrapper must not be used after its optimizer is destroyed.
/// - A closure may use its optimizer, change its groups and throw. It must not step, close or
///   destroy it.
/// - One thread at a time uses an optimizer and its wrappers. Optimizers of different threads are
///   independent.
///
/// A step or close() while another step of the same object runs throws std::logic_error, whether
/// its closure or another thread calls it. The caller is responsible for the other rules.
#pragma once

#include <noisylr/export.h>

#include <atomic>

namespace noisylr {

/// Whether a step of an object is in progress.
class NOISYLR_API StepGuard {
 public:
  /// A step is in progress while this object exists.
  class NOISYLR_API Scope {
   public:
    /// @param operation what the error message says was called
    /// @throws std::logic_error if a step is in progress already
    explicit Scope(StepGuard& guard, const char* operation = "step()");
    ~Scope() { guard_.in_progress_.store(false, std::memory_order_release); }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    StepGuard& guard_;
  };

 private:
  std::atomic<bool> in_progress_ = false;
};

}  // namespace noisylr
