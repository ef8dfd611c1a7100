#include "noisylr/step_guard.h"

#include <stdexcept>
#include <string>

namespace noisylr {

StepGuard::Scope::Scope(StepGuard& guard, const char* operation) : guard_(guard) {
  if (guard_.in_progress_.exchange(true, std::memory_order_acquire)) {
    throw std::logic_error(std::string(operation) +
                           " was called by the closure or by another thread while a step of the "
                           "same object is in progress");
  }
}

}  // namespace noisylr
