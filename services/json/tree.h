#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "services/json/json.h"

namespace qd::json {

/// One value. Children follow their parent in document order, so that a subtree is a range.
struct Node {
    Value::Kind kind = Value::Kind::Null;
    bool flag = false;          ///< Boolean: its value
    std::uint32_t end = 0;      ///< index after the last node of this subtree
    std::uint32_t count = 0;    ///< elements or members
    std::string_view text;      ///< String: unescaped; Number: as sent
    std::string_view key;       ///< its name, if it is a member
};

/// The nodes in document order, and the text they point into.
struct Tree {
    std::vector<Node> nodes;
    std::unique_ptr<char[]> text; ///< a copy of the input, in which strings are unescaped in place

    Value value(std::uint32_t node) const { return Value(this, node); }
};

/// Is `text` a number as RFC 8259 writes them, and nothing else?
bool isJsonNumber(std::string_view text);

} // namespace qd::json
