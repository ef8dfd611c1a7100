/// @file
/// The rules of threads and lifetimes, and the check of the one that can be checked.
///
/// - An optimizer shares ownership of its parameters and owns its state; tensors that it hands out
///   outlive it. Optimizers may have parameters in common and step them in turn.
/// - What is around an optimizer (StepHook, Perturbation) refers to it. Either may be destroyed
///   first, but nothing around an optimizer may be used after it.
/// - A closure may use its optimizer, change its groups and throw, but neither step nor destroy it.
/// - One thread at a time uses an optimizer and what is around it. Optimizers of different threads
///   need nothing of each other.
///
/// A step while another one of the same object runs throws std::logic_error, whether its closure or
/// another thread calls it. The rest is up to the caller.
#pragma once

#include <noisylr/export.h>

#include <atomic>

namespace noisylr {

/// Whether a step of an object runs.
class NOISYLR_API Stepping {
 public:
  /// While it lives, a step runs.
  class NOISYLR_API Scope {
   public:
    /// @throws std::logic_error if one runs already
    explicit Scope(Stepping& stepping);
    ~Scope() { stepping_.runs_.store(false, std::memory_order_release); }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Stepping& stepping_;
  };

 private:
  std::atomic<bool> runs_ = false;
};

}  // namespace noisylr
