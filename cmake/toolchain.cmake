# SPDX-License-Identifier: Apache-2.0
# Compiler cache, linker, warnings and sanitizers: how everything here is compiled.

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # base_dir and nohashdir let several build directories share what was compiled once.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      "${CMAKE_COMMAND}" -E env "CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}" CCACHE_NOHASHDIR=1 "${CCACHE}")
endif()

# lld for the many programs of a debug build. Not mold: Debian's (1.10) lays out programs that do not start, and now and
# then never ends (docs/decisions/0003). What is installed is linked by the system's linker.
find_program(LLD ld.lld)
if(LLD AND CMAKE_BUILD_TYPE STREQUAL "Debug")
  add_link_options(-fuse-ld=lld)
endif()

add_library(caisson_warnings INTERFACE)
target_compile_options(caisson_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wold-style-cast -Wnon-virtual-dtor -Woverloaded-virtual)
if(CAISSON_WERROR)
  target_compile_options(caisson_warnings INTERFACE -Werror)
  # g++ 12 finds these where there are none, only when it optimises, and elsewhere with each release of a library
  # (GCC bugs 105651, 105329): they are told, and break no build. Debug builds and clang-tidy look for the real ones.
  # Sanitized builds are optimised a little, too.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND (CMAKE_BUILD_TYPE STREQUAL "Release" OR CAISSON_SANITIZE))
    target_compile_options(caisson_warnings INTERFACE
      -Wno-error=maybe-uninitialized -Wno-error=restrict -Wno-error=array-bounds -Wno-error=stringop-overflow
      -Wno-error=mismatched-new-delete)
  endif()
endif()

# What links our libraries from outside (tests/package, tests/scenarios) is built with the same flag.
set(CAISSON_SANITIZE_FLAG "")
if(CAISSON_SANITIZE)
  set(CAISSON_SANITIZE_FLAG "-fsanitize=${CAISSON_SANITIZE}")
  add_compile_options(${CAISSON_SANITIZE_FLAG} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(${CAISSON_SANITIZE_FLAG})
  # Asio's fences, which the thread sanitizer does not see; its mutexes order the same, and those it sees.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CAISSON_SANITIZE MATCHES "thread")
    add_compile_options(-Wno-tsan)
  endif()
  # clang 14 puts what its check of function pointers needs before each function, and cannot for coroutines: "Cannot
  # represent a difference across sections" (LLVM issue 49689).
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CAISSON_SANITIZE MATCHES "undefined")
    add_compile_options(-fno-sanitize=function)
  endif()
  if(CAISSON_FUZZ)
    add_compile_options(-fsanitize=fuzzer-no-link)
  endif()
endif()
