#pragma once

#include <vector>

#include "models/market/instrument.h"

namespace qd::exchange {

/// What the simulation knows of a name. Analytics, so binary floating point.
struct SimulatedName {
    Instrument instrument;
    double price = 100;         ///< where it is pulled back to
    double dailyVolatility = 0.015; ///< of its own, beside market and sector
    double beta = 1.0;          ///< to the market factor
    int sector = 0;             ///< 0 … kSectors − 1; crypto is the last
    double dailyVolume = 1e6;   ///< shares or coins
    double spreadTicks = 1;     ///< usual spread
    double topSize = 300;       ///< usual size at the best price
    double activity = 1;        ///< share of all updates, relative
    double haltsPerDay = 0;     ///< how often it jumps and pauses
};

inline constexpr int kSectors = 12;
inline constexpr int kCryptoSector = kSectors - 1;

/// The first `count` names: the well-known ones, then invented companies, always the same for a seed.
std::vector<SimulatedName> makeUniverse(std::uint64_t seed, int count);

} // namespace qd::exchange
