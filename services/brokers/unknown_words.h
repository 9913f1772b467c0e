#pragma once

#include <string>
#include <string_view>

namespace qd::brokers {

/// How `OrderReport::venueStatus` begins where the venue used a word that the adapter does not know:
/// "unknown: status frozen". The report's state is then Submitted, which tells no news; all else in
/// it holds.
inline constexpr std::string_view kUnknownWord = "unknown: ";

inline bool hasUnknownWord(std::string_view venueStatus)
{
    return venueStatus.starts_with(kUnknownWord);
}

} // namespace qd::brokers
