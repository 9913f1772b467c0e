#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "models/base/money.h"
#include "models/market/calendar.h"
#include "models/market/quote.h"
#include "models/orders/order.h"
#include "services/runtime/clock.h"

namespace qd::exchange {

/// Position of an instrument in `MarketSource::instruments()`; fixed for the source's life.
using InstrumentIndex = std::uint32_t;

/// The best bid and offer changed. A zero price means that side is empty.
struct QuoteTick {
    InstrumentIndex instrument = 0;
    Price bid, ask;
    Quantity bidSize, askSize;
    Timestamp time;
    char bidVenue = 'Q', askVenue = 'Q'; ///< one-letter market codes as on the US tapes
};

/// One print. `aggressor` is the side that took liquidity, where it is known.
struct TradeTick {
    InstrumentIndex instrument = 0;
    Price price;
    Quantity size;
    std::int64_t id = 0; ///< unique per instrument and day, rising
    Timestamp time;
    std::optional<Side> aggressor;
    char venue = 'Q';
    bool oddLot = false;
};

/// A finished minute.
struct BarTick {
    InstrumentIndex instrument = 0;
    Bar bar;
};

enum class TradingStatus { Trading, Halted };
/// Codes as the US tapes print them: "T1" news pending, "LUDP" volatility pause, "M" manual.
enum class HaltReason { None, Regulatory, Volatility, Operator };
std::string_view haltCode(HaltReason reason);
std::string_view haltText(HaltReason reason);

/// Trading in an instrument stopped or began again.
struct StatusTick {
    InstrumentIndex instrument = 0;
    TradingStatus status = TradingStatus::Trading;
    HaltReason reason = HaltReason::None;
    Timestamp time;
};

using MarketEvent = std::variant<QuoteTick, TradeTick, BarTick, StatusTick>;
/// Events in time order.
using MarketBatch = std::vector<MarketEvent>;

/// Where a market comes from: a simulation or a recording. It knows only the market, no orders.
/// One thread. Times are the venue's: see `venueTime`.
class MarketSource {
public:
    virtual ~MarketSource() = default;

    virtual const std::vector<Instrument>& instruments() const = 0;
    /// Begin at wall time `now`; called once, before everything below.
    virtual void start(Timestamp now) = 0;
    /// Append the quote and the last print of each instrument that stood when the market began, as
    /// far as they are known: a market does not begin when we look. Asked once, after `start`.
    virtual void standing(MarketBatch& out) { static_cast<void>(out); }
    /// What the venue's clock shows when the wall clock shows `now`. A simulation lives in wall
    /// time; a recording may run at any speed and in its own year.
    virtual Timestamp venueTime(Timestamp now) const = 0;
    /// Append everything that happened up to and including venue time `until`, in time order.
    /// Minute bars are not among it: the exchange builds them from the trades.
    virtual void advance(Timestamp until, MarketBatch& out) = 0;
    /// No more events will come (a recording played once has ended).
    virtual bool finished() const { return false; }
    /// Up to `depth` levels a side, now. Empty if only the top is known and there is no quote.
    virtual Book depth(InstrumentIndex instrument, int depth) const = 0;
    /// Minute1 or Day1 bars with from ≤ start < to, oldest first, at most the newest `limit`.
    /// Anything up to the venue's present; a simulation makes them up on demand, always the same.
    virtual std::vector<Bar> history(InstrumentIndex instrument, BarInterval interval,
                                     Timestamp from, Timestamp to, std::size_t limit) const = 0;
    /// Real time, or a simulation: shown beside every value.
    virtual FeedClass feedClass() const = 0;
    /// Contracts open as the day began, of an option; nothing where it is not known.
    virtual std::optional<Quantity> openInterest(InstrumentIndex instrument) const
    {
        static_cast<void>(instrument);
        return std::nullopt;
    }
};

} // namespace qd::exchange
