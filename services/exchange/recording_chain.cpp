#include "services/exchange/recording_chain.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "models/base/whole_number.h"
#include "models/market/option_contract.h"
#include "services/exchange/csv_lines.h"
#include "services/exchange/text.h"

namespace qd::exchange {

namespace {

constexpr std::size_t kNameWords = 8; ///< date, root, minute, kind, style, right, strike, expiration

std::vector<std::string_view> wordsOf(std::string_view name)
{
    if (const auto slash = name.rfind('/'); slash != std::string_view::npos)
        name.remove_prefix(slash + 1);
    name = name.substr(0, name.find('.'));
    std::vector<std::string_view> words;
    while (true) {
        const auto cut = name.find('_');
        words.push_back(name.substr(0, cut));
        if (cut == std::string_view::npos)
            return words;
        name.remove_prefix(cut + 1);
    }
}

/// Lean writes strikes in ten-thousandths of a dollar.
std::optional<Price> strikeIn(std::string_view word)
{
    const auto tenThousandths = wholeNumber<std::int64_t>(word);
    constexpr std::int64_t kMax = 999'999'990;
    if (!tenThousandths || *tenThousandths <= 0 || *tenThousandths > kMax)
        return std::nullopt;
    return Price::fromUnits(*tenThousandths * (Decimal::kOne / 10'000));
}

/// Milliseconds since midnight and a number of contracts; the last row counts.
Result<Recording> parseOpenInterest(const ZipEntry& file, const Symbol& symbol)
{
    Recording recording;
    recording.kind = Recording::Kind::OpenInterest;
    recording.source = file.name;
    recording.instrument = recordedInstrument(symbol);
    CsvLines lines(file.name, file.bytes);
    while (lines.next()) {
        if (lines.size() != 2)
            return tl::unexpected(lines.error("2 fields", fmt::format("{} fields", lines.size())));
        const auto millis = lines.integer(0, "milliseconds since midnight");
        if (!millis)
            return tl::unexpected(millis.error());
        if (*millis < 0 || *millis >= 86'400'000)
            return tl::unexpected(lines.error("milliseconds since midnight", lines.field(0)));
        const auto interest = lines.decimal(1, "open interest");
        if (!interest)
            return tl::unexpected(interest.error());
        if (interest->isNegative())
            return tl::unexpected(lines.error("open interest >= 0", lines.field(1)));
        recording.openInterest = Quantity(*interest);
    }
    if (lines.failed())
        return tl::unexpected(lines.error("a line of at most 4096 bytes", "a longer one"));
    return recording;
}

Quantity volumeOf(const Recording& recording)
{
    Quantity volume;
    for (const auto& bar : recording.bars) {
        const auto sum = volume.value().checkedAdd(bar.volume.value());
        if (!sum)
            return volume; // more than a number holds is busy enough
        volume = Quantity(*sum);
    }
    return volume;
}

/// How a contract ranks among others: by what was traded, then by how often it was quoted.
struct Activity {
    Quantity volume;
    std::size_t quotes = 0;
    friend auto operator<=>(const Activity&, const Activity&) = default;
};

} // namespace

bool namesContract(std::string_view name)
{
    const auto words = wordsOf(name);
    if (words.size() != kNameWords)
        return false;
    const auto right = lower(words[5]);
    return right == "call" || right == "put";
}

Result<Symbol> contractInName(std::string_view name)
{
    const auto words = wordsOf(name);
    const auto refuse = [&](std::string_view why) {
        return fail(ErrorKind::Invalid, "recording.contract_name",
                    fmt::format("{}: expected DATE_ROOT_minute_KIND_STYLE_call|put_STRIKE_EXPIRATION, "
                                "{}", name, why));
    };
    if (!namesContract(name))
        return refuse(fmt::format("was {} words", words.size()));
    const auto strike = strikeIn(words[6]);
    const auto& day = words[7];
    const auto expiration = day.size() == 8
        ? parseDate(fmt::format("{}-{}-{}", day.substr(0, 4), day.substr(4, 2), day.substr(6, 2)))
        : parseDate(day);
    if (!strike)
        return refuse(fmt::format("was strike '{}'", words[6]));
    if (!expiration)
        return refuse(fmt::format("was expiration '{}'", day));
    const auto symbol = symbolOf({std::string(words[1]), *expiration,
                                  lower(words[5]) == "put" ? OptionRight::Put : OptionRight::Call,
                                  *strike});
    if (!symbol)
        return refuse(symbol.error().detail);
    return symbol;
}

Result<std::vector<Recording>> parseChain(const std::vector<ZipEntry>& files)
{
    std::vector<Recording> recordings;
    for (const auto& file : files) {
        if (file.name.ends_with('/'))
            continue;
        const auto symbol = contractInName(file.name);
        if (!symbol)
            return tl::unexpected(symbol.error());
        const bool interest = lower(wordsOf(file.name)[3]) == "openinterest";
        auto recording = interest ? parseOpenInterest(file, *symbol)
                                  : parseLeanCsv(file.name, file.bytes, {*symbol, std::nullopt});
        if (!recording)
            return tl::unexpected(recording.error());
        if (recording->size() > 0)
            recordings.push_back(std::move(*recording));
    }
    return recordings;
}

Result<std::vector<Recording>> joinChain(std::vector<Recording> recordings)
{
    std::map<Symbol, Activity> activity;
    std::map<Symbol, Quantity> interest;
    for (const auto& recording : recordings) {
        const auto& symbol = recording.instrument.symbol;
        if (recording.kind == Recording::Kind::OpenInterest) {
            interest[symbol] = *recording.openInterest;
            continue;
        }
        auto& known = activity[symbol];
        known.volume = std::max(known.volume, volumeOf(recording));
        known.quotes += recording.quoteBars.size();
    }
    if (activity.empty() && !interest.empty())
        return fail(ErrorKind::Invalid, "recording.open_interest_alone",
                    fmt::format("{}: open interest of {} contracts has no prices to play; give the "
                                "quotes or the trades of the same day with it",
                                recordings.front().source, interest.size()));
    std::erase_if(recordings, [](const Recording& recording) {
        return recording.kind == Recording::Kind::OpenInterest;
    });
    for (auto& recording : recordings) {
        if (const auto known = interest.find(recording.instrument.symbol); known != interest.end())
            recording.openInterest = known->second;
    }
    std::ranges::stable_sort(recordings, [&](const Recording& a, const Recording& b) {
        const bool optionA = a.instrument.assetClass == AssetClass::Option;
        const bool optionB = b.instrument.assetClass == AssetClass::Option;
        if (optionA != optionB)
            return optionB;
        return optionA && activity[a.instrument.symbol] > activity[b.instrument.symbol];
    });
    return recordings;
}

} // namespace qd::exchange
