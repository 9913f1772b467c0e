#pragma once

#include <array>
#include <concepts>
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
struct Tree; ///< the parsed nodes and their text

/// A view of one value in a Document; valid while the Document (or the one it was moved to) lives. Numbers keep their text, so
/// decimals are exact. A missing member is a Value too (`isMissing`), so that reads chain; every
/// conversion of it fails with Invalid "json.missing" and the member's path ("legs[1].symbol") in
/// `field`. A value of another kind fails with "json.type"; a text that does not parse with the
/// error of its type, `field` set.
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
    bool isNumber() const { return kind() == Kind::Number; }
    bool isBoolean() const { return kind() == Kind::Boolean; }
    /// Has the object such a member (null counts)?
    bool contains(std::string_view key) const { return !(*this)[key].isMissing(); }

    /// Member of an object; Missing if it is none or has no such member (first one wins).
    Value operator[](std::string_view key) const;
    /// Element of an array; Missing beyond its end.
    Value at(std::size_t index) const;
    std::size_t size() const; ///< elements or members
    std::vector<Value> items() const;
    struct Member;
    std::vector<Member> members() const;

    Result<std::string_view> string() const;
    Result<std::string> text() const;      ///< as `string`, copied: to keep beyond the Document
    Result<bool> boolean() const;
    Result<std::int64_t> integer() const;  ///< a number (or a string holding one) without a fraction
    Result<std::uint64_t> unsignedInteger() const;
    Result<double> number() const;         ///< a number (or a string holding one)
    /// A decimal written as a JSON string or number, exact.
    Result<Decimal> decimal() const;
    Result<Price> price() const;
    Result<Quantity> quantity() const;
    Result<Money> money() const;
    Result<Timestamp> timestamp() const;   ///< an RFC 3339 string

    std::string_view stringOr(std::string_view fallback) const;
    std::int64_t integerOr(std::int64_t fallback) const;
    double numberOr(double fallback) const;
    bool booleanOr(bool fallback) const;
    Decimal decimalOr(Decimal fallback) const;
    /// A number's text as it was sent; empty for other kinds.
    std::string_view numberText() const;
    /// All elements of an array of strings. Fails with "json.type" at the first that is none.
    Result<std::vector<std::string>> strings() const;
    /// Where in the document: "legs[1].symbol"; empty for the root. Slow: for errors.
    std::string path() const;
    /// An object in which a name stands twice somewhere: signed or hashed input must not have any.
    bool hasDuplicateKeys() const;
    /// The value's JSON text, compact.
    std::string dump() const;

private:
    friend class Document;
    friend struct Tree;
    Value(const Tree* tree, std::uint32_t node) : m_tree(tree), m_node(node) {}
    Value missing(std::string_view key) const;
    Value missing(std::size_t index) const;
    tl::unexpected<Error> wrongType(std::string_view expected) const;
    tl::unexpected<Error> located(Error error) const;
    /// The text of a string or number; empty for everything else.
    std::string_view scalarText() const;

    static constexpr std::size_t kNameMax = 31;
    const Tree* m_tree = nullptr;
    std::uint32_t m_node = 0;      ///< of a missing value: where it was looked for
    std::uint32_t m_nameSize = 0;  ///< > 0: missing, and this is what was looked for
    std::array<char, kNameMax + 1> m_name{};
};

struct Value::Member {
    std::string_view key;
    Value value;
};

/// A parsed JSON text. Immutable; movable; any thread may read.
class Document {
public:
    /// Fails with: Invalid "json.syntax", "json.too_large" (bytes or values), "json.too_deep". Rejects everything RFC
    /// 8259 rejects, invalid UTF-8 and unpaired surrogates included. An empty text is a syntax error.
    /// At most `kDepthMax` levels whatever the limits say.
    static constexpr int kDepthMax = 512;
    static Result<Document> parse(std::string_view text, const Limits& limits = {});
    Document(Document&&) noexcept;
    Document& operator=(Document&&) noexcept;
    ~Document();
    Value root() const;
    /// The root's member: `document["symbol"]`.
    Value operator[](std::string_view key) const { return root()[key]; }

private:
    explicit Document(std::unique_ptr<Tree> tree);
    std::unique_ptr<Tree> m_tree;
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
    template <std::integral Integer>
        requires(!std::same_as<Integer, bool> && !std::same_as<Integer, char>)
    Writer& value(Integer number)
    {
        if constexpr (std::signed_integral<Integer>)
            return value(static_cast<std::int64_t>(number));
        else
            return value(static_cast<std::uint64_t>(number));
    }
    Writer& value(double number); ///< shortest text that reads back the same; NaN and ∞ become null
    Writer& value(Decimal decimal);  ///< as a string: "12.5"
    Writer& value(Price price) { return value(price.value()); }
    Writer& value(Quantity quantity) { return value(quantity.value()); }
    Writer& value(const Money& money);
    Writer& value(Timestamp timestamp); ///< RFC 3339 with nanoseconds cut to microseconds; null if unset
    Writer& number(Decimal decimal); ///< as a JSON number: 12.5 (market-data wires want it so)
    Writer& null();
    Writer& raw(std::string_view json); ///< already JSON
    Writer& value(const Value& copied); ///< from a Document; Missing becomes null
    /// An array of anything that `value` takes.
    template <typename Range>
    Writer& array(std::string_view name, const Range& elements)
    {
        key(name).beginArray();
        for (const auto& element : elements) value(element);
        return endArray();
    }
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
    /// The text, which must be whole; the writer starts afresh.
    std::string take();
    void reserve(std::size_t sizeBytes) { m_text.reserve(sizeBytes); }
    /// Start afresh, keeping the memory.
    void clear();

    static constexpr int kDepthMax = 64;

private:
    void separate();
    void open(char bracket, bool isObject);
    void close(char bracket, bool isObject);

    std::string m_text;
    std::uint64_t m_objects = 0; ///< bit n: level n is an object
    int m_depth = 0;
    bool m_needComma = false;
    bool m_hasKey = false; ///< a name was written, its value is awaited
};

/// `text` as a JSON string with quotes; control characters and invalid UTF-8 are escaped/replaced.
std::string quote(std::string_view text);
void appendQuoted(std::string& out, std::string_view text);

} // namespace qd::json
