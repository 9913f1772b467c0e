#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace qd::storage {

/// Little endian.
template <std::integral Number>
void putNumber(std::string& out, Number number)
{
    auto rest = static_cast<std::uint64_t>(number);
    for (std::size_t i = 0; i < sizeof(Number); ++i, rest >>= 8)
        out += static_cast<char>(rest & 0xFF);
}

/// Takes values from the front of some bytes; false, and nothing taken, when they end before.
class ByteReader {
public:
    explicit ByteReader(std::string_view bytes) : m_rest(bytes) {}
    bool isAtEnd() const { return m_rest.empty(); }
    template <std::integral Number>
    bool take(Number& number)
    {
        if (m_rest.size() < sizeof(Number)) return false;
        std::uint64_t value = 0;
        for (std::size_t i = sizeof(Number); i-- > 0;)
            value = value << 8 | static_cast<unsigned char>(m_rest[i]);
        number = static_cast<Number>(value);
        m_rest.remove_prefix(sizeof(Number));
        return true;
    }
    bool take(std::string_view& bytes, std::size_t count)
    {
        if (m_rest.size() < count) return false;
        bytes = m_rest.substr(0, count);
        m_rest.remove_prefix(count);
        return true;
    }

private:
    std::string_view m_rest;
};

} // namespace qd::storage
