// Runs the suites of a Qt test program, off screen:
//   test_ui_shell                               all of them
//   test_ui_shell TerminalTest [Qt Test's …]    one, with Qt Test's own arguments
#include "tests/qt/suite.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include <QApplication>
#include <QTest>

namespace qd::qtest {

std::vector<MakeSuite>& suites()
{
    static std::vector<MakeSuite> all;
    return all;
}

} // namespace qd::qtest

int main(int argc, char** argv)
{
    qputenv("QT_QPA_PLATFORM", "offscreen");
    QApplication application(argc, argv);
    const char* wanted = argc > 1 && argv[1][0] != '-' ? argv[1] : nullptr;
    if (wanted != nullptr) {
        std::rotate(argv + 1, argv + 2, argv + argc); // Qt Test takes it for a function
        --argc;
    }
    int failed = 0;
    bool any = false;
    for (const auto make : qd::qtest::suites()) {
        const auto suite = make();
        if (wanted != nullptr && std::strcmp(suite->metaObject()->className(), wanted) != 0) continue;
        any = true;
        failed += QTest::qExec(suite.get(), argc, argv);
    }
    if (!any) std::fputs("no such suite\n", stderr);
    return any ? std::min(failed, 100) : 2;
}
