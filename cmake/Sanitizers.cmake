# NOISYLR_SANITIZE: sanitizers for all targets that are defined after this file is included.

set(NOISYLR_SANITIZE "" CACHE STRING "Sanitizers, such as address,undefined; empty: none")

set(NOISYLR_SANITIZE_FLAGS "")
if(NOISYLR_SANITIZE)
  set(NOISYLR_SANITIZE_FLAGS -fsanitize=${NOISYLR_SANITIZE} -fno-sanitize-recover=all
                             -fno-omit-frame-pointer)
  add_compile_options(${NOISYLR_SANITIZE_FLAGS})
  add_link_options(${NOISYLR_SANITIZE_FLAGS})
endif()
