# Precompiled headers: three sets, each compiled once and used by every target that fits it. They
# make a build from nothing a third cheaper; a compiler cache shared by several build folders works
# only without them, so QD_PCH is off unless asked for (packaging/build.sh asks on a fresh folder).

set(everyday_headers <algorithm> <array> <chrono> <cstdint> <deque> <functional> <map> <memory>
    <optional> <string> <string_view> <unordered_map> <utility> <variant> <vector>
    <fmt/format.h> <tl/expected.hpp>)

function(add_precompiled name)
    cmake_parse_arguments(ARG "" "" "LIBS;HEADERS" ${ARGN})
    file(GENERATE OUTPUT ${PROJECT_BINARY_DIR}/precompiled/${name}.cpp CONTENT "")
    add_library(${name} OBJECT ${PROJECT_BINARY_DIR}/precompiled/${name}.cpp)
    target_link_libraries(${name} PRIVATE fmt::fmt tl::expected ${ARG_LIBS})
    target_precompile_headers(${name} PRIVATE ${everyday_headers} ${ARG_HEADERS})
endfunction()

if(QD_PCH)
    add_precompiled(precompiled_everyday)
    add_precompiled(precompiled_gtest LIBS GTest::gtest HEADERS <gtest/gtest.h>)
    add_precompiled(precompiled_qt LIBS Qt6::Core Qt6::Gui Qt6::Widgets
        HEADERS <QtCore/QtCore> <QtGui/QPainter> <QtWidgets/QtWidgets>)
endif()

# precompile(<target> everyday|gtest|qt)
function(precompile target kind)
    if(QD_PCH)
        target_precompile_headers(${target} REUSE_FROM precompiled_${kind})
    endif()
endfunction()
