# Tests mirror the tree: tests/<room>/*_test.cpp is one program per room, GoogleTest's or, where there
# is Qt, Qt Test's. tests/support holds the twins (FakeClock, SimExecutor …).

file(GLOB_RECURSE support_sources CONFIGURE_DEPENDS tests/support/*.cpp tests/support/*.h)
if(support_sources MATCHES "\\.cpp")
    add_library(tests_support STATIC ${support_sources})
    target_link_libraries(tests_support PUBLIC services_runtime services_wire services_storage
        services_resilience models_orders fmt::fmt)
    target_include_directories(tests_support PUBLIC ${PROJECT_SOURCE_DIR})
    precompile(tests_support everyday)
else()
    add_library(tests_support INTERFACE)
    target_link_libraries(tests_support INTERFACE services_runtime services_wire services_storage)
endif()

# Every program that ./test runs, a line each: "<name> <path>".
set(test_programs_file ${PROJECT_BINARY_DIR}/test_programs.txt)
file(WRITE ${test_programs_file} "")

function(register_test name)
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
    file(APPEND ${test_programs_file} "${name} ${PROJECT_BINARY_DIR}/tests/${name}\n")
    add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
endfunction()

# gtest_program(<folder below tests> USES rooms… [OPTIMIZED])
function(gtest_program folder)
    cmake_parse_arguments(ARG "OPTIMIZED" "" "USES;LIBS" ${ARGN})
    file(GLOB sources CONFIGURE_DEPENDS tests/${folder}/*.cpp tests/${folder}/*.h)
    if(NOT sources MATCHES "_test\\.cpp")
        return()
    endif()
    string(REPLACE "/" "_" name test_${folder})
    add_executable(${name} ${sources})
    foreach(used IN LISTS ARG_USES)
        room_target(${used} used_target)
        target_link_libraries(${name} PRIVATE ${used_target})
    endforeach()
    target_link_libraries(${name} PRIVATE tests_support ${ARG_LIBS} GTest::gtest GTest::gtest_main)
    target_compile_definitions(${name} PRIVATE
        QD_SHARED_DATA="${PROJECT_SOURCE_DIR}/../shared/data" QD_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
        QD_BINARY_DIR="${PROJECT_BINARY_DIR}")
    if(NOT ARG_OPTIMIZED)
        target_compile_options(${name} PRIVATE ${test_options})
        precompile(${name} gtest)
    endif()
    register_test(${name})
endfunction()

# The main of every Qt Test program. Its classes say QD_QT_SUITE, tests/qt/suite.h.
add_library(qt_suites OBJECT tests/qt/main.cpp)
target_include_directories(qt_suites PRIVATE ${PROJECT_SOURCE_DIR})
target_link_libraries(qt_suites PRIVATE Qt6::Test Qt6::Network Qt6::Widgets)
target_compile_options(qt_suites PRIVATE ${test_options})
precompile(qt_suites qtest)

# qtest_program(<folder below tests> USES rooms…)
function(qtest_program folder)
    cmake_parse_arguments(ARG "" "" "USES" ${ARGN})
    file(GLOB sources CONFIGURE_DEPENDS tests/${folder}/*_test.cpp)
    string(REPLACE "/" "_" name test_${folder})
    add_executable(${name} ${sources})
    set_target_properties(${name} PROPERTIES AUTOMOC ON)
    # The suites' own meta objects are in the suites; what is left here is an empty file.
    set_source_files_properties(
        ${PROJECT_BINARY_DIR}/${name}_autogen/mocs_compilation.cpp
        PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
    foreach(used IN LISTS ARG_USES)
        room_target(${used} used_target)
        target_link_libraries(${name} PRIVATE ${used_target})
    endforeach()
    target_link_libraries(${name} PRIVATE qt_suites Qt6::Test Qt6::Network Qt6::Widgets)
    target_compile_options(${name} PRIVATE ${test_options})
    precompile(${name} qtest)
    target_compile_definitions(${name} PRIVATE QD_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
        QD_BINARY_DIR="${PROJECT_BINARY_DIR}")
    register_test(${name})
endfunction()

foreach(folder models/base models/market models/orders services/runtime services/json
        services/observability services/resilience services/storage services/vault services/wire
        services/exchange
        services/sandbox services/brokers services/market services/orders services/gateway
        services/drills models/accounts services/identity services/mail)
    gtest_program(${folder} USES ${folder})
endforeach()
gtest_program(services/brokers/oauth USES services/brokers services/sandbox)
gtest_program(services/sandbox/oauth USES services/sandbox)
gtest_program(contract/broker USES services/brokers services/sandbox services/exchange)
gtest_program(simulation USES services/orders services/brokers services/market services/sandbox
    services/exchange OPTIMIZED)
gtest_program(functional USES ${ground} services/drills services/identity)
if(TARGET test_functional)
    add_dependencies(test_functional quarterdeckd quarterdeck-sandbox quarterdeckctl)
endif()
qtest_program(services/client USES services/client tests/support)
foreach(folder ui/theme ui/widgets ui/state ui/market ui/orders ui/portfolio ui/charts ui/people
        ui/connections ui/shell)
    qtest_program(${folder} USES ${folder})
endforeach()

# The process that test_services_storage kills and packaging/powercut.sh cuts the power of: the order
# room on its store.
add_executable(powercut_writer tests/services/orders/powercut/powercut_writer.cpp
    tests/services/orders/powercut/told.cpp)
target_link_libraries(powercut_writer PRIVATE services_orders)
precompile(powercut_writer everyday)
set_target_properties(powercut_writer PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
if(TARGET test_services_storage)
    add_dependencies(test_services_storage powercut_writer)
endif()

# Our OAuth client for the drill against somebody else's authorization server.
add_executable(oauth_peer tests/functional/oidc_provider/oauth_peer.cpp)
target_link_libraries(oauth_peer PRIVATE services_brokers)
precompile(oauth_peer everyday)
set_target_properties(oauth_peer PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)

# Our judge of passwords for the comparison with the estimator that others wrote.
add_executable(password_peer tests/functional/password_oracle/password_peer.cpp)
target_link_libraries(password_peer PRIVATE models_accounts)
set_target_properties(password_peer PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)

add_executable(tidy tests/tidy/tidy.cpp)
target_compile_features(tidy PRIVATE cxx_std_20)
register_test(tidy)

# What a source asks for in its head: "// uses: models/base services/exchange" names rooms,
# "// links: GTest::gtest" libraries.
function(needs_of source out)
    file(STRINGS ${source} lines REGEX "^// (uses|links): ")
    set(needs "")
    foreach(line IN LISTS lines)
        string(REGEX REPLACE "^// (uses|links): " "" words "${line}")
        separate_arguments(words)
        if(line MATCHES "^// uses")
            foreach(used IN LISTS words)
                room_target(${used} used_target)
                list(APPEND needs ${used_target})
            endforeach()
        else()
            list(APPEND needs ${words})
        endif()
    endforeach()
    set(${out} ${needs} PARENT_SCOPE)
endfunction()

# Whether rooms among the given targets bring Qt, whose code is compiled otherwise.
function(brings_qt out)
    set(${out} OFF PARENT_SCOPE)
    foreach(target IN LISTS ARGN)
        if(target MATCHES "^(services_client|ui_)")
            set(${out} ON PARENT_SCOPE)
        endif()
    endforeach()
endfunction()

# single_programs(<folder>): each tests/<folder>/<name>.cpp is one program <folder>_<name> of what it
# needs. Further arguments are linked with. Their names are in <folder>_programs afterwards.
function(single_programs folder)
    set(names "")
    file(GLOB sources CONFIGURE_DEPENDS tests/${folder}/*.cpp)
    foreach(source IN LISTS sources)
        get_filename_component(stem ${source} NAME_WE)
        set(name ${folder}_${stem})
        list(APPEND names ${name})
        needs_of(${source} needs)
        add_executable(${name} ${source})
        target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
        target_link_libraries(${name} PRIVATE ${needs})
        target_link_options(${name} PRIVATE ${ARGN})
        brings_qt(qt ${needs})
        if(NOT qt)
            precompile(${name} everyday)
        endif()
        target_compile_definitions(${name} PRIVATE QD_BINARY_DIR="${PROJECT_BINARY_DIR}")
        set_target_properties(${name} PROPERTIES
            RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/${folder})
    endforeach()
    set(${folder}_programs ${names} PARENT_SCOPE)
endfunction()

# Every fuzz target in one program that replays the seeds and changes of them.
add_executable(test_fuzz_seeds tests/fuzz/replay/replay.cpp)
target_compile_features(test_fuzz_seeds PRIVATE cxx_std_20)
target_compile_definitions(test_fuzz_seeds PRIVATE QD_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
target_include_directories(test_fuzz_seeds PRIVATE ${PROJECT_BINARY_DIR}/fuzz_replay)
set(fuzz_targets "")
foreach(kind gtest qtest) # by the precompiled headers that fit; the libraries are where those are
    add_library(replay_${kind} OBJECT)
    target_include_directories(replay_${kind} PRIVATE ${PROJECT_SOURCE_DIR})
    target_compile_options(replay_${kind} PRIVATE ${test_options})
    precompile(replay_${kind} ${kind})
    target_link_libraries(test_fuzz_seeds PRIVATE replay_${kind})
endforeach()
target_link_libraries(replay_gtest PRIVATE GTest::gtest)
target_link_libraries(replay_qtest PRIVATE Qt6::Test Qt6::Network Qt6::Widgets)
file(GLOB sources CONFIGURE_DEPENDS tests/fuzz/*.cpp)
foreach(source IN LISTS sources)
    get_filename_component(stem ${source} NAME_WE)
    needs_of(${source} needs)
    set(replay ${PROJECT_BINARY_DIR}/fuzz_replay/${stem}.cpp)
    file(CONFIGURE OUTPUT ${replay} CONTENT "#define LLVMFuzzerTestOneInput replay_${stem}
#include \"tests/fuzz/${stem}.cpp\"
#undef LLVMFuzzerTestOneInput
")
    brings_qt(qt ${needs})
    set(kind gtest)
    if(qt)
        set(kind qtest)
    endif()
    target_sources(replay_${kind} PRIVATE ${replay})
    target_link_libraries(replay_${kind} PRIVATE ${needs})
    target_link_libraries(test_fuzz_seeds PRIVATE ${needs})
    string(APPEND fuzz_targets "FUZZ_TARGET(${stem})\n")
endforeach()
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/fuzz_replay/fuzz_targets.inc CONTENT "${fuzz_targets}")
register_test(test_fuzz_seeds)

# Plain programs that print one JSON line a figure. Built when asked for, as the target `benches`, and
# by .ci/run, so that they cannot rot: a build from nothing is a minute shorter without them.
if(BENCH)
    single_programs(bench)
    set_property(TARGET ${bench_programs} PROPERTY EXCLUDE_FROM_ALL ON)
    add_custom_target(benches DEPENDS ${bench_programs})
    if(TARGET bench_api_orders)
        allocate_across_threads(bench_api_orders) # as the backend does, whose parts it measures
    endif()
endif()

# libFuzzer targets.
if(FUZZ)
    single_programs(fuzz -fsanitize=fuzzer)
endif()
