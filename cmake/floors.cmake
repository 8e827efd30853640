# SPDX-License-Identifier: MIT
#
# One object library floor_<folder> per folder of src/ that holds sources. SYNFIN_CORE and
# SYNFIN_ALL list those that exist.

function(synfin_floor folder flags)
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/${folder}/*.c")
    if(NOT sources)
        return()
    endif()
    add_library(floor_${folder} OBJECT ${sources})
    target_link_libraries(floor_${folder} PRIVATE ${flags})
    target_include_directories(floor_${folder} PRIVATE "${PROJECT_SOURCE_DIR}/src")
    set_target_properties(floor_${folder} PROPERTIES POSITION_INDEPENDENT_CODE ON)
    synfin_standard(floor_${folder})
endfunction()

# The floors of the list `ARGN` that exist, as target names, in `out`.
function(synfin_floors_present out)
    set(present "")
    foreach(folder IN LISTS ARGN)
        if(TARGET floor_${folder})
            list(APPEND present floor_${folder})
        endif()
    endforeach()
    set(${out} "${present}" PARENT_SCOPE)
endfunction()

set(core_folders base wire buf tcp net link stack)
set(hosted_folders host ladder)
foreach(folder IN LISTS core_folders)
    synfin_floor(${folder} synfin_core_flags)
endforeach()
foreach(folder IN LISTS hosted_folders)
    synfin_floor(${folder} synfin_hosted_flags)
endforeach()
synfin_floors_present(SYNFIN_CORE ${core_folders})
synfin_floors_present(SYNFIN_ALL ${core_folders} ${hosted_folders})
