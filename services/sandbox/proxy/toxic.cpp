#include "services/sandbox/proxy/toxic.h"

#include <fmt/format.h>

namespace qd::sandbox {

namespace {

constexpr std::int64_t kHourMs = 3'600'000;
constexpr std::int64_t kManyBytes = std::int64_t{1} << 40;

const ToxicType* findType(std::string_view name)
{
    for (const ToxicType& type : toxicTypes())
        if (type.name == name)
            return &type;
    return nullptr;
}

Result<void> readAttributes(Toxic& toxic, const ToxicType& type, const json::Value& given)
{
    for (const auto& member : given.members()) {
        const ToxicAttribute* known = nullptr;
        for (const ToxicAttribute& attribute : type.attributes)
            if (attribute.name == member.key)
                known = &attribute;
        if (!known)
            return fail(ErrorKind::Invalid, "toxic.attribute",
                        fmt::format("{} has no attribute \"{}\"", type.name, member.key));
        const auto value = member.value.integer();
        if (!value || *value < known->min || *value > known->max)
            return fail(ErrorKind::Invalid, "toxic.attribute",
                        fmt::format("expected {} an integer {} … {}, was {}", known->name,
                                    known->min, known->max, member.value.dump()));
        toxic.attributes[std::string(member.key)] = *value;
    }
    const std::int64_t count = toxic.attribute("count");
    toxic.remaining = count > 0 ? std::make_shared<std::int64_t>(count) : nullptr;
    return {};
}

Result<void> readToxicity(Toxic& toxic, const json::Value& body)
{
    const json::Value given = body["toxicity"];
    if (given.isAbsent())
        return {};
    const auto value = given.number();
    if (!value || *value < 0.0 || *value > 1.0)
        return fail(ErrorKind::Invalid, "toxic.toxicity",
                    fmt::format("expected a number 0 … 1, was {}", given.dump()));
    toxic.toxicity = *value;
    return {};
}

} // namespace

std::string_view toString(Direction direction)
{
    return direction == Direction::Upstream ? "upstream" : "downstream";
}

std::int64_t Toxic::attribute(const std::string& key) const
{
    const auto found = attributes.find(key);
    return found == attributes.end() ? 0 : found->second;
}

bool Toxic::strike() const
{
    if (!remaining)
        return true;
    if (*remaining <= 0)
        return false;
    --*remaining;
    return true;
}

const std::vector<ToxicType>& toxicTypes()
{
    static const std::vector<ToxicType> types = {
        {"latency", {{"latency", 0, 0, kHourMs}, {"jitter", 0, 0, kHourMs}}},
        {"bandwidth", {{"rate", 0, 0, kManyBytes}}},
        {"slow_close", {{"delay", 0, 0, kHourMs}}},
        {"timeout", {{"timeout", 0, 0, kHourMs}}},
        {"reset_peer", {{"timeout", 0, 0, kHourMs}}},
        {"slicer",
         {{"average_size", 1, 1, kManyBytes},
          {"size_variation", 0, 0, kManyBytes},
          {"delay", 0, 0, kHourMs * 1000}}},
        {"limit_data", {{"bytes", 0, 0, kManyBytes}}},
        {"duplicate", {{"count", 0, 0, 1'000'000}}},
        {"truncate", {{"bytes", 1, 0, kManyBytes}, {"count", 0, 0, 1'000'000}}},
        {"http_status", {{"status", 503, 400, 599}, {"count", 0, 0, 1'000'000}}},
        {"lose_ack", {{"count", 1, 0, 1'000'000}}},
    };
    return types;
}

Result<Toxic> parseToxic(const json::Value& body)
{
    if (!body.isObject())
        return fail(ErrorKind::Invalid, "toxic.syntax", "bad request body: expected a JSON object");
    Toxic toxic;
    toxic.type = std::string(body["type"].stringOr(""));
    const ToxicType* type = findType(toxic.type);
    if (!type)
        return fail(ErrorKind::Invalid, "toxic.type", "invalid toxic type");
    const std::string_view stream = body["stream"].stringOr("downstream");
    if (stream != "upstream" && stream != "downstream")
        return fail(ErrorKind::Invalid, "toxic.stream",
                    "stream was invalid, can be either upstream or downstream");
    toxic.stream = stream == "upstream" ? Direction::Upstream : Direction::Downstream;
    toxic.name = std::string(body["name"].stringOr(""));
    if (toxic.name.empty())
        toxic.name = fmt::format("{}_{}", toxic.type, stream);
    for (const ToxicAttribute& attribute : type->attributes)
        toxic.attributes[std::string(attribute.name)] = attribute.defaultValue;
    if (auto read = readToxicity(toxic, body); !read)
        return tl::unexpected(read.error());
    if (auto read = readAttributes(toxic, *type, body["attributes"]); !read)
        return tl::unexpected(read.error());
    return toxic;
}

Result<Toxic> updateToxic(Toxic toxic, const json::Value& body)
{
    const ToxicType* type = findType(toxic.type);
    QD_ASSERT(type != nullptr);
    if (auto read = readToxicity(toxic, body); !read)
        return tl::unexpected(read.error());
    if (auto read = readAttributes(toxic, *type, body["attributes"]); !read)
        return tl::unexpected(read.error());
    return toxic;
}

void writeToxic(json::Writer& out, const Toxic& toxic)
{
    out.beginObject().key("attributes").beginObject();
    for (const auto& [name, value] : toxic.attributes)
        out.member(name, value);
    out.endObject()
        .member("name", toxic.name)
        .member("type", toxic.type)
        .member("stream", toString(toxic.stream))
        .member("toxicity", toxic.toxicity)
        .endObject();
}

} // namespace qd::sandbox
