#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

namespace qd {

/// What an error means for the caller.
/// `Invalid` never succeeds as asked · `Denied` lacks a right · `Unavailable` may be retried ·
/// `OutcomeUnknown` must be reconciled before anything is sent again · `Corrupt` stops the component.
enum class ErrorKind { Invalid, Denied, NotFound, Conflict, Unavailable, OutcomeUnknown, Corrupt };

std::string_view toString(ErrorKind kind);

/// Why something did not happen. Values; copied freely between threads.
struct Error {
    ErrorKind kind = ErrorKind::Invalid;
    std::string code;   ///< stable and machine-readable, "room.reason": "orders.qty_below_lot"
    std::string detail; ///< for the log and the operator: "expected X, was Y"; never a secret
    std::string field;  ///< JSON name of the offending input field; empty if none

    friend bool operator==(const Error&, const Error&) = default;
};

template <typename T>
using Result = tl::expected<T, Error>;

/// Shorthand for the failing half of a Result: `return fail(ErrorKind::Invalid, "x.y", "…");`
tl::unexpected<Error> fail(ErrorKind kind, std::string code, std::string detail,
                           std::string field = {});

/// "code: detail (field f)" for log lines and tests.
std::string describe(const Error& error);

/// Stops the process with file, line and message when a promise inside the program is broken.
/// Kept in release builds: continuing would be worse.
[[noreturn]] void promiseBroken(const char* expression, const char* file, int line);

} // namespace qd

// NOLINTNEXTLINE(cppcoreguidelines-macro-usage): needs file, line and the text of the expression
#define QD_ASSERT(expression)                                                                      \
    ((expression) ? void(0) : ::qd::promiseBroken(#expression, __FILE__, __LINE__))
