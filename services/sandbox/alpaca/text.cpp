#include "services/sandbox/alpaca/text.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "models/base/ids.h"

namespace qd::sandbox::alpaca {

namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string trimFraction(std::string text)
{
    const auto point = text.find('.');
    if (point == std::string::npos)
        return text;
    const auto end = text.find_first_not_of("0123456789", point + 1);
    std::string zone = text.substr(end);
    text.resize(end);
    while (text.back() == '0')
        text.pop_back();
    if (text.back() == '.')
        text.pop_back();
    return text + zone;
}

/// FNV-1a, 64 bits: enough to spread symbols; ids need not be hard to guess.
std::uint64_t spread(std::string_view text, std::uint64_t hash)
{
    for (const char c : text)
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
    return hash;
}

} // namespace

std::string rfc3339(Timestamp time)
{
    return trimFraction(time.toString(9));
}

std::string rfc3339NewYork(Timestamp time)
{
    const NewYorkTime local = toNewYork(time);
    const std::int64_t wall = Timestamp::parse(toString(local.date) + "T00:00:00Z")
                                  .map([&](Timestamp midnight) {
                                      return (midnight + local.sinceMidnight).nanos();
                                  })
                                  .value_or(time.nanos());
    const auto offsetMinutes = static_cast<int>((time.nanos() - wall) / 60'000'000'000);
    std::string text = rfc3339(Timestamp::fromNanos(wall));
    text.pop_back();
    return fmt::format("{}-{:02}:{:02}", text, offsetMinutes / 60, offsetMinutes % 60);
}

std::string assetId(const Symbol& symbol)
{
    unsigned char bytes[16];
    const std::uint64_t high = spread(symbol.text(), 0xcbf29ce484222325ull);
    const std::uint64_t low = spread(symbol.text(), high ^ 0x9e3779b97f4a7c15ull);
    for (int i = 0; i < 8; ++i) {
        bytes[i] = static_cast<unsigned char>(high >> (8 * i));
        bytes[8 + i] = static_cast<unsigned char>(low >> (8 * i));
    }
    return formatUuidV4(bytes);
}

std::string_view assetClassName(AssetClass assetClass)
{
    switch (assetClass) {
    case AssetClass::Equity: return "us_equity";
    case AssetClass::Option: return "us_option";
    case AssetClass::Crypto: return "crypto";
    }
    return "us_equity";
}

std::optional<exchange::InstrumentIndex> findInstrument(const exchange::Exchange& exchange,
                                                        std::string_view symbolOrId)
{
    if (const auto symbol = Symbol::parse(symbolOrId))
        if (const auto found = exchange.find(*symbol))
            return found;
    const bool isId = symbolOrId.size() == 36;
    const auto& all = exchange.instruments();
    for (std::size_t i = 0; i < all.size(); ++i) {
        const std::string& text = all[i].symbol.text();
        if (isId && assetId(all[i].symbol) == symbolOrId)
            return static_cast<exchange::InstrumentIndex>(i);
        const auto slash = text.find('/');
        if (slash != std::string::npos && text.size() == symbolOrId.size() + 1
            && text.substr(0, slash) + text.substr(slash + 1) == symbolOrId)
            return static_cast<exchange::InstrumentIndex>(i);
    }
    return std::nullopt;
}

std::string toBase64(std::string_view bytes)
{
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::uint32_t group = 0;
        for (std::size_t j = 0; j < 3; ++j)
            group = group << 8
                | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0u);
        for (std::size_t j = 0; j < 4; ++j)
            out += i + j <= bytes.size() ? kAlphabet[group >> (18 - 6 * j) & 63u] : '=';
    }
    return out;
}

std::optional<std::string> fromBase64(std::string_view text)
{
    while (text.ends_with('='))
        text.remove_suffix(1);
    std::string out;
    std::uint32_t bits = 0;
    int held = 0;
    for (const char c : text) {
        const auto digit = kAlphabet.find(c);
        if (digit == std::string_view::npos)
            return std::nullopt;
        bits = bits << 6 | static_cast<std::uint32_t>(digit);
        held += 6;
        if (held >= 8) {
            held -= 8;
            out += static_cast<char>(bits >> held & 0xffu);
        }
    }
    return out;
}

std::vector<std::string> splitList(std::string_view text)
{
    std::vector<std::string> parts;
    while (!text.empty()) {
        const auto comma = std::min(text.find(','), text.size());
        if (comma > 0)
            parts.emplace_back(text.substr(0, comma));
        text.remove_prefix(std::min(comma + 1, text.size()));
    }
    return parts;
}

std::optional<Timestamp> parseInstant(std::string_view text)
{
    if (const auto date = parseDate(text))
        return fromNewYork(*date, Duration::zero());
    if (const auto instant = Timestamp::parse(text))
        return *instant;
    return std::nullopt;
}

} // namespace qd::sandbox::alpaca
