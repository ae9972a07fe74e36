# SPDX-License-Identifier: Apache-2.0
include(GoogleTest)

# caisson_module(NAME migrations
#                DEPS pg trust            other modules, or library targets
#                SOURCES plan.cc ...      everything that is compiled
#                PUBLIC migrations.h ...  the headers that are installed and promised
#                TESTS plan_test.cc apply_pgtest.cc)
#
# makes the static library caisson::<name> and one test program for each file in TESTS. A test's suffix is its
# label: _test needs nothing, _pgtest a PostgreSQL, _redistest a Redis (both started by tests/support).
function(caisson_module)
  cmake_parse_arguments(arg "" "NAME" "DEPS;PRIVATE_DEPS;SOURCES;PUBLIC;TESTS" ${ARGN})
  set(target caisson_${arg_NAME})
  add_library(${target} STATIC ${arg_SOURCES})
  add_library(caisson::${arg_NAME} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${arg_NAME} POSITION_INDEPENDENT_CODE ON)
  target_sources(${target} PUBLIC FILE_SET HEADERS BASE_DIRS "${PROJECT_SOURCE_DIR}/src" FILES ${arg_PUBLIC})
  target_include_directories(${target} PUBLIC "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>")
  target_link_libraries(${target} PRIVATE "$<BUILD_INTERFACE:caisson_warnings>")
  foreach(dep IN LISTS arg_DEPS)
    if(dep MATCHES "::")
      target_link_libraries(${target} PUBLIC ${dep})
    else()
      target_link_libraries(${target} PUBLIC caisson_${dep})
    endif()
  endforeach()
  foreach(dep IN LISTS arg_PRIVATE_DEPS)
    target_link_libraries(${target} PRIVATE ${dep})
  endforeach()
  set_property(GLOBAL APPEND PROPERTY CAISSON_MODULES ${target})

  if(CAISSON_TESTS)
    foreach(test IN LISTS arg_TESTS)
      caisson_test(${test} DEPS ${target})
    endforeach()
  endif()
endfunction()

# caisson_test(plan_test.cc DEPS caisson_migrations): one program, labelled by the suffix of its name.
function(caisson_test source)
  cmake_parse_arguments(arg "" "" "DEPS" ${ARGN})
  get_filename_component(base "${source}" NAME_WE)
  get_filename_component(folder "${CMAKE_CURRENT_SOURCE_DIR}" NAME)
  set(target ${folder}_${base})
  string(REGEX MATCH "(pgtest|redistest|test)$" label "${base}")
  string(REPLACE "pgtest" "pg" label "${label}")
  string(REPLACE "redistest" "redis" label "${label}")
  string(REPLACE "test" "unit" label "${label}")

  add_executable(${target} ${source})
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests")
  target_link_libraries(${target} PRIVATE ${arg_DEPS} caisson_warnings GTest::gmock GTest::gtest_main)
  if(NOT label STREQUAL "unit")
    target_link_libraries(${target} PRIVATE caisson_test_support)
  endif()
  # One CTest entry a program: its servers are started once and shared by all of its cases.
  add_test(NAME ${folder}.${base} COMMAND ${target})
  set_tests_properties(${folder}.${base} PROPERTIES LABELS ${label} TIMEOUT 900 PROCESSORS 2)
endfunction()
