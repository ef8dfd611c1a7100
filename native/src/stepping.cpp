#include "noisylr/stepping.h"

#include <stdexcept>

namespace noisylr {

Stepping::Scope::Scope(Stepping& stepping) : stepping_(stepping) {
  if (stepping.runs_.exchange(true, std::memory_order_acquire)) {
    throw std::logic_error(
        "step() was called while a step of the same object runs, by its closure or another thread");
  }
}

}  // namespace noisylr
