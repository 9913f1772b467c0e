# Tests mirror the tree: tests/<room>/*_test.cpp is one GoogleTest program per room; rooms with Qt
# get one Qt Test program per file. tests/support holds the twins (FakeClock, SimExecutor …).

file(GLOB_RECURSE support_sources CONFIGURE_DEPENDS tests/support/*.cpp tests/support/*.h)
if(support_sources MATCHES "\\.cpp")
    add_library(tests_support STATIC ${support_sources})
    target_link_libraries(tests_support PUBLIC services_runtime services_wire services_storage
        services_resilience models_orders fmt::fmt)
    target_include_directories(tests_support PUBLIC ${PROJECT_SOURCE_DIR})
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

function(qtest_programs folder)
    cmake_parse_arguments(ARG "" "" "USES;QT" ${ARGN})
    file(GLOB sources CONFIGURE_DEPENDS tests/${folder}/*_test.cpp)
    foreach(source IN LISTS sources)
        get_filename_component(stem ${source} NAME_WE)
        string(REPLACE "/" "_" name test_${folder}_${stem})
        add_executable(${name} ${source})
        set_target_properties(${name} PROPERTIES AUTOMOC ON)
        foreach(used IN LISTS ARG_USES)
            room_target(${used} used_target)
            target_link_libraries(${name} PRIVATE ${used_target})
        endforeach()
        target_link_libraries(${name} PRIVATE Qt6::Test)
        target_compile_definitions(${name} PRIVATE QD_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
            QD_BINARY_DIR="${PROJECT_BINARY_DIR}")
        register_test(${name})
    endforeach()
endfunction()

foreach(folder models/base models/market models/orders services/runtime services/json
        services/observability services/resilience services/storage services/vault services/wire
        services/exchange
        services/sandbox services/brokers services/market services/orders services/gateway
        services/drills models/accounts services/identity)
    gtest_program(${folder} USES ${folder})
endforeach()
gtest_program(contract/broker USES services/brokers services/sandbox services/exchange)
gtest_program(simulation USES services/orders services/brokers services/market services/sandbox
    services/exchange OPTIMIZED)
gtest_program(functional USES ${ground} services/drills)
if(TARGET test_functional)
    add_dependencies(test_functional quarterdeckd quarterdeck-sandbox quarterdeckctl)
endif()
qtest_programs(services/client USES services/client)
foreach(folder ui/theme ui/widgets ui/state ui/market ui/orders ui/portfolio ui/charts ui/shell)
    qtest_programs(${folder} USES ${folder})
endforeach()

# The process that test_services_storage kills and packaging/powercut.sh cuts the power of: the order
# room on its store.
add_executable(powercut_writer tests/services/orders/powercut/powercut_writer.cpp
    tests/services/orders/powercut/told.cpp)
target_link_libraries(powercut_writer PRIVATE services_orders)
set_target_properties(powercut_writer PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
if(TARGET test_services_storage)
    add_dependencies(test_services_storage powercut_writer)
endif()

add_executable(tidy tests/tidy/tidy.cpp)
target_compile_features(tidy PRIVATE cxx_std_20)
register_test(tidy)

# single_programs(<folder>): each tests/<folder>/<name>.cpp is one program <folder>_<name>; its second
# line may name the rooms it needs: "// uses: models/base services/exchange". Further arguments are
# linked with.
function(single_programs folder)
    file(GLOB sources CONFIGURE_DEPENDS tests/${folder}/*.cpp)
    foreach(source IN LISTS sources)
        get_filename_component(stem ${source} NAME_WE)
        set(name ${folder}_${stem})
        file(STRINGS ${source} uses_line REGEX "^// uses: " LIMIT_COUNT 1)
        string(REPLACE "// uses: " "" uses "${uses_line}")
        separate_arguments(uses)
        add_executable(${name} ${source})
        target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
        foreach(used IN LISTS uses)
            room_target(${used} used_target)
            target_link_libraries(${name} PRIVATE ${used_target})
        endforeach()
        target_link_options(${name} PRIVATE ${ARGN})
        target_compile_definitions(${name} PRIVATE QD_BINARY_DIR="${PROJECT_BINARY_DIR}")
        set_target_properties(${name} PROPERTIES
            RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/${folder})
    endforeach()
endfunction()

# Plain programs that print one JSON line a figure.
if(BENCH)
    single_programs(bench)
    if(TARGET bench_api_orders)
        allocate_across_threads(bench_api_orders) # as the backend does, whose parts it measures
    endif()
endif()

# libFuzzer targets.
if(FUZZ)
    single_programs(fuzz -fsanitize=fuzzer)
endif()
