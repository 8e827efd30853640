# SPDX-License-Identifier: MIT
#
# Every test is found by its place: tests/unit/<folder>/test_*.c is one cmocka program with the
# objects of the floors that folder may use; those of tests/unit/hist run row by row, as
# docs/history.md says; tests/fuzz/fuzz_*.c is a fuzz target, or here its
# replay; tests/docs, tests/golden, tests/conformance, tests/figures and tests/interop hold scripts,
# run with SYNFIN and SYNFIN_SOURCE.

find_library(CMOCKA_LIBRARY cmocka)
find_path(CMOCKA_INCLUDE_DIR cmocka.h)

# What the programs under tests/ share: internal headers, helpers of their own folder.
function(synfin_test_program name source folder)
    add_executable(${name} "${source}" ${ARGN})
    target_include_directories(${name} PRIVATE
        "${PROJECT_SOURCE_DIR}/src" "${PROJECT_SOURCE_DIR}/tests" "${folder}")
    target_compile_definitions(${name} PRIVATE
        SYNFIN_SOURCE_DIR="${PROJECT_SOURCE_DIR}" SYNFIN_VERSION="${PROJECT_VERSION}")
    target_link_libraries(${name} PRIVATE synfin_hosted_flags)
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests")
    synfin_standard(${name})
endfunction()

# Helpers shared by the upper floors' tests. An archive, so that a test of a lower floor takes only
# the members whose floors it links.
file(GLOB lib_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/lib/*.c")
if(lib_sources AND CMOCKA_LIBRARY)
    add_library(testlib STATIC ${lib_sources})
    target_include_directories(testlib PRIVATE
        "${PROJECT_SOURCE_DIR}/src" "${PROJECT_SOURCE_DIR}/tests")
    target_link_libraries(testlib PRIVATE synfin_hosted_flags)
    synfin_standard(testlib)
endif()

# The judge of the simulation, and the worlds that it judges.
file(GLOB oracle_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/sim/oracle*.c")
if(oracle_sources)
    add_library(oracle STATIC ${oracle_sources})
    target_include_directories(oracle PRIVATE
        "${PROJECT_SOURCE_DIR}/src" "${PROJECT_SOURCE_DIR}/tests")
    target_link_libraries(oracle PRIVATE synfin_hosted_flags)
    synfin_standard(oracle)
endif()
file(GLOB sim_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/sim/sim*.c")
list(REMOVE_ITEM sim_sources "${PROJECT_SOURCE_DIR}/tests/sim/sim_main.c")
if(sim_sources AND NOT SYNFIN_FUZZ)
    add_library(simulator STATIC ${sim_sources})
    target_include_directories(simulator PRIVATE
        "${PROJECT_SOURCE_DIR}/src" "${PROJECT_SOURCE_DIR}/tests")
    target_link_libraries(simulator PRIVATE synfin_hosted_flags PUBLIC oracle)
    synfin_standard(simulator)
endif()

# What the programs of a folder share, compiled once.
function(synfin_unit_helpers folder dir)
    add_library(unit_${folder} OBJECT ${ARGN})
    target_include_directories(unit_${folder} PRIVATE
        "${PROJECT_SOURCE_DIR}/src" "${PROJECT_SOURCE_DIR}/tests" "${dir}")
    target_include_directories(unit_${folder} SYSTEM PRIVATE "${CMOCKA_INCLUDE_DIR}")
    target_compile_definitions(unit_${folder} PRIVATE SYNFIN_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
    target_link_libraries(unit_${folder} PRIVATE synfin_hosted_flags)
    synfin_standard(unit_${folder})
endfunction()

function(synfin_unit_programs folder with_lib)
    synfin_floors_present(floors ${ARGN})
    set(dir "${PROJECT_SOURCE_DIR}/tests/unit/${folder}")
    file(GLOB tests CONFIGURE_DEPENDS "${dir}/test_*.c")
    file(GLOB helpers CONFIGURE_DEPENDS "${dir}/*.c")
    if(NOT tests)
        return()
    endif()
    list(REMOVE_ITEM helpers ${tests})
    if(helpers)
        synfin_unit_helpers(${folder} "${dir}" ${helpers})
        set(helpers $<TARGET_OBJECTS:unit_${folder}>)
    endif()
    foreach(source IN LISTS tests)
        get_filename_component(name "${source}" NAME_WE)
        synfin_test_program(${name} "${source}" "${dir}" ${helpers})
        if(with_lib AND TARGET testlib)
            target_link_libraries(${name} PRIVATE testlib)
        endif()
        target_include_directories(${name} SYSTEM PRIVATE "${CMOCKA_INCLUDE_DIR}")
        target_link_libraries(${name} PRIVATE ${floors} "${CMOCKA_LIBRARY}" m)
        list(APPEND programs ${name})
    endforeach()
    set(synfin_programs ${programs} PARENT_SCOPE)
endfunction()

function(synfin_unit_tests folder with_lib)
    synfin_unit_programs(${folder} ${with_lib} ${ARGN})
    foreach(name IN LISTS synfin_programs)
        add_test(NAME unit/${folder}/${name} COMMAND ${name})
        set(label unit)
        if(name MATCHES "^test_memory_") # long, and for a stage of its own
            set(label memory)
        endif()
        set_tests_properties(unit/${folder}/${name} PROPERTIES LABELS ${label} TIMEOUT 300)
    endforeach()
    set(synfin_programs ${synfin_programs} PARENT_SCOPE)
endfunction()

# The rows of docs/history.md: what stands between backquotes in a row's last cell is run as
# hist/ROW, hist/ROWb and so on. A program's name alone is run with the row as its argument.
function(synfin_history_tests)
    set(table "${PROJECT_SOURCE_DIR}/docs/history.md")
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${table}")
    file(STRINGS "${table}" rows REGEX "^\\| [0-9]+ \\|")
    foreach(line IN LISTS rows)
        string(REGEX MATCH "^\\| ([0-9]+) " matched "${line}")
        set(row ${CMAKE_MATCH_1})
        string(REGEX MATCH "[^|]*\\|$" cell "${line}")
        string(REGEX MATCHALL "`[^`]+`" commands "${cell}")
        set(letters "" b c d e f)
        foreach(command IN LISTS commands)
            string(REPLACE "`" "" command "${command}")
            separate_arguments(command)
            list(LENGTH command words)
            if(words EQUAL 1)
                list(APPEND command ${row})
            endif()
            list(POP_FRONT letters letter)
            add_test(NAME hist/${row}${letter} COMMAND ${command})
            set_tests_properties(hist/${row}${letter} PROPERTIES LABELS "unit;hist" TIMEOUT 120)
        endforeach()
    endforeach()
endfunction()

if(CMOCKA_LIBRARY AND CMOCKA_INCLUDE_DIR AND NOT SYNFIN_FUZZ)
    synfin_unit_tests(base ON base)
    synfin_unit_tests(wire ON base wire)
    synfin_unit_tests(buf ON base buf)
    # Whole stacks: segments go through the public verbs, and failing tests draw ladders.
    synfin_unit_tests(tcp ON ${core_folders} ${hosted_folders})
    synfin_unit_tests(net ON base wire buf net)
    synfin_unit_tests(link OFF base wire buf link)
    synfin_unit_tests(stack ON ${core_folders})
    synfin_unit_tests(host ON ${core_folders} ${hosted_folders})
    synfin_unit_tests(ladder ON ${core_folders} ${hosted_folders})
    if(TARGET synfin_packetdrill)
        synfin_unit_tests(packetdrill OFF)
        foreach(name IN LISTS synfin_programs ITEMS unit_packetdrill)
            target_compile_definitions(${name} PRIVATE
                SYNFIN_PACKETDRILL="$<TARGET_FILE:synfin_packetdrill>")
            target_link_libraries(${name} PRIVATE ${CMAKE_DL_LIBS} Threads::Threads)
            add_dependencies(${name} synfin_packetdrill)
        endforeach()
        # From inside, without what packetdrill sees of it.
        file(GLOB packetdrill_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/packetdrill/*.c")
        target_sources(test_drill_settings PRIVATE ${packetdrill_sources})
        target_link_libraries(test_drill_settings PRIVATE synfin_static)
    endif()
    synfin_unit_programs(hist ON ${core_folders} ${hosted_folders})
    synfin_history_tests()
    synfin_unit_tests(sim ON ${core_folders} ${hosted_folders})
    foreach(name IN LISTS synfin_programs)
        target_link_libraries(${name} PRIVATE simulator testlib)
    endforeach()
    # The command's parts: everything but its main.
    file(GLOB_RECURSE cli_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/cli/*.c")
    list(REMOVE_ITEM cli_sources "${PROJECT_SOURCE_DIR}/src/cli/main.c")
    if(cli_sources)
        add_library(floor_cli OBJECT ${cli_sources})
        target_link_libraries(floor_cli PRIVATE synfin_hosted_flags)
        target_include_directories(floor_cli PRIVATE "${PROJECT_SOURCE_DIR}/src")
        synfin_standard(floor_cli)
        synfin_unit_tests(cli ON ${core_folders} ${hosted_folders} cli)
        target_link_options(test_memory_scenarios PRIVATE
                            LINKER:--wrap=aligned_alloc LINKER:--wrap=free)
    endif()
elseif(NOT SYNFIN_FUZZ)
    message(STATUS "cmocka is not installed: no unit tests (tools/setup --check installs it)")
endif()

set(fuzz_dir "${PROJECT_SOURCE_DIR}/tests/fuzz")
file(GLOB targets CONFIGURE_DEPENDS "${fuzz_dir}/fuzz_*.c")
file(GLOB helpers CONFIGURE_DEPENDS "${fuzz_dir}/*.c")
list(REMOVE_ITEM helpers ${targets} "${fuzz_dir}/replay_main.c")
list(APPEND helpers "${PROJECT_SOURCE_DIR}/tests/lib/segment_wire.c"
                    "${PROJECT_SOURCE_DIR}/tests/lib/test_env.c")
foreach(source IN LISTS targets)
    get_filename_component(name "${source}" NAME_WE)
    if(SYNFIN_FUZZ)
        synfin_test_program(${name} "${source}" "${fuzz_dir}" ${helpers})
        target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    else()
        synfin_test_program(${name} "${source}" "${fuzz_dir}" ${helpers}
                            "${fuzz_dir}/replay_main.c")
        set(random 4000)
        if(name MATCHES "^fuzz_(stack|sockets)")
            set(random 500) # whole stacks
        endif()
        add_test(NAME fuzz/${name}
                 COMMAND ${name} --random ${random} "${fuzz_dir}/corpus/${name}")
        set_tests_properties(fuzz/${name} PROPERTIES LABELS replay TIMEOUT 300)
    endif()
    target_link_libraries(${name} PRIVATE ${SYNFIN_ALL})
endforeach()

# Every input of a small domain, or very many of a large one. A build without optimisation or with
# sanitizers tries a part.
file(GLOB targets CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/exhaustive/*.c")
synfin_floors_present(floors ${core_folders})
if(NOT SYNFIN_FUZZ)
    foreach(source IN LISTS targets)
        get_filename_component(name "${source}" NAME_WE)
        synfin_test_program(${name} "${source}" "${PROJECT_SOURCE_DIR}/tests/exhaustive")
        target_link_libraries(${name} PRIVATE ${floors})
        if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT SYNFIN_SANITIZE)
            add_test(NAME exhaustive/${name} COMMAND ${name})
        else()
            add_test(NAME exhaustive/${name} COMMAND ${name} 0x02000000 0x02800000)
        endif()
        set_tests_properties(exhaustive/${name} PROPERTIES
            LABELS exhaustive TIMEOUT 600 PROCESSORS 2)
    endforeach()
endif()

# What a seed's network did, as one number; tools/hash compares it between builds.
if(NOT SYNFIN_FUZZ)
    synfin_test_program(trace_hash "${PROJECT_SOURCE_DIR}/tests/hash/trace_hash.c"
                        "${PROJECT_SOURCE_DIR}/tests/hash"
                        "${PROJECT_SOURCE_DIR}/tests/hash/trace_digest.c"
                        "${PROJECT_SOURCE_DIR}/tests/lib/test_env.c")
    target_link_libraries(trace_hash PRIVATE ${floors})
endif()

# Every state with every kind of segment, against an oracle that shares nothing with the library.
if(NOT SYNFIN_FUZZ)
    file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/matrix/*.c")
    synfin_test_program(matrix "" "${PROJECT_SOURCE_DIR}/tests/matrix" ${sources}
                        "${PROJECT_SOURCE_DIR}/tests/lib/arena.c"
                        "${PROJECT_SOURCE_DIR}/tests/lib/segment_wire.c")
    target_link_libraries(matrix PRIVATE ${floors})
    if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT SYNFIN_SANITIZE)
        add_test(NAME matrix/cases COMMAND matrix)
    else()
        add_test(NAME matrix/cases COMMAND matrix --every 61)
    endif()
    add_test(NAME matrix/controls COMMAND matrix --controls)
    set_tests_properties(matrix/cases matrix/controls PROPERTIES
        LABELS matrix TIMEOUT 600 PROCESSORS 2)
endif()

# Two stacks and a few packets, in every order.
if(NOT SYNFIN_FUZZ)
    file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/explore/*.c")
    synfin_test_program(explore "" "${PROJECT_SOURCE_DIR}/tests/explore" ${sources}
                        "${PROJECT_SOURCE_DIR}/tests/lib/arena.c"
                        "${PROJECT_SOURCE_DIR}/tests/lib/segment_wire.c")
    target_link_libraries(explore PRIVATE ${floors})
    add_test(NAME explore/controls COMMAND explore --controls)
    add_test(NAME explore/again COMMAND explore again)
    set_tests_properties(explore/controls explore/again PROPERTIES LABELS explore TIMEOUT 600)
endif()

# Other stacks as peers: tests/interop/foreign_STACK.c, where its library is installed. They are run
# by foreign_stacks.sh, which also judges their captures.
function(synfin_foreign_program stack header)
    string(TOUPPER ${stack} upper)
    find_library(${upper}_LIBRARY ${stack})
    find_path(${upper}_INCLUDE_DIR ${header} PATH_SUFFIXES ${stack})
    if(NOT (${upper}_LIBRARY AND ${upper}_INCLUDE_DIR))
        message(STATUS "${stack} is not installed: no test against it (tools/setup --check)")
        return()
    endif()
    set(dir "${PROJECT_SOURCE_DIR}/tests/interop")
    synfin_test_program(foreign_${stack} "${dir}/foreign_${stack}.c" "${dir}" "${dir}/foreign.c")
    target_include_directories(foreign_${stack} SYSTEM PRIVATE
        "${${upper}_INCLUDE_DIR}" "${CMOCKA_INCLUDE_DIR}")
    target_link_libraries(foreign_${stack} PRIVATE
        testlib synfin_static "${CMOCKA_LIBRARY}" "${${upper}_LIBRARY}" m)
endfunction()

if(TARGET testlib AND TARGET synfin_static AND NOT SYNFIN_FUZZ)
    synfin_foreign_program(lwip lwip/tcp.h)
    synfin_foreign_program(slirp slirp/libslirp.h)
endif()

# Scripts: exit status 77 means skipped. Each has the machine to itself, but for those of interop
# (below).
function(synfin_script_tests label)
    set(alone ON)
    if(label STREQUAL "interop")
        set(alone OFF)
    endif()
    file(GLOB scripts CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/${label}/*.sh")
    foreach(script IN LISTS scripts)
        execute_process(COMMAND test -x "${script}" RESULT_VARIABLE not_executable)
        if(not_executable)
            continue()
        endif()
        get_filename_component(name "${script}" NAME_WE)
        add_test(NAME ${label}/${name} COMMAND "${script}")
        set_tests_properties(${label}/${name} PROPERTIES
            LABELS ${label} TIMEOUT 600 SKIP_RETURN_CODE 77 RUN_SERIAL ${alone}
            ENVIRONMENT "SYNFIN=${PROJECT_BINARY_DIR}/synfin;SYNFIN_SOURCE=${PROJECT_SOURCE_DIR}")
    endforeach()
endfunction()

# Interoperability tests wait for timers more than they compute, and each has network namespaces and
# a folder of its own: ./check runs three for each processor at a time, the longest first. What
# floods, or holds a time to a millisecond, counts for two; what is held to a rate is alone.
function(synfin_interop_tests)
    synfin_script_tests(interop)
    foreach(test IN LISTS ARGN)
        separate_arguments(test)
        list(GET test 0 name)
        list(GET test 1 cost)
        list(GET test 2 processors)
        set_tests_properties(interop/${name} PROPERTIES COST ${cost} PROCESSORS ${processors})
    endforeach()
    set_tests_properties(interop/path_mtu interop/wire_buffers PROPERTIES RUN_SERIAL ON)
endfunction()

if(NOT SYNFIN_FUZZ)
    synfin_script_tests(docs)
    synfin_script_tests(golden)
    if(TARGET synfin_packetdrill AND NOT SYNFIN_SANITIZE)
        synfin_script_tests(conformance)
    endif()
    synfin_script_tests(figures)
    # script, seconds it takes alone, for how many it counts
    synfin_interop_tests(
        "wire_tun 60 2" "foreign_stacks 30 1" "connect_kernel 30 1" "scan_nmap 20 1"
        "syn_retries 17 1" "path_mtu 17 1" "foreign_programs 16 1" "flood_junk 16 2"
        "flood_syn 14 2" "loss 11 1" "serve_curl 10 1" "wire_buffers 9 1" "wire_frames 8 1"
        "capture_tshark 7 1" "serve_services 7 1" "ecn 5 1")
    if(TARGET synfin_static AND NOT SYNFIN_SANITIZE)
        add_test(NAME packaging/examples
                 COMMAND "${PROJECT_SOURCE_DIR}/tools/try-examples" "${PROJECT_BINARY_DIR}")
        set_tests_properties(packaging/examples PROPERTIES
            LABELS packaging TIMEOUT 600 RUN_SERIAL ON)
    endif()
endif()

# The simulator: worlds of many stacks and the judge of them (docs/testing.md). A program at the
# root of the build, and a few of its worlds as a test.
if(TARGET simulator)
    synfin_test_program(sim "${PROJECT_SOURCE_DIR}/tests/sim/sim_main.c"
                        "${PROJECT_SOURCE_DIR}/tests/sim"
                        "${PROJECT_SOURCE_DIR}/tests/lib/test_env.c")
    target_link_libraries(sim PRIVATE simulator ${SYNFIN_ALL})
    set_target_properties(sim PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}")
    add_test(NAME unit/sim/worlds
             COMMAND sim --seed 1 --worlds 40 --connections 200 --octets 65536 --whole
             --only loss,duplicate,reorder,jitter,corrupt,path-mtu,tx-full,stall)
    add_test(NAME unit/sim/clocks COMMAND sim --seed 3 --worlds 8 --connections 50 --octets 65536
             --only loss --clock-origin 2^63 --idle 3153600000 --whole)
    add_test(NAME unit/sim/keys COMMAND sim --seed 2 --worlds 12 --connections 100 --octets 65536
             --only loss,duplicate,reorder,cross,shift,silly,super --twice --whole)
    add_test(NAME unit/sim/keep # makes its folder, or says why it cannot
             COMMAND sh -c "kept=kept-worlds-$$; trap 'rm -rf $kept' EXIT
\"$1\" --world 12 --record --keep $kept && test -s $kept/sim-1-12.pcapng &&
test -s $kept/sim-1-12.ladder &&
\"$1\" --worlds 1 --keep /dev/null 2>&1 | grep -q '^sim: --keep: '" sh $<TARGET_FILE:sim>)
    set_tests_properties(unit/sim/worlds unit/sim/clocks unit/sim/keys unit/sim/keep PROPERTIES
        LABELS unit TIMEOUT 300 WORKING_DIRECTORY "${PROJECT_BINARY_DIR}")
endif()
