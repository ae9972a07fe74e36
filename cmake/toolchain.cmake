# SPDX-License-Identifier: Apache-2.0
# Compiler cache, linker, warnings and sanitizers: how everything here is compiled.

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # base_dir and nohashdir let several build directories share what was compiled once.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      "${CMAKE_COMMAND}" -E env "CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}" CCACHE_NOHASHDIR=1 "${CCACHE}")
endif()

# mold for the many programs of a debug build. Debian's version (1.10) now and then lays out a read-only-after-relocation
# segment that the loader cannot protect ("cannot apply additional memory protection"), so it is told to make none;
# what is installed is linked by the system's linker, with that protection.
find_program(MOLD mold)
if(MOLD AND CMAKE_BUILD_TYPE STREQUAL "Debug")
  add_link_options(-fuse-ld=mold -Wl,-z,norelro)
endif()

add_library(caisson_warnings INTERFACE)
target_compile_options(caisson_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wold-style-cast -Wnon-virtual-dtor -Woverloaded-virtual)
if(CAISSON_WERROR)
  target_compile_options(caisson_warnings INTERFACE -Werror)
endif()

if(CAISSON_SANITIZE)
  add_compile_options(-fsanitize=${CAISSON_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${CAISSON_SANITIZE})
  if(CAISSON_FUZZ)
    add_compile_options(-fsanitize=fuzzer-no-link)
  endif()
endif()
