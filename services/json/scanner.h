#pragma once

#include "services/json/tree.h"

namespace qd::json {

/// Reads one JSON text (RFC 8259, strictly) into nodes. The text is known to be valid UTF-8 and has
/// a zero byte after its end, so that looking at the next byte needs no check: a zero is never valid
/// where something else is expected, and inside strings it is a control character.
class Scanner {
public:
    Scanner(Tree& tree, std::size_t sizeBytes, const Limits& limits);
    Result<void> scan();

private:
    bool addValue(std::string_view key, int depth);
    bool addArray(std::uint32_t self, int depth);
    bool addObject(std::uint32_t self, int depth);
    bool addNumber(Node& node);
    bool addLiteral(Node& node);
    bool takeString(std::string_view& out);
    bool unescape(char*& out);
    bool takeHex4(std::uint32_t& out);
    bool takeUnicodeEscape(char*& out);
    void skipSpace();
    bool refuse(std::string_view reason);
    bool refuse(std::string code, std::string detail);

    Tree& m_tree;
    const Limits& m_limits;
    char* m_at;
    char* m_end;
    Error m_error;
};

} // namespace qd::json
