#pragma once

#include <array>
#include <string_view>

#include "models/base/ids.h"

namespace qd::brokers::test {

/// A part of a case that an adapter cannot have by its venue's nature.
struct Exemption {
    std::string_view broker, part, reason;
};
inline constexpr std::array kExemptions = {
    Exemption{"tradier", "BC06 quantity", "PUT orders changes type, duration, price and stop only"},
    Exemption{"tradier", "BC13 coins and fractions", "neither is traded there, nor told of"},
    Exemption{"tradier", "BC27 two events",
              "no executions are on the wire: a total told twice is no second execution"},
};

inline bool isExempt(const BrokerId& broker, std::string_view part)
{
    for (const auto& row : kExemptions)
        if (row.broker == broker.text() && row.part == part) return true;
    return false;
}

} // namespace qd::brokers::test
