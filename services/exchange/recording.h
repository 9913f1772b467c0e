#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/base/money.h"
#include "models/market/calendar.h"
#include "models/market/quote.h"
#include "models/orders/order.h"

namespace qd::exchange {

struct RecordedTrade {
    Timestamp time;
    Price price;
    Quantity size;
    char venue = ' ';
    bool suspicious = false; ///< the recorder's own doubt; not replayed
};

/// Bid and ask bars; a zero price means that side was empty for the whole bar.
struct QuoteBar {
    Timestamp start;
    Price bidOpen, bidHigh, bidLow, bidClose;
    Quantity bidSize;
    Price askOpen, askHigh, askLow, askClose;
    Quantity askSize;
};

/// One message of an order book, as LOBSTER writes it.
struct BookMessage {
    enum class Kind { Add = 1, Reduce = 2, Remove = 3, Execute = 4, ExecuteHidden = 5, Cross = 6,
                      Halt = 7 };
    Timestamp time;
    Kind kind = Kind::Add;
    std::int64_t orderId = 0;
    std::int64_t size = 0;
    Price price; ///< Halt: −1 halted, 0 quoting again, 1 trading again, in ten-thousandths
    Side side = Side::Buy; ///< of the resting order
};

/// A recorded piece of one instrument's market, oldest first.
struct Recording {
    enum class Kind { Trades, Bars, QuoteBars, BookMessages, OpenInterest };
    Kind kind = Kind::Bars;
    Instrument instrument;
    std::string source; ///< the file it came from
    Duration barLength = std::chrono::minutes(1); ///< Bars, QuoteBars
    std::vector<RecordedTrade> trades;
    std::vector<Bar> bars;
    std::vector<QuoteBar> quoteBars;
    std::vector<BookMessage> messages;
    std::optional<Book> firstBook; ///< the true book after messages.front(), where it is known
    std::optional<Quantity> openInterest; ///< contracts open as the day began, where it is known

    std::size_t size() const; ///< OpenInterest: 1 where it is known
    Timestamp begin() const; ///< not set when empty, or OpenInterest
    Timestamp end() const;   ///< of the last event or bar (exclusive for bars)
};

/// What cannot be told from the content.
struct RecordingHints {
    std::optional<Symbol> symbol; ///< else taken from the file's name
    std::optional<Date> date;     ///< of files that count from midnight; else from the file's name
};

/// Read a recording; the kind is found from name and content. Understood: zip archives of Lean's CSV
/// (minute trade and quote bars, daily bars, trade ticks), LOBSTER message files (with the order-book
/// file beside it, if there), and CSV of open, high, low, close and volume with a header, plain or
/// gzip-compressed. Blocks on the disk: not for an io or core thread.
/// Fails with: NotFound "recording.not_found"; Corrupt "zip.…", "gzip.…"; Invalid
/// "recording.unknown_kind", "recording.option_chain" (many instruments: see `openMarket`); Invalid
/// "recording.csv" with "file:line: expected …, was …".
Result<Recording> openRecording(const std::string& path, const RecordingHints& hints = {});

/// As above, from memory. `name` is the file's name.
Result<Recording> parseRecording(std::string_view name, std::string_view bytes,
                                 const RecordingHints& hints = {});

/// Several files as one market. Besides the above: zip archives of an option chain as Lean writes
/// them, a file for each contract, with minute quotes, minute trades or open interest; given together
/// they are one chain. Stocks and pairs come first, then contracts, the busiest first.
/// Fails with: as `openRecording`; Invalid "recording.contract_name" (a file in the archive),
/// "recording.open_interest_alone", "recording.too_large" (more rows than fit into memory).
Result<std::vector<Recording>> openMarket(const std::vector<std::string>& paths);

// The single formats; `name` is used in errors.
Result<Recording> parseLeanCsv(std::string_view name, std::string_view text,
                               const RecordingHints& hints);
Result<Recording> parseLobster(std::string_view name, std::string_view text,
                               const RecordingHints& hints);
/// The first row of a LOBSTER order-book file.
Result<Book> parseLobsterBook(std::string_view name, std::string_view text);
Result<Recording> parseOhlcvCsv(std::string_view name, std::string_view text,
                                const RecordingHints& hints);

/// The instrument a recording is of, as far as its symbol tells.
Instrument recordedInstrument(const Symbol& symbol);

} // namespace qd::exchange
