# SPDX-License-Identifier: MIT
#
# benchmarks/bench_*.c: one program each, against the public headers and the static library only.
# Other sources of that folder are helpers of all of them.

file(GLOB programs CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/benchmarks/bench_*.c")
file(GLOB helpers CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/benchmarks/*.c")
if(programs AND TARGET synfin_static)
    list(REMOVE_ITEM helpers ${programs})
    foreach(source IN LISTS programs)
        get_filename_component(name "${source}" NAME_WE)
        add_executable(${name} "${source}" ${helpers})
        target_link_libraries(${name} PRIVATE synfin_hosted_flags synfin_static)
        set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}")
        synfin_standard(${name})
    endforeach()
endif()
