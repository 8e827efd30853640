# SPDX-License-Identifier: MIT
#
# cmake --install: libraries, headers, the command, its manual, and what find_package(synfin) and
# pkg-config need.

include(CMakePackageConfigHelpers)
set(config_dir "${CMAKE_INSTALL_LIBDIR}/cmake/synfin")

foreach(target synfin_core synfin_static synfin_shared)
    if(TARGET ${target})
        install(TARGETS ${target} EXPORT synfin-targets)
    endif()
endforeach()
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/synfin" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
        OPTIONAL FILES_MATCHING PATTERN "*.h")
if(TARGET synfin_cli)
    install(TARGETS synfin_cli)
endif()
install(FILES "${PROJECT_SOURCE_DIR}/man/synfin.1" DESTINATION "${CMAKE_INSTALL_MANDIR}/man1"
        OPTIONAL)

if(TARGET synfin_static)
    install(EXPORT synfin-targets NAMESPACE synfin:: DESTINATION "${config_dir}")
    configure_package_config_file(
        "${PROJECT_SOURCE_DIR}/cmake/synfinConfig.cmake.in"
        "${PROJECT_BINARY_DIR}/synfinConfig.cmake" INSTALL_DESTINATION "${config_dir}")
    write_basic_package_version_file(
        "${PROJECT_BINARY_DIR}/synfinConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
    install(FILES "${PROJECT_BINARY_DIR}/synfinConfig.cmake"
                  "${PROJECT_BINARY_DIR}/synfinConfigVersion.cmake" DESTINATION "${config_dir}")
    # Relative, so that what was installed can be moved.
    file(RELATIVE_PATH PC_INCLUDEDIR "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig"
         "${CMAKE_INSTALL_FULL_INCLUDEDIR}")
    configure_file("${PROJECT_SOURCE_DIR}/cmake/synfin.pc.in" "${PROJECT_BINARY_DIR}/synfin.pc"
                   @ONLY)
    install(FILES "${PROJECT_BINARY_DIR}/synfin.pc"
            DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
endif()
