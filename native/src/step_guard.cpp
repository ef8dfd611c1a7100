#include "noisylr/step_guard.h"

#include <stdexcept>
#include <string>

namespace noisylr {

StepGuard::Scope::Scope(StepGuard& guard, const char* operation) : guard_(guard) {
  if (guard_.in_progress_.exchange(true, std::memory_order_acquire)) {
    throw std::logic_error(std::string(operation) +
                           " was called while a step of the same object runs, by its closure or "
                           "another thread");
  }
}

}  // namespace noisylr
