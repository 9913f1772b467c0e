#pragma once

#include <optional>
#include <string>

#include "services/json/json.h"

namespace qd::client {

/// Reads members of a backend's JSON one after the other and remembers the first that is wrong, so
/// that a long record reads as a list and is checked once. An absent member (missing or null) gives
/// the empty value of its type; one of the wrong kind is an error.
class FieldReader {
public:
    std::string text(const json::Value& value);
    bool flag(const json::Value& value, bool fallback = false);
    std::int64_t integer(const json::Value& value, std::int64_t fallback = 0);
    std::uint64_t sequence(const json::Value& value);
    double number(const json::Value& value);
    Decimal decimal(const json::Value& value);
    Price price(const json::Value& value) { return Price(decimal(value)); }
    Quantity quantity(const json::Value& value) { return Quantity(decimal(value)); }
    Money money(const json::Value& value);
    Timestamp time(const json::Value& value);
    Timestamp millis(const json::Value& value);
    std::optional<Price> maybePrice(const json::Value& value);
    std::optional<Decimal> maybeDecimal(const json::Value& value);
    /// A text that `parse` (a function giving a Result) knows; `fallback` when absent.
    template <typename T, typename Parse>
    T word(const json::Value& value, Parse parse, T fallback)
    {
        if (value.isAbsent()) return fallback;
        return take(parse(value.stringOr({})), fallback);
    }
    /// What a Result holds, or `fallback` and its error is remembered.
    template <typename T>
    T take(Result<T> result, T fallback = {})
    {
        if (result) return std::move(*result);
        note(result.error());
        return fallback;
    }
    void note(const Error& error);

    bool isSound() const { return !m_error; }
    /// `value` if everything was read, else the first error.
    template <typename T>
    Result<T> finish(T value) const
    {
        if (m_error) return tl::unexpected(*m_error);
        return value;
    }

private:
    std::optional<Error> m_error;
};

} // namespace qd::client
