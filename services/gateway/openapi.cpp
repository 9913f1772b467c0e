#include <map>

#include "services/gateway/system_api.h"

namespace qd::gateway {

namespace {

void writeSchema(json::Writer& out, const Field& field)
{
    out.beginObject().member("type", toString(field.type));
    if (field.type == FieldType::Decimal) out.member("format", "decimal");
    if (field.type == FieldType::Time) out.member("format", "date-time");
    if (field.type == FieldType::Text)
        out.member("maxLength", static_cast<std::int64_t>(field.lengthMax));
    if (!field.allowed.empty()) {
        out.key("enum").beginArray();
        for (const auto& value : field.allowed) out.value(value);
        out.endArray();
    }
    if (!field.help.empty()) out.member("description", field.help);
    if (!field.example.empty()) out.key("examples").beginArray().value(field.example).endArray();
    out.endObject();
}

/// Names between braces.
std::vector<std::string> pathParameters(const std::string& path)
{
    std::vector<std::string> names;
    for (std::size_t open = path.find('{'); open != std::string::npos;
         open = path.find('{', open + 1))
        names.push_back(path.substr(open + 1, path.find('}', open) - open - 1));
    return names;
}

void writeParameters(json::Writer& out, const EndpointSpec& spec)
{
    out.key("parameters").beginArray();
    for (const auto& name : pathParameters(spec.path)) {
        out.beginObject().member("name", name).member("in", "path").member("required", true);
        out.key("schema").beginObject().member("type", "string").endObject().endObject();
    }
    for (const auto& field : spec.query) {
        out.beginObject()
            .member("name", field.name)
            .member("in", "query")
            .member("required", field.required);
        out.key("schema");
        writeSchema(out, field);
        out.endObject();
    }
    out.endArray();
}

void writeBody(json::Writer& out, const EndpointSpec& spec)
{
    if (spec.body.empty()) return;
    out.key("requestBody").beginObject().key("content").beginObject();
    out.key("application/json").beginObject().key("schema").beginObject();
    out.member("type", "object").member("additionalProperties", false);
    out.key("required").beginArray();
    for (const auto& field : spec.body)
        if (field.required) out.value(field.name);
    out.endArray().key("properties").beginObject();
    for (const auto& field : spec.body) {
        out.key(field.name);
        writeSchema(out, field);
    }
    out.endObject().endObject().endObject().endObject().endObject();
}

void writeOperation(json::Writer& out, const EndpointSpec& spec)
{
    out.beginObject()
        .member("summary", spec.summary)
        .member("x-role", toString(spec.role))
        .member("x-any-session", spec.anySession)
        .member("x-step-up", spec.stepUp);
    writeParameters(out, spec);
    writeBody(out, spec);
    out.key("responses").beginObject();
    out.key("2XX").beginObject().member("description", "done, or taken charge of").endObject();
    std::vector<int> errors = {400};
    if (spec.asksForToken()) errors.insert(errors.end(), {401, 403});
    if (spec.rate != RateClass::Free) errors.push_back(429);
    errors.insert(errors.end(), spec.errors.begin(), spec.errors.end());
    for (const int status : errors)
        out.key(std::to_string(status))
            .beginObject()
            .member("description", "problem details (RFC 9457)")
            .endObject();
    out.endObject().endObject();
}

std::string lowerCase(std::string text)
{
    for (char& c : text)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return text;
}

} // namespace

std::string openApiJson(const Api& api, const std::string& version)
{
    std::map<std::string, std::vector<const EndpointSpec*>> paths;
    for (const auto& endpoint : api.endpoints())
        paths[endpoint->spec.path].push_back(&endpoint->spec);
    json::Writer out;
    out.beginObject().member("openapi", "3.1.0").key("info").beginObject();
    out.member("title", "Quarterdeck").member("version", version).endObject();
    out.key("paths").beginObject();
    for (const auto& [path, specs] : paths) {
        out.key(path).beginObject();
        for (const auto* spec : specs) {
            out.key(lowerCase(spec->method));
            writeOperation(out, *spec);
        }
        out.endObject();
    }
    out.endObject().key("components").beginObject().key("securitySchemes").beginObject();
    out.key("bearer").beginObject().member("type", "http").member("scheme", "bearer").endObject();
    out.endObject().endObject();
    out.key("security").beginArray().beginObject().key("bearer").beginArray().endArray();
    return out.endObject().endArray().endObject().take();
}

} // namespace qd::gateway
