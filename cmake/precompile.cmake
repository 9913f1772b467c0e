# Precompiled headers: four sets, each compiled once and used by every target that fits it. They
# make a build from nothing a third cheaper; a compiler cache shared by several build folders works
# only without them, so QD_PCH is off unless asked for (packaging/build.sh asks on a fresh folder).

# The same for a room's sources: those in one run of the compiler read their headers once. A changed
# file costs its neighbours too, so QD_UNITY is for folders that are built whole. Files of a
# room must not repeat each other's hidden names, which is a rule worth keeping anyway.
if(QD_UNITY)
    set(CMAKE_UNITY_BUILD ON)
    set(CMAKE_UNITY_BUILD_BATCH_SIZE 24)
    # To the compiler every source is now a header, and hidden types look shared.
    add_compile_options($<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
endif()

set(everyday_headers <algorithm> <array> <chrono> <cstdint> <deque> <functional> <map> <memory>
    <optional> <string> <string_view> <unordered_map> <utility> <variant> <vector>
    <fmt/format.h> <tl/expected.hpp>)

# What stands in tests runs once and briefly: a fifth of its compile time is spent on optimising it.
set(test_options -O0)

# How every room with Qt is compiled; a precompiled header fits only where these are the same.
set(qt_definitions QT_NO_CAST_FROM_ASCII QT_NO_CAST_TO_ASCII QT_NO_KEYWORDS QT_NO_FOREACH
    QT_NO_NARROWING_CONVERSIONS_IN_CONNECT)

function(add_precompiled name)
    cmake_parse_arguments(ARG "" "" "LIBS;HEADERS;OPTIONS;DEFINITIONS" ${ARGN})
    file(GENERATE OUTPUT ${PROJECT_BINARY_DIR}/precompiled/${name}.cpp CONTENT "")
    add_library(${name} OBJECT ${PROJECT_BINARY_DIR}/precompiled/${name}.cpp)
    target_link_libraries(${name} PRIVATE fmt::fmt tl::expected ${ARG_LIBS})
    target_compile_options(${name} PRIVATE ${ARG_OPTIONS})
    target_compile_definitions(${name} PRIVATE ${ARG_DEFINITIONS})
    target_precompile_headers(${name} PRIVATE ${everyday_headers} ${ARG_HEADERS})
endfunction()

# Not the modules whole: what is precompiled is read again by every run of the compiler.
set(qt_headers <QApplication> <QByteArray> <QCheckBox> <QComboBox> <QDateTime> <QDialog> <QDir>
    <QDockWidget> <QEvent> <QFile> <QFontMetrics> <QGridLayout> <QHash> <QHBoxLayout> <QKeyEvent>
    <QLabel> <QLineEdit> <QMainWindow> <QMenu> <QMouseEvent> <QObject> <QPainter> <QPointer>
    <QPushButton> <QScrollArea> <QScrollBar> <QShortcut> <QStackedWidget> <QString> <QStringList>
    <QStyle> <QTableView> <QTimer> <QToolButton> <QUrl> <QVBoxLayout> <QWidget>)

if(QD_PCH)
    add_precompiled(precompiled_everyday)
    add_precompiled(precompiled_gtest LIBS GTest::gtest HEADERS <gtest/gtest.h>
        OPTIONS ${test_options})
    add_precompiled(precompiled_qt LIBS Qt6::Core Qt6::Gui Qt6::Widgets HEADERS ${qt_headers}
        DEFINITIONS ${qt_definitions})
    add_precompiled(precompiled_qtest LIBS Qt6::Network Qt6::Widgets Qt6::Test
        HEADERS ${qt_headers} <QTest> <QSignalSpy> OPTIONS ${test_options})
endif()

# precompile(<target> everyday|gtest|qt|qtest)
function(precompile target kind)
    if(QD_PCH)
        target_precompile_headers(${target} REUSE_FROM precompiled_${kind})
    endif()
endfunction()
