#pragma once

#include <deque>
#include <vector>

#include "services/exchange/exchange.h"
#include "services/exchange/sessions.h"

namespace qd::exchange {

/// The market as last seen, and the bars built from its trades. One thread.
class Tape {
public:
    static constexpr std::size_t kTradesKept = 256;
    /// Past quotes of one instrument, and of all together.
    static constexpr std::size_t kQuotesKept = 256, kQuotesKeptOfAll = 200'000;
    /// Minutes kept of all instruments together; the source's history serves what is older.
    static constexpr std::size_t kMinutesKept = 600'000;

    Tape(const MarketSource& source, const SessionSchedule& sessions);

    /// A quote or a print from before the market began: shown, and part of no bar.
    void seed(const MarketEvent& event);
    /// Take in one event. A trade that begins a new minute finishes the last one: that bar is
    /// appended to `out` before it.
    void note(const MarketEvent& event, MarketBatch& out);
    /// Finish every minute that ended before `now`.
    void finishMinutes(Timestamp now, MarketBatch& out);
    void setStatus(InstrumentIndex instrument, TradingStatus status, HaltReason reason);

    MarketSnapshot snapshot(InstrumentIndex instrument) const;
    const std::optional<QuoteTick>& quote(InstrumentIndex instrument) const;
    const std::optional<TradeTick>& lastTrade(InstrumentIndex instrument) const;
    bool isHalted(InstrumentIndex instrument) const;
    /// Last trade, else the middle of the quote, else zero.
    Price mark(InstrumentIndex instrument) const;
    Price previousClose(InstrumentIndex instrument) const;
    std::vector<TradeTick> trades(InstrumentIndex instrument, std::size_t limit) const;
    std::vector<QuoteTick> quotes(InstrumentIndex instrument, std::size_t limit) const;
    std::vector<Bar> bars(InstrumentIndex instrument, BarInterval interval, Timestamp from,
                          Timestamp to, std::size_t limit) const;

private:
    struct Line {
        std::optional<QuoteTick> quote;
        std::optional<TradeTick> trade;
        std::optional<Bar> minute; ///< under way, or the last
        bool minuteOpen = false;
        std::optional<Bar> day, previousDay;
        Timestamp dayEnd;
        std::deque<Bar> minutes; ///< finished, oldest first
        std::deque<Bar> days;
        std::deque<TradeTick> trades;
        std::deque<QuoteTick> quotes;
        TradingStatus status = TradingStatus::Trading;
        HaltReason reason = HaltReason::None;
    };

    void noteQuote(const QuoteTick& quote);
    void noteTrade(const TradeTick& trade, MarketBatch& out);
    void finishMinute(InstrumentIndex instrument, MarketBatch& out);
    void turnDay(InstrumentIndex instrument, Timestamp at) const;
    std::vector<Bar> minuteBars(InstrumentIndex instrument, Timestamp from, Timestamp to,
                                std::size_t limit) const;
    std::vector<Bar> dayBars(InstrumentIndex instrument, Timestamp from, Timestamp to,
                             std::size_t limit) const;

    const MarketSource& m_source;
    const SessionSchedule& m_sessions;
    std::size_t m_minutesPerLine, m_quotesPerLine;
    std::int64_t m_minute = 0; ///< of the last `finishMinutes`
    mutable std::vector<Line> m_lines; ///< daily bars are looked up when first asked for
};

} // namespace qd::exchange
