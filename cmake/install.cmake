# SPDX-License-Identifier: Apache-2.0
# What `cmake --install` lays down: the program, the libraries below src/app with their public headers, a CMake
# package that may be moved, the platforms, the licence.
include(CMakePackageConfigHelpers)

get_property(modules GLOBAL PROPERTY CAISSON_MODULES)
set(libraries "")
set(library_targets "")
foreach(module IN LISTS modules)
  get_target_property(folder ${module} SOURCE_DIR)
  # The verbs and the daemon are the program, not the library.
  if(NOT folder MATCHES "/src/app(/|$)")
    list(APPEND libraries ${module})
    get_target_property(name ${module} EXPORT_NAME)
    list(APPEND library_targets caisson::${name})
  endif()
endforeach()

if(TARGET caisson_program)
  install(TARGETS caisson_program RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
endif()
install(TARGETS ${libraries}
  EXPORT caisson-targets
  ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}/caisson"
  FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/caisson"
  # Callers write <caisson/drivers/pg/connection.h>; the headers name each other from their own root.
  INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" "${CMAKE_INSTALL_INCLUDEDIR}/caisson")
install(EXPORT caisson-targets NAMESPACE caisson:: DESTINATION "${CMAKE_INSTALL_LIBDIR}/cmake/caisson")

configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/caisson-config.cmake.in"
  "${CMAKE_BINARY_DIR}/caisson-config.cmake" INSTALL_DESTINATION "${CMAKE_INSTALL_LIBDIR}/cmake/caisson")
write_basic_package_version_file("${CMAKE_BINARY_DIR}/caisson-config-version.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_BINARY_DIR}/caisson-config.cmake" "${CMAKE_BINARY_DIR}/caisson-config-version.cmake"
  "${CMAKE_CURRENT_LIST_DIR}/dependencies.cmake" DESTINATION "${CMAKE_INSTALL_LIBDIR}/cmake/caisson")
if(EXISTS "${PROJECT_SOURCE_DIR}/platforms")
  install(DIRECTORY platforms DESTINATION "${CMAKE_INSTALL_DATADIR}/caisson")
endif()
install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DOCDIR}")
