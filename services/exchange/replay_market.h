#pragma once

#include <memory>
#include <optional>

#include "services/exchange/market_source.h"
#include "services/exchange/recording.h"

namespace qd::exchange {

enum class ReplayStamps {
    Recorded,     ///< the venue lives in the recording's own time
    ShiftedToNow, ///< moved by whole minutes, so that the replay starts now
};

struct ReplayOptions {
    double speed = 1.0; ///< recorded seconds a second; 0: as fast as it is asked for
    bool loop = false;  ///< begin again at the end; the venue's time goes on
    ReplayStamps stamps = ReplayStamps::Recorded;
    std::optional<Timestamp> startAt; ///< recorded time; what is before serves as history
    Duration longestGap = std::chrono::minutes(30); ///< longer silences are jumped over
};

/// Plays recordings back as a market. Trades are printed as recorded, with quotes around them where
/// none were recorded; quote bars become quotes; a bar becomes a handful of trades that open at its
/// open, visit the nearer of high and low first, then the other, and end at its close, with its
/// volume; book messages rebuild the book. One instrument may have several recordings (days, trades
/// and quotes); bars only serve as history where there are trades or messages.
/// Of option contracts each minute's closing quote is shown. Instruments come in the order of their
/// first recordings.
class ReplayMarket final : public MarketSource {
public:
    static constexpr std::size_t kEventsPerStepAtMaxSpeed = 5000;

    ReplayMarket(std::vector<Recording> recordings, ReplayOptions options = {});
    ~ReplayMarket() override;

    const std::vector<Instrument>& instruments() const override;
    void start(Timestamp now) override;
    void standing(MarketBatch& out) override;
    Timestamp venueTime(Timestamp now) const override;
    void advance(Timestamp until, MarketBatch& out) override;
    bool finished() const override;
    Book depth(InstrumentIndex instrument, int depth) const override;
    std::vector<Bar> history(InstrumentIndex instrument, BarInterval interval, Timestamp from,
                             Timestamp to, std::size_t limit) const override;
    FeedClass feedClass() const override { return FeedClass::Simulated; }
    std::optional<Quantity> openInterest(InstrumentIndex instrument) const override;

    /// Events in one pass, and the recorded time they span.
    std::size_t eventCount() const;
    Timestamp recordedBegin() const;
    Timestamp recordedEnd() const;

private:
    struct State;
    std::unique_ptr<State> m_state;
};

/// The events a recording stands for, in time order, for instrument `index`. `withQuotes`: make up
/// quotes around trades. Exposed for tests.
void expandRecording(const Recording& recording, InstrumentIndex index, bool withQuotes,
                     MarketBatch& out);

} // namespace qd::exchange
