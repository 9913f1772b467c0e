#include "services/client/problem_json.h"

#include "services/client/field_reader.h"

namespace qd::client {

namespace {

constexpr int kGatewayTimeout = 504; ///< the backend's own "I do not know what became of it"
constexpr std::size_t kNearMax = 5;

void appendNear(std::string& detail, const json::Value& near)
{
    if (near.size() == 0) return;
    detail += "; near: ";
    for (std::size_t i = 0; i < near.size() && i < kNearMax; ++i) {
        if (i > 0) detail += ", ";
        detail += near.at(i).stringOr({});
    }
}

} // namespace

Problem readProblem(int status, std::string_view body)
{
    Problem problem;
    problem.status = status;
    problem.outcomeUnknown = status == kGatewayTimeout;
    const auto document = json::Document::parse(body);
    const auto root = document ? document->root() : json::Value();
    FieldReader read; // lenient: whatever is odd in a problem, its status stands
    problem.code = root["code"].stringOr("client.status_" + std::to_string(status));
    problem.title = root["title"].stringOr("The backend answered " + std::to_string(status));
    problem.detail = root["detail"].stringOr({});
    appendNear(problem.detail, root["near"]);
    problem.traceId = root["traceId"].stringOr({});
    for (const auto& item : root["errors"].items()) {
        auto& field = problem.fields.emplace_back();
        read.members(item, "field", field.field, "code", field.code, "detail", field.detail);
    }
    for (const auto& item : root["confirmations"].items()) {
        auto& question = problem.confirmations.emplace_back();
        read.members(item, "code", question.code, "text", question.text);
    }
    problem.challenge = root["challenge"].stringOr({});
    problem.mayRepeat = root["retry"].booleanOr(false);
    problem.mustRestart = root.contains("restart");
    for (const auto& word : root["reasons"].items())
        problem.reasons.emplace_back(word.stringOr({}));
    for (const auto& word : root["suggestions"].items())
        problem.suggestions.emplace_back(word.stringOr({}));
    if (const auto millis = root["retryAfterMs"].integerOr(-1); millis >= 0 && millis < 86'400'000)
        problem.retryAfter = std::chrono::milliseconds(millis);
    return problem;
}

Problem noAnswer(std::string code, std::string detail, bool outcomeUnknown)
{
    Problem problem;
    problem.code = std::move(code);
    problem.title = "No answer from the backend";
    problem.detail = std::move(detail);
    problem.outcomeUnknown = outcomeUnknown;
    return problem;
}

} // namespace qd::client
