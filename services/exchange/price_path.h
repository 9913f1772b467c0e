#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "services/exchange/universe.h"

namespace qd::exchange {

/// One trading session: minutes counted from `start`.
struct SessionDay {
    std::int64_t day = 0; ///< days since the epoch: the UTC or New York date
    Timestamp start;
    int minutes = 0;
    int regularFrom = 0, regularTo = 0; ///< regular hours, [from, to)
};

/// Shares of a session's variance and volume that fall on each minute; U-shaped. Both sum to 1.
struct SessionShape {
    std::vector<float> variance, volume;
    std::vector<float> varianceBefore; ///< cumulative; one longer
};

/// Random bits that are a pure function of their names.
std::uint64_t hashOf(std::uint64_t seed, std::uint64_t a, std::uint64_t b, std::uint64_t c);
/// Mean 0, variance 1, tails fatter than normal; from one hash.
double noiseFrom(std::uint64_t hash);
double uniformFrom(std::uint64_t hash);

/// The log-price of every name at every time: a pure function of seed, name and time. Market and
/// sector factors and the name's own noise each revert slowly, so that a price wanders for months
/// about its reference. Minutes are a bridge between session ends, seconds one between minutes.
/// Caches what it has worked out. One thread.
class PricePath {
public:
    /// No bar is older: 2018-01-01.
    static constexpr std::int64_t kFirstDay = 17'532;

    PricePath(std::uint64_t seed, double volatility, bool calendarHours,
              const std::vector<SimulatedName>& names);

    /// The session of `name` that `at` lies in; nothing when it is shut.
    std::optional<SessionDay> sessionAt(std::size_t name, Timestamp at) const;
    /// The session on day `day` since the epoch, if there is one.
    std::optional<SessionDay> sessionOn(std::size_t name, std::int64_t day) const;
    const SessionShape& shapeOf(const SessionDay& session) const;

    /// A name's log-prices at every minute's start and the session's end.
    struct Minutes {
        SessionDay session;
        std::vector<float> values; ///< minutes + 1, less the log of the reference price
        float low = 0, high = 0;   ///< no price of the session lies outside
        int jumpMinute = -1;       ///< trading pauses for five minutes after it; −1: none
    };
    std::shared_ptr<const Minutes> minutes(std::size_t name, const SessionDay& session) const;
    /// Price at `at`, within the session of `minutes`.
    double price(std::size_t name, const Minutes& minutes, Timestamp at) const;
    /// Knots inside minute `k`: thirteen prices, five seconds apart, ends included.
    void knots(std::size_t name, const Minutes& minutes, int k, double (&out)[13]) const;
    /// Shares or coins traded in minute `k`, and in the session.
    double minuteVolume(std::size_t name, const Minutes& minutes, int k) const;
    double dayVolume(std::size_t name, const SessionDay& session) const;

private:
    struct Stream {
        std::uint64_t id = 0;
        bool crypto = false;
        double volatility = 0.01; ///< a day
    };
    struct Levels { ///< at each session's end since kFirstDay − 1, and the volatility of each day
        std::vector<float> level, volatility;
    };

    bool trades(bool crypto, std::int64_t day) const;
    const Levels& levels(const Stream& stream, std::int64_t day) const;
    /// One stream's values at every minute of the session.
    void addStream(const Stream& stream, const SessionDay& session, double weight,
                   std::vector<float>& values) const;
    std::shared_ptr<const std::vector<float>> factor(const Stream& stream,
                                                     const SessionDay& session) const;
    void addJump(std::size_t name, Minutes& minutes) const;

    std::uint64_t m_seed;
    bool m_calendarHours;
    const std::vector<SimulatedName>& m_names;
    Stream m_market, m_cryptoMarket;
    std::vector<Stream> m_sectors, m_own;
    SessionShape m_allDay, m_extended, m_extendedEarly;
    mutable std::unordered_map<std::uint64_t, Levels> m_levels;
    mutable std::unordered_map<std::uint64_t, std::shared_ptr<const std::vector<float>>> m_factors;
};

} // namespace qd::exchange
