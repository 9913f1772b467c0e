#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "models/base/money.h"

namespace qd::sandbox::tradier {

/// A document as Tradier keeps it: XML. JSON is made from it by rule, with the traps that this has:
/// elements of one name become an array only when there are several, and an element without content
/// becomes the text "null".
class Node {
public:
    /// An element; without any child it is empty.
    Node() = default;
    static Node text(std::string text);
    static Node integer(std::int64_t number);
    static Node flag(bool flag);
    static Node nothing(); ///< JSON's null
    static Node price(Price price);       ///< "22.0"
    static Node quantity(Quantity size);  ///< "50.00000000"
    static Node money(const Money& money); ///< "12.5"

    /// Returns the child, which stays valid until the next `add`.
    Node& add(std::string name, Node child);

    std::string toXml(std::string_view name) const;
    std::string toJson(std::string_view name) const;

private:
    enum class Kind { Element, Text, Bare, Nothing };
    Node(Kind kind, std::string content) : m_kind(kind), m_content(std::move(content)) {}

    void writeXml(std::string& out, std::string_view name) const;
    void writeJson(std::string& out) const;

    Kind m_kind = Kind::Element;
    std::string m_content;
    std::vector<std::pair<std::string, Node>> m_children;
};

} // namespace qd::sandbox::tradier
