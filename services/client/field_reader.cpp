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

std::string FieldReader::text(const json::Value& value)
{
    return value.isAbsent() ? std::string() : take(value.text());
}

bool FieldReader::flag(const json::Value& value, bool fallback)
{
    return value.isAbsent() ? fallback : take(value.boolean(), fallback);
}

std::int64_t FieldReader::integer(const json::Value& value, std::int64_t fallback)
{
    return value.isAbsent() ? fallback : take(value.integer(), fallback);
}

std::uint64_t FieldReader::sequence(const json::Value& value)
{
    return take(value.unsignedInteger());
}

double FieldReader::number(const json::Value& value)
{
    return value.isAbsent() ? 0 : take(value.number());
}

Decimal FieldReader::decimal(const json::Value& value)
{
    return value.isAbsent() ? Decimal() : take(value.decimal());
}

Money FieldReader::money(const json::Value& value)
{
    return value.isAbsent() ? Money() : take(value.money());
}

Timestamp FieldReader::time(const json::Value& value)
{
    return value.isAbsent() ? Timestamp() : take(value.timestamp());
}

Timestamp FieldReader::millis(const json::Value& value)
{
    const auto count = integer(value);
    if (count >= 0 && count <= kMillisMax) return Timestamp::fromMillis(count);
    note({ErrorKind::Invalid, "client.time", "expected milliseconds since 1970, was " +
                                                 std::to_string(count), {}});
    return {};
}

std::optional<Price> FieldReader::maybePrice(const json::Value& value)
{
    if (value.isAbsent()) return std::nullopt;
    return price(value);
}

std::optional<Decimal> FieldReader::maybeDecimal(const json::Value& value)
{
    if (value.isAbsent()) return std::nullopt;
    return decimal(value);
}

} // namespace qd::client
