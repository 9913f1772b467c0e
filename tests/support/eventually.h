#pragma once

#include <chrono>
#include <functional>

namespace qd::test {

/// Ask `predicate` again and again, in real time, until it holds or `limit` has passed. For tests of
/// real threads, sockets and processes: `EXPECT_TRUE(eventually([&] { return server.isUp(); }))`.
bool eventually(const std::function<bool()>& predicate,
                std::chrono::milliseconds limit = std::chrono::seconds(20));

} // namespace qd::test
