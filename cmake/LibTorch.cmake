# LibTorch::LibTorch: the headers and link libraries of one exact LibTorch version.
#
#   LIBTORCH_VERSION  the required version
#   LIBTORCH_ANY      ON: LIBTORCH_ROOT or an installed Python torch may have any version from 2.10
#                     on. Only for C++: the LibTorch of the Java artifact has LIBTORCH_VERSION
#   LIBTORCH_ROOT     an unpacked LibTorch (variable or environment). If empty, the headers come
#                     from an installed Python torch of the required version, or from torch/include
#                     of its wheel, which is downloaded into a per-user cache
#   LIBTORCH_LIB_DIR  folder of libtorch_cpu.so and libc10.so; default: lib beside the headers
#
# Sets LIBTORCH_HEADERS, the folder that holds include/, and LIBTORCH_LIBRARIES_DIR.
#
# LibTorch::Devices makes a program load LibTorch's CUDA library, if it exists.

include_guard(GLOBAL)

set(LIBTORCH_VERSION "2.13.0" CACHE STRING "Required LibTorch version")
option(LIBTORCH_ANY "Build against any LibTorch from 2.10 on" OFF)
set(LIBTORCH_ROOT "" CACHE PATH "Unpacked LibTorch; empty: use the environment variable, or find or download the headers")
set(LIBTORCH_LIB_DIR "" CACHE PATH "Folder of LibTorch's libraries; empty: lib beside the headers")

set(_libtorch_remedy "set LIBTORCH_ROOT to an unpacked LibTorch ${LIBTORCH_VERSION}")

# Returns the version in the headers of `root`; empty if it has no headers.
function(_libtorch_version_of root result)
  set(${result} "" PARENT_SCOPE)
  foreach(header torch/headeronly/version.h torch/csrc/api/include/torch/version.h)
    if(EXISTS "${root}/include/${header}")
      file(READ "${root}/include/${header}" text)
      if(text MATCHES "define TORCH_VERSION_MAJOR ([0-9]+).*define TORCH_VERSION_MINOR ([0-9]+).*define TORCH_VERSION_PATCH ([0-9]+)")
        set(${result} "${CMAKE_MATCH_1}.${CMAKE_MATCH_2}.${CMAKE_MATCH_3}" PARENT_SCOPE)
        return()
      endif()
    endif()
  endforeach()
endfunction()

# Returns the folder of an installed Python torch of a suitable version; empty if none is installed.
function(_libtorch_find_installed python result)
  execute_process(
    COMMAND
      "${python}" -c
      "import importlib.metadata as m, importlib.util as u; print(m.version('torch').partition('+')[0] + ';' + u.find_spec('torch').submodule_search_locations[0])"
    OUTPUT_VARIABLE found
    OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  set(${result} "" PARENT_SCOPE)
  if(found MATCHES "^([^;]+);(.+)$" AND (LIBTORCH_ANY OR CMAKE_MATCH_1 STREQUAL LIBTORCH_VERSION))
    set(${result} "${CMAKE_MATCH_2}" PARENT_SCOPE)
  endif()
endfunction()

# Unpacks torch/include of the wheel into the folder `headers`, which is created complete or not at all.
function(_libtorch_download_headers python headers)
  cmake_path(GET headers PARENT_PATH cache)
  execute_process(COMMAND "${CMAKE_COMMAND}" -E make_directory "${cache}" RESULT_VARIABLE failed ERROR_QUIET)
  if(failed EQUAL 0)
    # Simultaneous builds wait for the first one's download.
    file(LOCK "${cache}/.lock" GUARD FUNCTION TIMEOUT 1800 RESULT_VARIABLE failed)
  endif()
  if(NOT failed EQUAL 0)
    message(FATAL_ERROR "${cache} is not writable: set XDG_CACHE_HOME to a folder that is, or ${_libtorch_remedy}.")
  endif()
  if(EXISTS "${headers}/include")
    return()
  endif()
  message(NOTICE "Downloading the headers of LibTorch ${LIBTORCH_VERSION} into ${headers}...")
  set(work "${headers}.partial")
  file(REMOVE_RECURSE "${work}")
  file(MAKE_DIRECTORY "${work}")
  execute_process(
    COMMAND "${python}" -m pip download "torch==${LIBTORCH_VERSION}" --no-deps --only-binary=:all:
            --disable-pip-version-check --quiet --dest "${work}"
    RESULT_VARIABLE failed
    OUTPUT_VARIABLE log
    ERROR_VARIABLE log)
  file(GLOB wheel "${work}/torch-*.whl")
  if(NOT failed EQUAL 0 OR NOT wheel)
    file(REMOVE_RECURSE "${work}")
    if(log MATCHES "No module named pip")
      message(FATAL_ERROR "${python} has no pip: install pip (python3-pip), or ${_libtorch_remedy}.")
    endif()
    string(REGEX MATCH "ERROR: [^\n]*" reason "${log}")
    message(FATAL_ERROR "pip could not download torch ${LIBTORCH_VERSION} (${reason}): check the network, or ${_libtorch_remedy}.")
  endif()
  file(ARCHIVE_EXTRACT INPUT "${wheel}" DESTINATION "${work}" PATTERNS "torch/include/*")
  if(NOT EXISTS "${work}/torch/include")
    message(FATAL_ERROR "${wheel} holds no torch/include: ${_libtorch_remedy}.")
  endif()
  file(REMOVE "${wheel}")
  file(RENAME "${work}/torch" "${headers}")
  file(REMOVE_RECURSE "${work}")
endfunction()

function(_libtorch_locate_headers result)
  # The environment variable is not cached: setting it must repair a failed configuration.
  if(LIBTORCH_ROOT)
    set(root "${LIBTORCH_ROOT}")
  elseif(NOT "$ENV{LIBTORCH_ROOT}" STREQUAL "")
    set(root "$ENV{LIBTORCH_ROOT}")
  else()
    set(cache "$ENV{XDG_CACHE_HOME}")
    if(NOT cache)
      set(cache "$ENV{HOME}/.cache")
    endif()
    set(cached "${cache}/noisylr/libtorch-headers-${LIBTORCH_VERSION}")
    find_program(LIBTORCH_PYTHON NAMES python3 python DOC "Python that finds or downloads torch")
    mark_as_advanced(LIBTORCH_PYTHON)
    set(root "")
    if(LIBTORCH_PYTHON)
      _libtorch_find_installed("${LIBTORCH_PYTHON}" root)
    endif()
    if(NOT root)
      set(root "${cached}")
      if(NOT EXISTS "${cached}/include")
        if(NOT LIBTORCH_PYTHON)
          message(FATAL_ERROR "Python was not found: install python3 with pip, or ${_libtorch_remedy}.")
        endif()
        _libtorch_download_headers("${LIBTORCH_PYTHON}" "${cached}")
      endif()
    endif()
  endif()
  _libtorch_version_of("${root}" version)
  if(NOT version)
    message(FATAL_ERROR "${root} holds no LibTorch headers (include/torch): ${_libtorch_remedy}.")
  elseif(LIBTORCH_ANY AND version VERSION_LESS 2.10)
    message(FATAL_ERROR "${root} is LibTorch ${version}, but 2.10 or newer is required: set LIBTORCH_ROOT to an unpacked LibTorch of such a version.")
  elseif(NOT LIBTORCH_ANY AND NOT version VERSION_EQUAL LIBTORCH_VERSION)
    message(FATAL_ERROR "${root} is LibTorch ${version}, but ${LIBTORCH_VERSION} is required: ${_libtorch_remedy}.")
  endif()
  set(${result} "${root}" PARENT_SCOPE)
  set(LIBTORCH_FOUND_VERSION "${version}" PARENT_SCOPE)
endfunction()

_libtorch_locate_headers(LIBTORCH_HEADERS)
if(LIBTORCH_LIB_DIR)
  set(LIBTORCH_LIBRARIES_DIR "${LIBTORCH_LIB_DIR}")
else()
  set(LIBTORCH_LIBRARIES_DIR "${LIBTORCH_HEADERS}/lib")
endif()
message(STATUS "LibTorch ${LIBTORCH_FOUND_VERSION}: headers ${LIBTORCH_HEADERS}, libraries ${LIBTORCH_LIBRARIES_DIR}")

add_library(LibTorch::LibTorch INTERFACE IMPORTED GLOBAL)
target_include_directories(
  LibTorch::LibTorch SYSTEM INTERFACE "${LIBTORCH_HEADERS}/include"
                                      "${LIBTORCH_HEADERS}/include/torch/csrc/api/include")
target_compile_features(LibTorch::LibTorch INTERFACE cxx_std_20)
target_compile_definitions(LibTorch::LibTorch INTERFACE _GLIBCXX_USE_CXX11_ABI=1)
foreach(_libtorch_name torch torch_cpu c10)
  set(_libtorch_file "${LIBTORCH_LIBRARIES_DIR}/lib${_libtorch_name}.so")
  if(NOT EXISTS "${_libtorch_file}")
    message(FATAL_ERROR "${_libtorch_file} does not exist: set LIBTORCH_LIB_DIR to the folder of LibTorch ${LIBTORCH_VERSION}'s libraries.")
  endif()
  add_library(LibTorch::${_libtorch_name} SHARED IMPORTED GLOBAL)
  set_target_properties(LibTorch::${_libtorch_name} PROPERTIES IMPORTED_LOCATION "${_libtorch_file}")
  target_link_libraries(LibTorch::LibTorch INTERFACE LibTorch::${_libtorch_name})
endforeach()

# Most builds of LibTorch contain an OpenMP runtime; another copy would add a second thread pool.
file(GLOB _libtorch_openmp "${LIBTORCH_LIBRARIES_DIR}/libgomp*.so*")
add_library(LibTorch::OpenMP INTERFACE IMPORTED GLOBAL)
if(_libtorch_openmp)
  list(GET _libtorch_openmp 0 _libtorch_openmp)
  target_link_libraries(LibTorch::OpenMP INTERFACE "${_libtorch_openmp}")
else()
  target_link_libraries(LibTorch::OpenMP INTERFACE gomp)
endif()

add_library(LibTorch::Devices INTERFACE IMPORTED GLOBAL)
if(EXISTS "${LIBTORCH_LIBRARIES_DIR}/libtorch_cuda.so")
  # No symbol of the program refers to it. Its own dependencies are found when it is loaded.
  target_link_options(
    LibTorch::Devices INTERFACE "LINKER:--no-as-needed" "LINKER:--unresolved-symbols=ignore-in-shared-libs")
  target_link_libraries(LibTorch::Devices INTERFACE "${LIBTORCH_LIBRARIES_DIR}/libtorch_cuda.so")
endif()
