#include "models/base/result.h"

#include <cstdio>
#include <cstdlib>

namespace qd {

std::string_view toString(ErrorKind kind)
{
    switch (kind) {
    case ErrorKind::Invalid: return "invalid";
    case ErrorKind::Denied: return "denied";
    case ErrorKind::NotFound: return "not_found";
    case ErrorKind::Conflict: return "conflict";
    case ErrorKind::Unavailable: return "unavailable";
    case ErrorKind::OutcomeUnknown: return "outcome_unknown";
    case ErrorKind::Corrupt: return "corrupt";
    }
    return "unknown";
}

tl::unexpected<Error> fail(ErrorKind kind, std::string code, std::string detail, std::string field)
{
    return tl::unexpected<Error>(
        Error{kind, std::move(code), std::move(detail), std::move(field)});
}

std::string describe(const Error& error)
{
    std::string text = error.code + ": " + error.detail;
    if (!error.field.empty()) text += " (field " + error.field + ")";
    return text;
}

void promiseBroken(const char* expression, const char* file, int line)
{
    std::fprintf(stderr, "promise broken: %s at %s:%d\n", expression, file, line);
    std::abort();
}

} // namespace qd
