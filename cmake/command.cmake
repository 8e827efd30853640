# SPDX-License-Identifier: MIT
#
# The command. It may include include/synfin/ only, and links the static library, so that the binary
# runs from wherever it is copied to.

file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/cli/*.c")
if(sources AND TARGET synfin_static)
    add_executable(synfin_cli ${sources})
    target_link_libraries(synfin_cli PRIVATE synfin_hosted_flags synfin_static)
    target_include_directories(synfin_cli PRIVATE "${PROJECT_SOURCE_DIR}/src")
    target_compile_definitions(synfin_cli PRIVATE SYNFIN_VERSION="${PROJECT_VERSION}")
    set_target_properties(synfin_cli PROPERTIES OUTPUT_NAME synfin
                          RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}")
    synfin_standard(synfin_cli)
endif()
