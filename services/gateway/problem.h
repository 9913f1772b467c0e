#pragma once

#include <optional>
#include <string>
#include <vector>

#include "models/base/result.h"
#include "services/wire/http.h"

namespace qd::gateway {

/// One field that is wrong, and what a right value looks like.
struct FieldProblem {
    std::string field; ///< JSON name as in the request: "limitPrice"
    std::string code;
    std::string detail;
    std::string example;
};

/// An answer that says what went wrong, as RFC 9457 problem details.
struct Problem {
    int status = 500;
    std::string title;
    std::string code;
    std::string detail;
    std::vector<FieldProblem> errors;
    std::optional<std::chrono::milliseconds> retryAfter;
    std::string extraMembers; ///< further JSON members, `"near":["SPY"]`; empty if none
};

/// A problem by its words.
Problem problem(int status, std::string title, std::string code, std::string detail);
/// 403 "auth.step_up_required", for what asks for a fresh proof of who is calling.
Problem stepUpRequired();

/// The HTTP status that an error's kind means: Invalid 422, Denied 403, NotFound 404, Conflict 409,
/// Unavailable 503, OutcomeUnknown 504, Corrupt 500.
int statusOf(ErrorKind kind);
Problem problemOf(const Error& error, std::string title);

/// `application/problem+json`, with Retry-After when the problem has one.
wire::HttpResponse toResponse(const Problem& problem, const std::string& traceId);

wire::HttpResponse jsonResponse(int status, std::string body);

} // namespace qd::gateway
