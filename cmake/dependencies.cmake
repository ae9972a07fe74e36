# SPDX-License-Identifier: Apache-2.0
# Every library we stand on, by one name each. All of them are packages of Debian 12. The installed package reads
# this file too: what our static libraries link, their users link.

# find_package for us; for find_package(caisson) one that lets it fail politely.
macro(caisson_needs)
  if(CMAKE_FIND_PACKAGE_NAME STREQUAL "caisson")
    find_dependency(${ARGN})
  else()
    find_package(${ARGN} REQUIRED)
  endif()
endmacro()

caisson_needs(Threads)
caisson_needs(PkgConfig)
caisson_needs(fmt)
caisson_needs(spdlog)
caisson_needs(CLI11)
caisson_needs(tomlplusplus)
caisson_needs(Boost 1.81 COMPONENTS json)
caisson_needs(OpenSSL 3)
caisson_needs(CURL 7.85)
caisson_needs(prometheus-cpp COMPONENTS core)
pkg_check_modules(libpq REQUIRED QUIET IMPORTED_TARGET libpq)
pkg_check_modules(hiredis REQUIRED QUIET IMPORTED_TARGET hiredis)
pkg_check_modules(zstd REQUIRED QUIET IMPORTED_TARGET libzstd)
pkg_check_modules(sqlite3 REQUIRED QUIET IMPORTED_TARGET sqlite3)

# libpg_query ships neither a CMake configuration nor a pkg-config file.
if(NOT TARGET pg_query::pg_query)
  find_path(PG_QUERY_INCLUDE pg_query.h REQUIRED)
  find_library(PG_QUERY_LIBRARY NAMES libpg_query.a pg_query REQUIRED)
  add_library(pg_query::pg_query UNKNOWN IMPORTED)
  set_target_properties(pg_query::pg_query PROPERTIES
    IMPORTED_LOCATION "${PG_QUERY_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${PG_QUERY_INCLUDE}"
    INTERFACE_LINK_LIBRARIES Threads::Threads)
endif()

if(CAISSON_TESTS)
  find_package(GTest REQUIRED)
endif()
