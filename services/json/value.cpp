#include <algorithm>
#include <charconv>
#include <unordered_set>

#include <fmt/format.h>

#include "services/json/tree.h"

namespace qd::json {
namespace {

std::string_view nameOf(Value::Kind kind)
{
    switch (kind) {
    case Value::Kind::Missing: return "nothing";
    case Value::Kind::Null: return "null";
    case Value::Kind::Boolean: return "a boolean";
    case Value::Kind::Number: return "a number";
    case Value::Kind::String: return "a string";
    case Value::Kind::Array: return "an array";
    case Value::Kind::Object: return "an object";
    }
    return "";
}

template <typename Number>
std::optional<Number> whole(std::string_view text)
{
    Number number{};
    const char* end = text.data() + text.size();
    const auto result = std::from_chars(text.data(), end, number);
    if (result.ec != std::errc{} || result.ptr != end) return std::nullopt;
    return number;
}

// 5.0 and 1e3 are integers too, in another spelling.
std::optional<std::int64_t> wholeDecimal(std::string_view text)
{
    const auto decimal = Decimal::parse(text);
    if (!decimal || !decimal->isInteger()) return std::nullopt;
    return decimal->units() / Decimal::kOne;
}

void appendDump(const Tree& tree, std::uint32_t index, std::string& out)
{
    const Node& node = tree.nodes[index];
    switch (node.kind) {
    case Value::Kind::Missing:
    case Value::Kind::Null: out += "null"; return;
    case Value::Kind::Boolean: out += node.flag ? "true" : "false"; return;
    case Value::Kind::Number: out += node.text; return;
    case Value::Kind::String: appendQuoted(out, node.text); return;
    case Value::Kind::Array:
    case Value::Kind::Object: break;
    }
    const bool isObject = node.kind == Value::Kind::Object;
    out += isObject ? '{' : '[';
    for (std::uint32_t child = index + 1; child < node.end; child = tree.nodes[child].end) {
        if (child != index + 1) out += ',';
        if (isObject) {
            appendQuoted(out, tree.nodes[child].key);
            out += ':';
        }
        appendDump(tree, child, out);
    }
    out += isObject ? '}' : ']';
}

std::string pathOf(const Tree& tree, std::uint32_t target)
{
    std::string path;
    std::uint32_t at = 0;
    while (at != target) {
        const bool isObject = tree.nodes[at].kind == Value::Kind::Object;
        std::size_t index = 0;
        std::uint32_t child = at + 1;
        for (; tree.nodes[child].end <= target; child = tree.nodes[child].end) ++index;
        if (isObject) {
            if (!path.empty()) path += '.';
            path += tree.nodes[child].key;
        } else {
            path += fmt::format("[{}]", index);
        }
        at = child;
    }
    return path;
}

} // namespace

Value::Kind Value::kind() const
{
    return m_tree == nullptr || m_nameSize > 0 ? Kind::Missing : m_tree->nodes[m_node].kind;
}

Value Value::missing(std::string_view key) const
{
    // The first thing that was missing is the one to name.
    if (isMissing()) return *this;
    Value value(m_tree, m_node);
    const std::size_t size = std::min(key.size(), kNameMax);
    std::copy_n(key.data(), size, value.m_name.data());
    value.m_nameSize = static_cast<std::uint32_t>(size);
    if (size == 0) value.m_name[value.m_nameSize++] = '?';
    return value;
}

Value Value::missing(std::size_t index) const
{
    return missing(fmt::format("[{}]", index));
}

Value Value::operator[](std::string_view key) const
{
    if (!isObject()) return missing(key);
    const auto& nodes = m_tree->nodes;
    const std::uint32_t end = nodes[m_node].end;
    for (std::uint32_t child = m_node + 1; child < end; child = nodes[child].end)
        if (nodes[child].key == key) return m_tree->value(child);
    return missing(key);
}

Value Value::at(std::size_t index) const
{
    if (!isArray() || index >= size()) return missing(index);
    std::uint32_t child = m_node + 1;
    for (; index > 0; --index) child = m_tree->nodes[child].end;
    return m_tree->value(child);
}

std::size_t Value::size() const
{
    return isMissing() ? 0 : m_tree->nodes[m_node].count;
}

std::vector<Value> Value::items() const
{
    std::vector<Value> items;
    if (!isArray()) return items;
    items.reserve(size());
    const auto& nodes = m_tree->nodes;
    for (std::uint32_t child = m_node + 1; child < nodes[m_node].end; child = nodes[child].end)
        items.push_back(m_tree->value(child));
    return items;
}

std::vector<Value::Member> Value::members() const
{
    std::vector<Member> members;
    if (!isObject()) return members;
    members.reserve(size());
    const auto& nodes = m_tree->nodes;
    for (std::uint32_t child = m_node + 1; child < nodes[m_node].end; child = nodes[child].end)
        members.push_back({nodes[child].key, m_tree->value(child)});
    return members;
}

std::string Value::path() const
{
    if (m_tree == nullptr) return {};
    std::string path = pathOf(*m_tree, m_node);
    if (m_nameSize == 0) return path;
    if (!path.empty() && m_name[0] != '[') path += '.';
    return path.append(m_name.data(), m_nameSize);
}

bool Value::hasDuplicateKeys() const
{
    if (isArray()) {
        const auto elements = items();
        return std::any_of(elements.begin(), elements.end(),
                           [](const Value& element) { return element.hasDuplicateKeys(); });
    }
    std::unordered_set<std::string_view> seen;
    for (const auto& [key, value] : members())
        if (!seen.insert(key).second || value.hasDuplicateKeys()) return true;
    return false;
}

tl::unexpected<Error> Value::located(Error error) const
{
    error.field = path();
    return tl::unexpected(std::move(error));
}

tl::unexpected<Error> Value::wrongType(std::string_view expected) const
{
    if (isMissing())
        return fail(ErrorKind::Invalid, "json.missing", fmt::format("expected {}", expected), path());
    return fail(ErrorKind::Invalid, "json.type",
                fmt::format("expected {}, was {}", expected, nameOf(kind())), path());
}

std::string_view Value::scalarText() const
{
    return isString() || isNumber() ? m_tree->nodes[m_node].text : std::string_view();
}

Result<std::string_view> Value::string() const
{
    if (!isString()) return wrongType("a string");
    return m_tree->nodes[m_node].text;
}

Result<std::string> Value::text() const
{
    return string().map([](std::string_view text) { return std::string(text); });
}

Result<bool> Value::boolean() const
{
    if (!isBoolean()) return wrongType("a boolean");
    return m_tree->nodes[m_node].flag;
}

Result<std::int64_t> Value::integer() const
{
    if (!isNumber() && !isString()) return wrongType("an integer");
    if (const auto number = whole<std::int64_t>(scalarText())) return *number;
    if (const auto number = wholeDecimal(scalarText())) return *number;
    return wrongType("an integer within 64 bits");
}

Result<std::uint64_t> Value::unsignedInteger() const
{
    if (!isNumber() && !isString()) return wrongType("an integer of zero or more");
    if (const auto number = whole<std::uint64_t>(scalarText())) return *number;
    if (const auto number = wholeDecimal(scalarText()); number && *number >= 0)
        return static_cast<std::uint64_t>(*number);
    return wrongType("an integer of zero or more within 64 bits");
}

Result<double> Value::number() const
{
    if (!isNumber() && !isString()) return wrongType("a number");
    const auto text = scalarText();
    // A string may hold "nan" or "inf", which from_chars would take.
    if (isNumber() || isJsonNumber(text))
        if (const auto number = whole<double>(text)) return *number;
    return wrongType("a number within the range of binary floating point");
}

Result<Decimal> Value::decimal() const
{
    if (!isNumber() && !isString()) return wrongType("a decimal");
    const auto parsed = Decimal::parse(scalarText());
    if (!parsed) return located(parsed.error());
    return *parsed;
}

Result<Price> Value::price() const
{
    return decimal().map([](Decimal value) { return Price(value); });
}

Result<Quantity> Value::quantity() const
{
    return decimal().map([](Decimal value) { return Quantity(value); });
}

Result<Money> Value::money() const
{
    if (!isNumber() && !isString()) return wrongType("an amount of money");
    const auto parsed = Money::parse(scalarText());
    if (!parsed) return located(parsed.error());
    return *parsed;
}

Result<Timestamp> Value::timestamp() const
{
    if (!isString()) return wrongType("an RFC 3339 time");
    const auto parsed = Timestamp::parse(scalarText());
    if (!parsed) return located(parsed.error());
    return *parsed;
}

Result<std::vector<std::string>> Value::strings() const
{
    if (!isArray()) return wrongType("an array of strings");
    std::vector<std::string> strings;
    strings.reserve(size());
    for (const auto& element : items()) {
        auto text = element.text();
        if (!text) return tl::unexpected(std::move(text.error()));
        strings.push_back(std::move(*text));
    }
    return strings;
}

std::string_view Value::numberText() const
{
    return isNumber() ? m_tree->nodes[m_node].text : std::string_view();
}

std::string_view Value::stringOr(std::string_view fallback) const
{
    return isString() ? m_tree->nodes[m_node].text : fallback;
}

std::int64_t Value::integerOr(std::int64_t fallback) const
{
    return integer().value_or(fallback);
}

double Value::numberOr(double fallback) const
{
    return number().value_or(fallback);
}

bool Value::booleanOr(bool fallback) const
{
    return isBoolean() ? m_tree->nodes[m_node].flag : fallback;
}

Decimal Value::decimalOr(Decimal fallback) const
{
    return decimal().value_or(fallback);
}

std::string Value::dump() const
{
    std::string out;
    if (!isMissing()) appendDump(*m_tree, m_node, out);
    return out;
}

} // namespace qd::json
