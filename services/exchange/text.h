#pragma once

#include <cctype>
#include <string>
#include <string_view>

namespace qd::exchange {

/// In lower case, ASCII letters only.
inline std::string lower(std::string_view text)
{
    std::string result(text);
    for (auto& c : result)
        c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return result;
}

inline bool contains(std::string_view text, std::string_view part)
{
    return text.find(part) != std::string_view::npos;
}

} // namespace qd::exchange
