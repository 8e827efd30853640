# SPDX-License-Identifier: MIT
#
# libsynfin-packetdrill.so: what packetdrill loads to drive a synfin stack. Like the command it may
# include include/synfin/ only. From outside, only the entry that packetdrill looks up can be seen,
# and the three functions of the C library that it stands in for.

file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/packetdrill/*.c")
if(sources AND TARGET synfin_static)
    find_package(Threads REQUIRED)
    set(map "${PROJECT_SOURCE_DIR}/cmake/packetdrill.map")
    add_library(synfin_packetdrill MODULE ${sources})
    target_link_libraries(synfin_packetdrill PRIVATE synfin_hosted_flags synfin_static
                          Threads::Threads)
    target_include_directories(synfin_packetdrill PRIVATE "${PROJECT_SOURCE_DIR}/src")
    target_link_options(synfin_packetdrill PRIVATE "LINKER:--version-script=${map}")
    if(NOT SYNFIN_SANITIZE)
        target_link_options(synfin_packetdrill PRIVATE LINKER:--no-undefined)
    endif()
    set_target_properties(synfin_packetdrill PROPERTIES
        OUTPUT_NAME synfin-packetdrill LINK_DEPENDS "${map}"
        LIBRARY_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}")
    synfin_standard(synfin_packetdrill)
endif()
