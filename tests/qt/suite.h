#pragma once

#include <memory>
#include <vector>

#include <QObject>

namespace qd::qtest {

/// The test classes of one program, which tests/qt/main.cpp runs one after the other.
using MakeSuite = std::unique_ptr<QObject> (*)();

std::vector<MakeSuite>& suites();

struct AddSuite {
    explicit AddSuite(MakeSuite make) { suites().push_back(make); }
};

} // namespace qd::qtest

/// At the end of a test file, before its .moc.
#define QD_QT_SUITE(Class)                                                                         \
    static const qd::qtest::AddSuite qdAdd##Class(                                                  \
        []() -> std::unique_ptr<QObject> { return std::make_unique<Class>(); });
