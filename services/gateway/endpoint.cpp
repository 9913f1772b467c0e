#include "services/gateway/endpoint.h"

#include <algorithm>

#include "models/base/whole_number.h"

namespace qd::gateway {

namespace {

constexpr const char* kExpectedTime =
    "expected an RFC 3339 time of the years 1900 to 2199, e.g. 2013-10-07T13:30:00Z";

/// Nobody means a time centuries away, and a span from there does not fit a Duration.
bool isUsableTime(const Result<Timestamp>& time)
{
    static const Timestamp kEarliest = Timestamp::of("1900-01-01T00:00:00Z");
    static const Timestamp kEnd = Timestamp::of("2200-01-01T00:00:00Z");
    return time && *time >= kEarliest && *time < kEnd;
}

/// Why `value` is not what `field` declares; empty if it is.
std::string mismatch(const Field& field, const json::Value& value)
{
    using Kind = json::Value::Kind;
    switch (field.type) {
    case FieldType::Text: {
        if (value.kind() != Kind::String) return "expected a string";
        const auto text = value.stringOr({});
        if (text.size() > field.lengthMax)
            return "expected at most " + std::to_string(field.lengthMax) + " characters, was " +
                   std::to_string(text.size());
        if (field.allowed.empty() || std::ranges::find(field.allowed, text) != field.allowed.end())
            return {};
        std::string names;
        for (const auto& name : field.allowed) names += (names.empty() ? "" : ", ") + name;
        return "expected one of " + names + ", was \"" + std::string(text.substr(0, 40)) + "\"";
    }
    case FieldType::Decimal: {
        const auto decimal = value.decimal();
        return decimal ? std::string() : "expected a decimal as a string: " + decimal.error().detail;
    }
    case FieldType::Integer: return value.integer() ? std::string() : "expected an integer";
    case FieldType::Boolean: return value.boolean() ? std::string() : "expected true or false";
    case FieldType::Time: return isUsableTime(value.timestamp()) ? std::string() : kExpectedTime;
    case FieldType::Object: return value.isObject() ? std::string() : "expected an object";
    case FieldType::Array:
        if (!value.isArray()) return "expected an array";
        if (value.size() > field.lengthMax)
            return "expected at most " + std::to_string(field.lengthMax) + " elements";
        return {};
    }
    return {};
}

void checkBody(const EndpointSpec& spec, const json::Value& body,
               std::vector<FieldProblem>& problems)
{
    for (const auto& field : spec.body) {
        const auto value = body[field.name];
        if (value.isAbsent()) {
            if (field.required)
                problems.push_back({field.name, "request.required", "is required", field.example});
            continue;
        }
        if (auto wrong = mismatch(field, value); !wrong.empty())
            problems.push_back({field.name, "request.wrong_type", std::move(wrong), field.example});
    }
    for (const auto& member : body.members()) {
        const bool known = std::ranges::any_of(
            spec.body, [&](const Field& field) { return field.name == member.key; });
        if (!known)
            problems.push_back({std::string(member.key.substr(0, 64)), "request.unknown_field",
                                "is not a member of this request", {}});
    }
}

void checkQuery(const EndpointSpec& spec, const wire::Target& target,
                std::vector<FieldProblem>& problems)
{
    for (const auto& field : spec.query) {
        const auto value = target.queryValue(field.name);
        if (value.empty()) {
            if (field.required)
                problems.push_back({field.name, "request.required", "is required", field.example});
            continue;
        }
        if (value.size() > field.lengthMax)
            problems.push_back({field.name, "request.too_long",
                                "expected at most " + std::to_string(field.lengthMax) +
                                    " characters",
                                field.example});
        else if (!field.allowed.empty() &&
                 std::ranges::find(field.allowed, value) == field.allowed.end())
            problems.push_back({field.name, "request.wrong_value", "is not one of the known values",
                                field.allowed.front()});
        else if (field.type == FieldType::Integer) {
            if (!wholeNumber<std::int64_t>(value))
                problems.push_back(
                    {field.name, "request.wrong_type", "expected an integer", field.example});
        } else if (field.type == FieldType::Time && !isUsableTime(Timestamp::parse(value))) {
            problems.push_back({field.name, "request.wrong_type", kExpectedTime, field.example});
        }
    }
}

} // namespace

std::string_view toString(FieldType type)
{
    switch (type) {
    case FieldType::Text:
    case FieldType::Decimal:
    case FieldType::Time: return "string";
    case FieldType::Integer: return "integer";
    case FieldType::Boolean: return "boolean";
    case FieldType::Object: return "object";
    case FieldType::Array: return "array";
    }
    return "string";
}

Call::Call(const EndpointSpec& spec, wire::HttpRequest request, wire::Target target,
           std::map<std::string, std::string> parameters, Caller caller, std::string traceId,
           std::string traceParent, std::function<void(wire::HttpResponse)> respond)
    : m_spec(spec), m_request(std::move(request)), m_target(std::move(target)),
      m_parameters(std::move(parameters)), m_caller(std::move(caller)),
      m_traceId(std::move(traceId)), m_traceParent(std::move(traceParent)),
      m_respond(std::move(respond))
{
}

Call::~Call()
{
    if (m_answered) return;
    answer(Problem{.status = 500,
                   .title = "No answer",
                   .code = "gateway.no_answer",
                   .detail = "the request was dropped inside the backend; look for its trace",
                   .errors = {},
                   .retryAfter = {},
                   .extraMembers = {}});
}

const std::string& Call::parameter(const std::string& name) const
{
    const auto found = m_parameters.find(name);
    QD_ASSERT(found != m_parameters.end());
    return found->second;
}

std::int64_t Call::queryInteger(std::string_view name, std::int64_t fallback,
                                std::int64_t max) const
{
    const auto number = wholeNumber<std::int64_t>(m_target.queryValue(name)).value_or(fallback);
    return std::clamp<std::int64_t>(number, 0, max);
}

Result<void> Call::readInput(std::vector<FieldProblem>& problems)
{
    checkQuery(m_spec, m_target, problems);
    if (m_spec.body.empty()) return {};
    auto parsed = json::Document::parse(m_request.body.empty() ? "{}" : m_request.body);
    if (!parsed) return tl::unexpected(parsed.error());
    if (!parsed->root().isObject())
        return fail(ErrorKind::Invalid, "request.not_an_object", "expected a JSON object");
    m_body = std::move(*parsed);
    checkBody(m_spec, m_body->root(), problems);
    return {};
}

void Call::answer(int status, std::string jsonBody)
{
    answer(jsonResponse(status, std::move(jsonBody)));
}

void Call::answer(const Problem& problem)
{
    answer(toResponse(problem, m_traceId));
}

void Call::answer(wire::HttpResponse response)
{
    QD_ASSERT(!m_answered);
    m_answered = true;
    if (!m_traceParent.empty()) response.headers.set("traceparent", m_traceParent);
    m_respond(std::move(response));
}

} // namespace qd::gateway
