#include "services/wire/http.h"

#include <algorithm>

#include "models/base/ascii.h"

namespace qd::wire {

namespace {

bool sameName(std::string_view a, std::string_view b)
{
    return a.size() == b.size() &&
           std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

int hexDigit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    const char l = lower(c);
    return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

/// In a query, '+' is a space (application/x-www-form-urlencoded).
Result<std::string> percentDecode(std::string_view text, bool plusIsSpace)
{
    std::string decoded;
    decoded.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+' && plusIsSpace) {
            decoded += ' ';
        } else if (text[i] == '%') {
            const int high = i + 2 < text.size() ? hexDigit(text[i + 1]) : -1;
            const int low = i + 2 < text.size() ? hexDigit(text[i + 2]) : -1;
            if (high < 0 || low < 0)
                return fail(ErrorKind::Invalid, "wire.target", "expected two hex digits after %");
            decoded += static_cast<char>(high * 16 + low);
            i += 2;
        } else {
            decoded += text[i];
        }
    }
    if (decoded.find('\0') != std::string::npos)
        return fail(ErrorKind::Invalid, "wire.target", "a zero byte is not allowed");
    return decoded;
}

/// Calls `use` for each non-empty piece between separators, until it fails.
template <typename Use>
Result<void> forEachPiece(std::string_view text, char separator, Use use)
{
    while (!text.empty()) {
        const auto end = std::min(text.find(separator), text.size());
        if (end > 0) {
            if (auto used = use(text.substr(0, end)); !used) return used;
        }
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return {};
}

Result<void> addQueryField(std::string_view piece, std::vector<Header>& query)
{
    const auto equals = std::min(piece.find('='), piece.size());
    auto name = percentDecode(piece.substr(0, equals), true);
    if (!name) return tl::unexpected(name.error());
    auto value = percentDecode(piece.substr(std::min(equals + 1, piece.size())), true);
    if (!value) return tl::unexpected(value.error());
    query.push_back({std::move(*name), std::move(*value)});
    return {};
}

} // namespace

void Headers::set(std::string_view name, std::string value)
{
    std::erase_if(m_fields, [&](const Header& field) { return sameName(field.name, name); });
    m_fields.push_back({std::string(name), std::move(value)});
}

void Headers::add(std::string name, std::string value)
{
    m_fields.push_back({std::move(name), std::move(value)});
}

std::string_view Headers::find(std::string_view name) const
{
    for (const Header& field : m_fields) {
        if (sameName(field.name, name)) return field.value;
    }
    return {};
}

bool Headers::contains(std::string_view name) const
{
    return std::any_of(m_fields.begin(), m_fields.end(),
                       [&](const Header& field) { return sameName(field.name, name); });
}

std::string_view Target::queryValue(std::string_view name) const
{
    for (const Header& field : query) {
        if (field.name == name) return field.value;
    }
    return {};
}

bool Target::hasQuery(std::string_view name) const
{
    return std::any_of(query.begin(), query.end(),
                       [&](const Header& field) { return field.name == name; });
}

Result<Target> Target::parse(std::string_view target)
{
    if (target.empty() || target.front() != '/')
        return fail(ErrorKind::Invalid, "wire.target", "expected a path that starts with /");
    target = target.substr(0, target.find('#'));
    const auto question = std::min(target.find('?'), target.size());
    Target parsed;
    parsed.path = std::string(target.substr(0, question));
    auto segments = forEachPiece(parsed.path, '/', [&](std::string_view piece) -> Result<void> {
        auto segment = percentDecode(piece, false);
        if (!segment) return tl::unexpected(segment.error());
        parsed.segments.push_back(std::move(*segment));
        return {};
    });
    if (!segments) return tl::unexpected(segments.error());
    auto query = forEachPiece(
        target.substr(std::min(question + 1, target.size())), '&',
        [&](std::string_view piece) { return addQueryField(piece, parsed.query); });
    if (!query) return tl::unexpected(query.error());
    return parsed;
}

std::string percentEncode(std::string_view text)
{
    constexpr std::string_view kHex = "0123456789ABCDEF";
    constexpr std::string_view kUnreserved =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    std::string encoded;
    encoded.reserve(text.size());
    for (const char c : text) {
        if (kUnreserved.find(c) != std::string_view::npos) {
            encoded += c;
        } else {
            const auto byte = static_cast<unsigned char>(c);
            encoded += '%';
            encoded += kHex[byte >> 4];
            encoded += kHex[byte & 15];
        }
    }
    return encoded;
}

} // namespace qd::wire
