# SPDX-License-Identifier: MIT
#
# Compiler flags as two interface libraries: synfin_flags for everything, synfin_core_flags for the
# floors that must run without an operating system.

set(warnings
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes
    -Wmissing-prototypes -Wold-style-definition -Wvla -Wundef -Wcast-qual -Wwrite-strings
    -Wpointer-arith -Wformat=2 -Wswitch-enum -Wimplicit-fallthrough -Wdouble-promotion)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    list(APPEND warnings -Wlogical-op -Wduplicated-cond)
    if(SYNFIN_SANITIZE)
        # The sanitizers' own code confuses gcc's flow analysis; the other builds keep the warning.
        list(APPEND warnings -Wno-maybe-uninitialized)
    endif()
endif()
if(SYNFIN_WERROR)
    list(APPEND warnings -Werror)
endif()

add_library(synfin_flags INTERFACE)
target_compile_options(synfin_flags INTERFACE
    ${warnings} -fvisibility=hidden -ffunction-sections -fdata-sections
    "-fmacro-prefix-map=${PROJECT_SOURCE_DIR}/=")
target_include_directories(synfin_flags INTERFACE "${PROJECT_SOURCE_DIR}/include")
if(SYNFIN_ASSERT_SLOW)
    target_compile_definitions(synfin_flags INTERFACE SYNFIN_ASSERT_SLOW=1)
endif()
if(SYNFIN_SANITIZE)
    set(sanitize -fsanitize=${SYNFIN_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_compile_options(synfin_flags INTERFACE ${sanitize})
    target_link_options(synfin_flags INTERFACE ${sanitize})
endif()
if(SYNFIN_FUZZ)
    target_compile_options(synfin_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

add_library(synfin_core_flags INTERFACE)
target_link_libraries(synfin_core_flags INTERFACE synfin_flags)
# -fbuiltin: small copies of known size stay inline, which -ffreestanding alone would call.
target_compile_options(synfin_core_flags INTERFACE -ffreestanding -fbuiltin)
if(SYNFIN_COVERAGE)
    target_compile_options(synfin_core_flags INTERFACE ${SYNFIN_COVERAGE})
    add_link_options(${SYNFIN_COVERAGE})
endif()

add_library(synfin_hosted_flags INTERFACE)
target_link_libraries(synfin_hosted_flags INTERFACE synfin_flags)
target_compile_definitions(synfin_hosted_flags INTERFACE _GNU_SOURCE)

# What every target of this project shares: C17 without extensions.
function(synfin_standard target)
    set_target_properties(${target} PROPERTIES C_STANDARD 17 C_STANDARD_REQUIRED ON
                          C_EXTENSIONS OFF)
endfunction()
