#pragma once

#include <optional>
#include <string>
#include <type_traits>

#include "services/client/words.h"
#include "services/json/json.h"

namespace qd::client {

/// A cell of a row that holds milliseconds since 1970.
struct Millis {
    Timestamp& place;
};

/// Reads a backend's JSON into values and remembers the first thing that is wrong, so that a long
/// record reads as a list and is checked once:
///
///   read.members(value, "symbol", quote.symbol, "bid", quote.bid, "ask", quote.ask);
///   read.row(cells, "quotes", tick.symbol, tick.bid, tick.ask);
///
/// An absent member (missing or null) leaves its place as it was; one of the wrong kind is an error.
/// A symbol must be there. A word that this version does not know is no error: a newer backend may
/// say more, and its place stays as it was; `word` tells which it was.
class FieldReader {
public:
    template <typename Place, typename... Rest>
    void members(const json::Value& object, std::string_view name, Place&& place, Rest&&... rest)
    {
        read(object[name], place);
        if constexpr (sizeof...(rest) > 0) members(object, std::forward<Rest>(rest)...);
    }
    /// Cells in their order. More of them than places are tolerated; fewer are an error, and then
    /// nothing is read.
    template <typename... Places>
    bool row(const std::vector<json::Value>& cells, std::string_view what, Places&&... places)
    {
        if (!hasCells(cells.size(), sizeof...(places), what)) return false;
        std::size_t at = 0;
        (read(cells[at++], places), ...);
        return true;
    }

    void read(const json::Value& value, std::string& place) { take(value, value.text(), place); }
    void read(const json::Value& value, bool& place) { take(value, value.boolean(), place); }
    void read(const json::Value& value, std::int64_t& place)
    {
        take(value, value.integer(), place);
    }
    void read(const json::Value& value, double& place) { take(value, value.number(), place); }
    void read(const json::Value& value, Decimal& place) { take(value, value.decimal(), place); }
    void read(const json::Value& value, Price& place) { take(value, value.price(), place); }
    void read(const json::Value& value, Quantity& place) { take(value, value.quantity(), place); }
    void read(const json::Value& value, Money& place) { take(value, value.money(), place); }
    void read(const json::Value& value, Timestamp& place) { take(value, value.timestamp(), place); }
    void read(const json::Value& value, std::chrono::milliseconds& place);
    void read(const json::Value& value, const Millis& cell);
    void read(const json::Value& value, Symbol& place);
    template <typename Tag>
    void read(const json::Value& value, Id<Tag>& place)
    {
        std::string text;
        read(value, text);
        place = Id<Tag>(std::move(text));
    }
    template <typename T>
    void read(const json::Value& value, std::optional<T>& place)
    {
        if (!value.isAbsent()) read(value, place.emplace());
    }
    template <typename Word>
        requires std::is_enum_v<Word>
    void read(const json::Value& value, Word& place)
    {
        (void)word(value, place);
    }

    /// As `read`; returns the word if it is not known, else nothing.
    template <typename Word>
        requires std::is_enum_v<Word>
    std::string word(const json::Value& value, Word& place)
    {
        std::string text;
        read(value, text);
        if (text.empty()) return text;
        const auto known = parseAs(text, place);
        if (!known) return text;
        place = *known;
        return {};
    }
    /// Must be there, unlike most.
    std::uint64_t sequence(const json::Value& value);

    void note(const Error& error);
    /// `value` if everything was read, else the first error.
    template <typename T>
    Result<T> finish(T value) const
    {
        if (m_error) return tl::unexpected(*m_error);
        return value;
    }

private:
    template <typename T, typename Place>
    void take(const json::Value& value, Result<T> result, Place& place)
    {
        if (value.isAbsent()) return;
        if (result) place = std::move(*result);
        else note(result.error());
    }
    bool hasCells(std::size_t count, std::size_t wanted, std::string_view what);

    std::optional<Error> m_error;
};

} // namespace qd::client
