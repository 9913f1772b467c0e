#include "services/client/field_reader.h"

namespace qd::client {

namespace {

/// Far beyond any date that trades; keeps milliseconds × 10⁶ inside 64 bits.
constexpr std::int64_t kMillisMax = 9'000'000'000'000;

} // namespace

void FieldReader::note(const Error& error)
{
    if (!m_error) m_error = error;
}

std::uint64_t FieldReader::sequence(const json::Value& value)
{
    const auto number = value.unsignedInteger();
    if (number) return *number;
    note(number.error());
    return 0;
}

void FieldReader::read(const json::Value& value, std::chrono::milliseconds& place)
{
    std::int64_t count = place.count();
    read(value, count);
    if (count >= -kMillisMax && count <= kMillisMax) place = std::chrono::milliseconds(count);
    else note({ErrorKind::Invalid, "client.time", "a span of time beyond all bounds", {}});
}

void FieldReader::read(const json::Value& value, const Millis& cell)
{
    std::int64_t count = 0;
    read(value, count);
    if (count >= 0 && count <= kMillisMax) cell.place = Timestamp::fromMillis(count);
    else
        note({ErrorKind::Invalid, "client.time",
              "expected milliseconds since 1970, was " + std::to_string(count), {}});
}

void FieldReader::read(const json::Value& value, Symbol& place)
{
    auto symbol = Symbol::parse(value.stringOr({}));
    if (symbol) place = std::move(*symbol);
    else note(symbol.error());
}

bool FieldReader::hasCells(std::size_t count, std::size_t wanted, std::string_view what)
{
    if (count >= wanted) return true;
    note({ErrorKind::Invalid, "client.row",
          "expected a row of " + std::to_string(wanted) + " values, was " + std::to_string(count),
          std::string(what)});
    return false;
}

} // namespace qd::client
