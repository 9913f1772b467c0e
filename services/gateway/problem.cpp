#include "services/gateway/problem.h"

#include "services/json/json.h"

namespace qd::gateway {

Problem problem(int status, std::string title, std::string code, std::string detail)
{
    Problem result;
    result.status = status;
    result.title = std::move(title);
    result.code = std::move(code);
    result.detail = std::move(detail);
    return result;
}

Problem stepUpRequired()
{
    return problem(403, "Prove who you are", "auth.step_up_required",
                   "this asks for your password once more: POST /v1/session/step-up, then again");
}

int statusOf(ErrorKind kind)
{
    switch (kind) {
    case ErrorKind::Invalid: return 422;
    case ErrorKind::Denied: return 403;
    case ErrorKind::NotFound: return 404;
    case ErrorKind::Conflict: return 409;
    case ErrorKind::Unavailable: return 503;
    case ErrorKind::OutcomeUnknown: return 504;
    case ErrorKind::Corrupt: return 500;
    }
    return 500;
}

Problem problemOf(const Error& error, std::string title)
{
    Problem problem{.status = statusOf(error.kind),
                    .title = std::move(title),
                    .code = error.code,
                    .detail = error.detail,
                    .errors = {},
                    .retryAfter = {},
                    .extraMembers = {}};
    if (!error.field.empty()) problem.errors.push_back({error.field, error.code, error.detail, {}});
    return problem;
}

wire::HttpResponse toResponse(const Problem& problem, const std::string& traceId)
{
    json::Writer out;
    out.beginObject()
        .member("type", "about:blank")
        .member("title", problem.title)
        .member("status", problem.status)
        .member("code", problem.code)
        .member("detail", problem.detail)
        .member("traceId", traceId);
    if (problem.retryAfter)
        out.member("retryAfterMs", static_cast<std::int64_t>(problem.retryAfter->count()));
    else
        out.key("retryAfterMs").null();
    out.key("errors").beginArray();
    for (const auto& field : problem.errors) {
        out.beginObject()
            .member("field", field.field)
            .member("code", field.code)
            .member("detail", field.detail);
        out.key("example");
        if (field.example.empty())
            out.null();
        else
            out.value(field.example);
        out.endObject();
    }
    out.endArray();
    out.endObject();
    std::string body = out.take();
    if (!problem.extraMembers.empty()) body.insert(body.size() - 1, "," + problem.extraMembers);

    wire::HttpResponse response{problem.status, {}, std::move(body)};
    response.headers.set("Content-Type", "application/problem+json");
    if (problem.retryAfter) // whole seconds, rounded up: RFC 9110 §10.2.3
        response.headers.set("Retry-After",
                             std::to_string((problem.retryAfter->count() + 999) / 1000));
    return response;
}

wire::HttpResponse jsonResponse(int status, std::string body)
{
    wire::HttpResponse response{status, {}, std::move(body)};
    response.headers.set("Content-Type", "application/json");
    return response;
}

} // namespace qd::gateway
