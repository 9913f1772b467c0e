#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/base/decimal.h"
#include "models/base/money.h"
#include "models/base/timestamp.h"

namespace qd::json {

struct Limits {
    std::size_t sizeBytesMax = 1 << 20;
    int depthMax = 32;
    std::size_t valuesMax = 200'000;
};

class Document;

/// A view of one value in a Document; valid while the Document lives. Numbers keep their text, so
/// decimals are exact. A missing member is a Value too (`isMissing`), so that reads chain; every
/// conversion of it fails with Invalid "json.missing" and the member's path in `field`.
class Value {
public:
    enum class Kind { Missing, Null, Boolean, Number, String, Array, Object };

    Value() = default;
    Kind kind() const;
    bool isMissing() const { return kind() == Kind::Missing; }
    bool isNull() const { return kind() == Kind::Null; }
    /// Missing or null: the venue has nothing to say.
    bool isAbsent() const { return isMissing() || isNull(); }
    bool isObject() const { return kind() == Kind::Object; }
    bool isArray() const { return kind() == Kind::Array; }
    bool isString() const { return kind() == Kind::String; }

    /// Member of an object; Missing if it is none or has no such member (first one wins).
    Value operator[](std::string_view key) const;
    /// Element of an array; Missing beyond its end.
    Value at(std::size_t index) const;
    std::size_t size() const; ///< elements or members
    std::vector<Value> items() const;
    struct Member;
    std::vector<Member> members() const;

    Result<std::string_view> string() const;
    Result<bool> boolean() const;
    Result<std::int64_t> integer() const;  ///< a number (or a string holding one) without a fraction
    Result<double> number() const;
    /// A decimal written as a JSON string or number, exact.
    Result<Decimal> decimal() const;
    Result<Price> price() const;
    Result<Quantity> quantity() const;
    Result<Money> money() const;
    Result<Timestamp> timestamp() const;   ///< an RFC 3339 string

    std::string_view stringOr(std::string_view fallback) const;
    std::int64_t integerOr(std::int64_t fallback) const;
    bool booleanOr(bool fallback) const;
    Decimal decimalOr(Decimal fallback) const;
    /// The value's JSON text, compact.
    std::string dump() const;

private:
    friend class Document;
    Value(const Document* document, std::uint32_t node, std::string_view name)
        : m_document(document), m_node(node), m_name(name) {}
    const Document* m_document = nullptr;
    std::uint32_t m_node = 0;
    std::string_view m_name; ///< the member name it was looked up by, for errors
};

struct Value::Member {
    std::string_view key;
    Value value;
};

/// A parsed JSON text. Immutable; movable; any thread may read.
class Document {
public:
    /// Fails with: Invalid "json.syntax", "json.too_large", "json.too_deep". Rejects everything RFC
    /// 8259 rejects, invalid UTF-8 and unpaired surrogates included.
    static Result<Document> parse(std::string_view text, const Limits& limits = {});
    Document(Document&&) noexcept;
    Document& operator=(Document&&) noexcept;
    ~Document();
    Value root() const;

private:
    friend class Value;
    struct Store;
    explicit Document(std::unique_ptr<Store> store);
    std::unique_ptr<Store> m_store;
};

/// Builds JSON text front to back. Misuse (a value without a key in an object) is a broken promise.
///   Writer w; w.beginObject().member("symbol", "SPY").member("price", price).endObject();
class Writer {
public:
    Writer& beginObject();
    Writer& endObject();
    Writer& beginArray();
    Writer& endArray();
    Writer& key(std::string_view name);
    Writer& value(std::string_view text);
    Writer& value(const char* text) { return value(std::string_view(text)); }
    Writer& value(const std::string& text) { return value(std::string_view(text)); }
    Writer& value(bool flag);
    Writer& value(std::int64_t number);
    Writer& value(std::uint64_t number);
    Writer& value(int number) { return value(static_cast<std::int64_t>(number)); }
    Writer& value(double number); ///< shortest text that reads back the same; NaN and ∞ become null
    Writer& value(Decimal decimal);  ///< as a string: "12.5"
    Writer& value(Price price) { return value(price.value()); }
    Writer& value(Quantity quantity) { return value(quantity.value()); }
    Writer& value(const Money& money);
    Writer& value(Timestamp timestamp); ///< RFC 3339 with nanoseconds cut to microseconds; null if unset
    Writer& number(Decimal decimal); ///< as a JSON number: 12.5 (market-data wires want it so)
    Writer& null();
    Writer& raw(std::string_view json); ///< already JSON
    template <typename T>
    Writer& member(std::string_view name, const T& v)
    {
        key(name);
        return value(v);
    }
    template <typename T>
    Writer& member(std::string_view name, const std::optional<T>& v)
    {
        key(name);
        return v ? value(*v) : null();
    }

    const std::string& text() const { return m_text; }
    std::string take() { return std::move(m_text); }

private:
    void separate();
    std::string m_text;
    bool m_needComma = false;
};

/// `text` as a JSON string with quotes; control characters and invalid UTF-8 are escaped/replaced.
std::string quote(std::string_view text);

} // namespace qd::json
