# SPDX-License-Identifier: Apache-2.0
# A stranger's project outside the tree uses the installed package, after the installation was moved: nothing in it
# may point back to the build, the checkout or the first place.
cmake_minimum_required(VERSION 3.25)

execute_process(COMMAND mktemp -d OUTPUT_VARIABLE work OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)

# The directory goes away however this ends.
function(step what)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT status EQUAL 0)
    file(REMOVE_RECURSE "${work}")
    message(FATAL_ERROR "${what} failed (${status}):\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()
function(demand what)
  if(NOT (${ARGN}))
    file(REMOVE_RECURSE "${work}")
    message(FATAL_ERROR "${what}")
  endif()
endfunction()

step("installing" "${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${work}/first")
file(RENAME "${work}/first" "${work}/moved")

file(GLOB_RECURSE package_files "${work}/moved/*.cmake")
foreach(file IN LISTS package_files)
  file(READ "${file}" text)
  foreach(place IN ITEMS "${BUILD}" "${PREFIX_CHECK}/" "${work}/first")
    string(FIND "${text}" "${place}" found)
    demand("${file} points to ${place}" found EQUAL -1)
  endforeach()
endforeach()

file(COPY "${SOURCE}/" DESTINATION "${work}/example")
step("configuring the example" "${CMAKE_COMMAND}" -G "${GENERATOR}" -S "${work}/example" -B "${work}/build"
  "-DCMAKE_CXX_COMPILER=${COMPILER}" "-DCMAKE_CXX_FLAGS=${FLAGS}" "-DCMAKE_PREFIX_PATH=${work}/moved")
step("building the example" "${CMAKE_COMMAND}" --build "${work}/build")
step("running the example" "${work}/build/example")
demand("the example does not quote the identifier: ${output}" output MATCHES [["say ""hello"""]])
demand("the example does not read the manifest: ${output}" output MATCHES "compliance_db")
demand("the example does not know the table of errors: ${output}" output MATCHES "[1-9][0-9]* kinds of errors")
message("${output}")
file(REMOVE_RECURSE "${work}")
