#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "models/base/result.h"
#include "services/json/json.h"

namespace qd::sandbox {

/// Which way the bytes go: from the client to the server (upstream) or back.
enum class Direction { Upstream, Downstream };
std::string_view toString(Direction direction);

/// One thing that is wrong with a connection. Names and attributes are Toxiproxy's; `duplicate`,
/// `truncate`, `http_status` and `lose_ack` are ours.
struct Toxic {
    std::string name;
    std::string type;
    Direction stream = Direction::Downstream;
    double toxicity = 1.0; ///< the share of connections it applies to, 0 … 1
    std::map<std::string, std::int64_t> attributes;
    /// For toxics with a `count` attribute: how often it may still strike on this proxy, shared by
    /// all its connections; null = without limit.
    std::shared_ptr<std::int64_t> remaining;

    std::int64_t attribute(const std::string& key) const;
    /// Takes one strike; false when none is left.
    bool strike() const;
};

/// One attribute of a toxic type.
struct ToxicAttribute {
    std::string_view name;
    std::int64_t defaultValue;
    std::int64_t min, max;
};
/// What types there are, with their attributes.
struct ToxicType {
    std::string_view name;
    std::vector<ToxicAttribute> attributes;
};
const std::vector<ToxicType>& toxicTypes();

/// Read the body of POST …/toxics. Fails with: Invalid "toxic.type", "toxic.stream",
/// "toxic.toxicity", "toxic.attribute".
Result<Toxic> parseToxic(const json::Value& body);
/// Apply the body of an update: `toxicity` and `attributes` may change, the rest may not.
Result<Toxic> updateToxic(Toxic toxic, const json::Value& body);
void writeToxic(json::Writer& out, const Toxic& toxic);

} // namespace qd::sandbox
