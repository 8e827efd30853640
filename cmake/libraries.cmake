# SPDX-License-Identifier: MIT
#
# The three libraries. In all of them only synfin_* can be seen from outside: the shared one by a
# version script, the static ones by joining all objects into one and making every other symbol
# local. The weak synfin_panic stays weak, so a program can define its own.

# The compiler joins the objects, because it knows the machine they are for: -m32 needs a word.
# Position-independent code of that machine shares functions between objects by groups, which have
# to end here, where their names become local.
separate_arguments(join_flags NATIVE_COMMAND "${CMAKE_C_FLAGS}")
list(FILTER join_flags INCLUDE REGEX "^-m")

# Joins the objects of the floors `ARGN` into <name>.o and makes a static library of it.
function(synfin_joined_library target name)
    set(objects "")
    foreach(floor IN LISTS ARGN)
        list(APPEND objects $<TARGET_OBJECTS:${floor}>)
    endforeach()
    set(joined "${PROJECT_BINARY_DIR}/${name}.o")
    add_custom_command(
        OUTPUT "${joined}"
        COMMAND "${CMAKE_C_COMPILER}" ${join_flags} -r -nostdlib -Wl,--force-group-allocation
                -o "${joined}" ${objects}
        COMMAND "${CMAKE_OBJCOPY}" --wildcard "--keep-global-symbol=synfin_*" "${joined}"
        DEPENDS ${objects}
        COMMAND_EXPAND_LISTS VERBATIM
        COMMENT "Joining ${name}.o")
    set_source_files_properties("${joined}" PROPERTIES EXTERNAL_OBJECT ON GENERATED ON)
    add_library(${target} STATIC "${joined}")
    set_target_properties(${target} PROPERTIES LINKER_LANGUAGE C OUTPUT_NAME "${name}"
                          ARCHIVE_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}")
    synfin_public_target(${target})
endfunction()

# What a user of the library gets with it.
function(synfin_public_target target)
    target_include_directories(${target} INTERFACE
        "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>"
        "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
    if(SYNFIN_SANITIZE)
        target_link_options(${target} INTERFACE
            "$<BUILD_INTERFACE:-fsanitize=${SYNFIN_SANITIZE}>")
    endif()
endfunction()

if(SYNFIN_CORE)
    synfin_joined_library(synfin_core synfin-core ${SYNFIN_CORE})
    add_library(synfin::core ALIAS synfin_core)
    set_target_properties(synfin_core PROPERTIES EXPORT_NAME core)
endif()

if(SYNFIN_ALL)
    synfin_joined_library(synfin_static synfin ${SYNFIN_ALL})
    add_library(synfin::static ALIAS synfin_static)
    set_target_properties(synfin_static PROPERTIES EXPORT_NAME static)

    set(objects "")
    foreach(floor IN LISTS SYNFIN_ALL)
        list(APPEND objects $<TARGET_OBJECTS:${floor}>)
    endforeach()
    set(map "${PROJECT_SOURCE_DIR}/cmake/synfin.map")
    add_library(synfin_shared SHARED ${objects})
    add_library(synfin::synfin ALIAS synfin_shared)
    target_link_options(synfin_shared PRIVATE "LINKER:--version-script=${map}" LINKER:--gc-sections)
    if(SYNFIN_SANITIZE)
        target_link_options(synfin_shared PRIVATE -fsanitize=${SYNFIN_SANITIZE})
    else()
        target_link_options(synfin_shared PRIVATE LINKER:--no-undefined)
    endif()
    set_target_properties(synfin_shared PROPERTIES
        LINKER_LANGUAGE C OUTPUT_NAME synfin EXPORT_NAME synfin LINK_DEPENDS "${map}"
        VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}
        LIBRARY_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}")
    synfin_public_target(synfin_shared)
endif()
