#include "services/exchange/recording.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <fmt/format.h>

#include "models/market/option_contract.h"
#include "services/exchange/compressed.h"
#include "services/exchange/recording_chain.h"
#include "services/exchange/text.h"

namespace qd::exchange {

namespace {

/// A row of a chain is kept as it was read and as an event: together about 250 bytes.
constexpr std::size_t kMaxChainRows = 4'000'000;

Result<std::string> readWhole(const std::string& path)
{
    std::ifstream file(path, std::ios::binary | std::ios::ate);
    if (!file)
        return fail(ErrorKind::NotFound, "recording.not_found", "cannot open " + path);
    const auto size = static_cast<std::streamoff>(file.tellg());
    if (size < 0 || static_cast<std::size_t>(size) > kMaxUnpackedBytes)
        return fail(ErrorKind::Invalid, "recording.too_large", path + " is not a usable file");
    std::string bytes(static_cast<std::size_t>(size), '\0');
    file.seekg(0);
    file.read(bytes.data(), size);
    if (!file)
        return fail(ErrorKind::Unavailable, "recording.unreadable", "cannot read " + path);
    return bytes;
}

/// Lean's rows begin with milliseconds since midnight, or with "yyyymmdd hh:mm".
bool looksLean(std::string_view text)
{
    const auto line = text.substr(0, text.find('\n'));
    const auto first = line.substr(0, line.find(','));
    const auto commas = std::count(line.begin(), line.end(), ',');
    const bool number = !first.empty() && std::all_of(first.begin(), first.end(), [](char c) {
        return std::isdigit(static_cast<unsigned char>(c)) != 0;
    });
    const bool day = first.size() == 14 && first[8] == ' ' && first[11] == ':';
    return (day && commas == 5) || (number && first.size() <= 8 && (commas == 5 || commas == 10));
}

/// "34200.004241176,1,16113575,18,5853300,1"
bool looksLobster(std::string_view text)
{
    const auto line = text.substr(0, text.find('\n'));
    const auto comma = line.find(',');
    if (comma == std::string_view::npos || std::count(line.begin(), line.end(), ',') < 5)
        return false;
    const auto point = line.substr(0, comma).find('.');
    return point != std::string_view::npos && comma + 2 < line.size() && line[comma + 1] >= '1'
           && line[comma + 1] <= '7' && line[comma + 2] == ',';
}

bool isArchive(std::string_view bytes)
{
    return bytes.starts_with("PK\x03\x04") || bytes.starts_with("PK\x05\x06");
}

bool holdsContracts(const std::vector<ZipEntry>& entries)
{
    return std::ranges::any_of(entries,
                               [](const ZipEntry& entry) { return namesContract(entry.name); });
}

tl::unexpected<Error> refuseArchive(std::string_view name, const std::vector<ZipEntry>& entries)
{
    if (holdsContracts(entries))
        return fail(ErrorKind::Invalid, "recording.option_chain",
                    fmt::format("{}: expected one instrument, was a chain of {} option contracts",
                                name, entries.size()));
    return fail(ErrorKind::Invalid, "recording.unknown_kind",
                fmt::format("{}: expected one file in the archive, was {}", name, entries.size()));
}

/// The chain in a file, or nothing if it is none.
Result<std::vector<Recording>> chainIn(const std::string& path)
{
    const auto bytes = readWhole(path);
    if (!bytes)
        return tl::unexpected(bytes.error());
    if (!isArchive(*bytes))
        return std::vector<Recording>();
    const auto files = readZip(*bytes);
    if (!files)
        return tl::unexpected(files.error());
    if (!holdsContracts(*files))
        return std::vector<Recording>();
    auto chain = parseChain(*files);
    if (!chain)
        return chain;
    for (auto& recording : *chain)
        recording.source = path;
    if (chain->empty())
        return fail(ErrorKind::Invalid, "recording.unknown_kind",
                    path + ": no contract in it has a row");
    return chain;
}

/// The file of true books that LOBSTER writes beside the messages.
void addFirstBook(Recording& recording, const std::string& path)
{
    namespace fs = std::filesystem;
    const auto name = fs::path(path).filename().string();
    const auto at = name.find("message");
    if (at == std::string::npos)
        return;
    std::error_code problem;
    for (const auto& entry : fs::directory_iterator(fs::path(path).parent_path(), problem)) {
        const auto other = entry.path().filename().string();
        const auto kind = lower(other);
        const bool beside = other.substr(0, at) == name.substr(0, at)
                            && contains(kind.substr(std::min(at, kind.size())), "book");
        if (!beside)
            continue;
        const auto text = readWhole(entry.path().string());
        if (!text)
            continue;
        auto book = parseLobsterBook(other, *text);
        if (book)
            recording.firstBook = std::move(*book);
    }
}

} // namespace

std::size_t Recording::size() const
{
    switch (kind) {
    case Kind::Trades: return trades.size();
    case Kind::Bars: return bars.size();
    case Kind::QuoteBars: return quoteBars.size();
    case Kind::BookMessages: return messages.size();
    case Kind::OpenInterest: return openInterest ? 1 : 0;
    }
    return 0;
}

Timestamp Recording::begin() const
{
    if (size() == 0)
        return {};
    switch (kind) {
    case Kind::Trades: return trades.front().time;
    case Kind::Bars: return bars.front().start;
    case Kind::QuoteBars: return quoteBars.front().start;
    case Kind::BookMessages: return messages.front().time;
    case Kind::OpenInterest: return {};
    }
    return {};
}

Timestamp Recording::end() const
{
    if (size() == 0)
        return {};
    switch (kind) {
    case Kind::Trades: return trades.back().time;
    case Kind::Bars: return bars.back().start + barLength;
    case Kind::QuoteBars: return quoteBars.back().start + barLength;
    case Kind::BookMessages: return messages.back().time;
    case Kind::OpenInterest: return {};
    }
    return {};
}

Instrument recordedInstrument(const Symbol& symbol)
{
    Instrument instrument;
    instrument.symbol = symbol;
    instrument.name = symbol.text() + " (recorded)";
    instrument.fractionable = true;
    if (contains(symbol.text(), "/")) {
        instrument.assetClass = AssetClass::Crypto;
        instrument.exchange = "CRYPTO";
        instrument.lotSize = Quantity::fromUnits(1);
        instrument.minQuantity = Quantity::of("0.00001");
        return instrument;
    }
    if (const auto contract = optionContractOf(symbol)) {
        instrument.assetClass = AssetClass::Option;
        instrument.name = toString(*contract);
        instrument.exchange = "OPRA";
        instrument.fractionable = false;
        return instrument;
    }
    instrument.exchange = "ARCA";
    instrument.shortable = instrument.marginable = true;
    return instrument;
}

Result<Recording> parseRecording(std::string_view name, std::string_view bytes,
                                 const RecordingHints& hints)
{
    if (isArchive(bytes)) {
        auto entries = readZip(bytes);
        if (!entries)
            return tl::unexpected(entries.error());
        if (entries->size() != 1 || holdsContracts(*entries))
            return refuseArchive(name, *entries);
        const auto& entry = entries->front();
        return parseRecording(entry.name, entry.bytes, hints);
    }
    if (bytes.starts_with("\x1f\x8b")) {
        const auto text = gunzip(bytes);
        if (!text)
            return tl::unexpected(text.error());
        return parseRecording(name.ends_with(".gz") ? name.substr(0, name.size() - 3) : name, *text,
                              hints);
    }
    if (looksLobster(bytes))
        return parseLobster(name, bytes, hints);
    if (looksLean(bytes))
        return parseLeanCsv(name, bytes, hints);
    return parseOhlcvCsv(name, bytes, hints);
}

Result<Recording> openRecording(const std::string& path, const RecordingHints& hints)
{
    const auto bytes = readWhole(path);
    if (!bytes)
        return tl::unexpected(bytes.error());
    const auto name = std::filesystem::path(path).filename().string();
    auto recording = parseRecording(name, *bytes, hints);
    if (!recording)
        return recording;
    recording->source = path;
    if (recording->kind == Recording::Kind::BookMessages)
        addFirstBook(*recording, path);
    return recording;
}

Result<std::vector<Recording>> openMarket(const std::vector<std::string>& paths)
{
    std::vector<Recording> all;
    std::size_t rows = 0;
    for (const auto& path : paths) {
        auto chain = chainIn(path);
        if (!chain)
            return chain;
        if (chain->empty()) {
            auto recording = openRecording(path);
            if (!recording)
                return tl::unexpected(recording.error());
            chain->push_back(std::move(*recording));
        } else {
            for (const auto& recording : *chain)
                rows += recording.size();
        }
        if (rows > kMaxChainRows)
            return fail(ErrorKind::Invalid, "recording.too_large",
                        fmt::format("{}: expected at most {} rows of contracts, was more", path,
                                    kMaxChainRows));
        std::ranges::move(*chain, std::back_inserter(all));
    }
    return joinChain(std::move(all));
}

} // namespace qd::exchange
