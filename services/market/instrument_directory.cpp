#include "services/market/instrument_directory.h"

#include <algorithm>
#include <array>
#include <deque>
#include <optional>
#include <tuple>
#include <unordered_map>

namespace qd::market {

namespace {

/// Longest text that is looked for; more is nobody's symbol or name.
constexpr std::size_t kQueryMax = 64;

std::string lower(std::string_view text)
{
    std::string result(text.substr(0, std::min(text.size(), kQueryMax * 4)));
    for (char& c : result)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return result;
}

bool isWordCharacter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 128;
}

std::vector<std::string_view> wordsOf(std::string_view text)
{
    std::vector<std::string_view> words;
    for (std::size_t at = 0; at < text.size();) {
        std::size_t end = at;
        while (end < text.size() && isWordCharacter(text[end])) ++end;
        if (end > at) words.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return words;
}

/// Letters and digits alone: "BRK.B", "BRK-B" and "brk b" are one.
std::string squash(std::string_view lowered)
{
    std::string result;
    for (const char c : lowered)
        if (isWordCharacter(c)) result += c;
    return result;
}

/// How many of `words` are whole words of `text`.
int wholeWords(std::string_view text, const std::vector<std::string_view>& words)
{
    const auto known = wordsOf(text);
    return static_cast<int>(std::count_if(words.begin(), words.end(), [&](auto word) {
        return std::find(known.begin(), known.end(), word) != known.end();
    }));
}

bool anyWordBegins(std::string_view text, std::string_view beginning)
{
    for (const std::string_view word : wordsOf(text))
        if (word.starts_with(beginning)) return true;
    return false;
}

/// Insertions, deletions, changes and swaps of neighbours between `a` and `b`; anything over 2 is 3.
int editDistance(std::string_view a, std::string_view b)
{
    constexpr std::size_t kMax = Symbol::kMaxLength;
    constexpr int kFar = 3;
    if (a.size() > kMax || b.size() > kMax) return kFar;
    if (a.size() > b.size() + 2 || b.size() > a.size() + 2) return kFar;
    std::array<std::array<int, kMax + 1>, 3> rows{};
    for (std::size_t j = 0; j <= b.size(); ++j) rows[0][j] = static_cast<int>(j);
    for (std::size_t i = 1; i <= a.size(); ++i) {
        auto& row = rows[i % 3];
        const auto& above = rows[(i - 1) % 3];
        row[0] = static_cast<int>(i);
        int least = row[0];
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const int change = a[i - 1] == b[j - 1] ? 0 : 1;
            row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + change});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = std::min(row[j], rows[(i - 2) % 3][j - 2] + 1);
            least = std::min(least, row[j]);
        }
        if (least >= kFar) return kFar;
    }
    return std::min(kFar, rows[a.size() % 3][b.size()]);
}

} // namespace

struct InstrumentDirectory::State {
    struct Entry {
        Instrument instrument;
        std::string symbol;   ///< lower case
        std::string squashed; ///< its letters and digits
        std::string name;     ///< lower case
    };
    /// Lower is better; nothing: no match.
    static std::optional<int> searchRank(const Entry& entry, const std::string& query,
                                         const std::vector<std::string_view>& words);
    static std::optional<int> nearRank(const Entry& entry, const std::string& text,
                                       const std::string& squashed);
    /// The entries that `rank` gives a rank, best first.
    template <typename Rank>
    std::vector<const Entry*> ranked(Rank&& rank, std::size_t limit) const;

    void put(Instrument instrument);

    std::deque<Entry> entries; ///< in the broker's order; adding one moves no other
    std::unordered_map<Symbol, std::size_t> bySymbol;
    std::deque<Symbol> added; ///< oldest first
};

void InstrumentDirectory::State::put(Instrument instrument)
{
    const auto [at, isNew] = bySymbol.try_emplace(instrument.symbol, entries.size());
    if (isNew) entries.emplace_back();
    Entry& entry = entries[at->second];
    entry.symbol = lower(instrument.symbol.text());
    entry.squashed = squash(entry.symbol);
    entry.name = lower(instrument.name);
    entry.instrument = std::move(instrument);
}

std::optional<int> InstrumentDirectory::State::searchRank(
    const Entry& entry, const std::string& query, const std::vector<std::string_view>& words)
{
    constexpr int kNamed = 2, kContains = 1000;
    if (entry.symbol == query || entry.squashed == query) return 0;
    if (entry.symbol.starts_with(query)) return 1;
    const bool named = !words.empty() && std::all_of(words.begin(), words.end(), [&](auto word) {
        return anyWordBegins(entry.name, word);
    });
    // Of two names that begin with the words, the one that has more of them whole.
    if (named) return kNamed + static_cast<int>(words.size()) - wholeWords(entry.name, words);
    if (entry.name.find(query) != std::string::npos) return kContains;
    if (entry.symbol.find(query) != std::string::npos) return kContains;
    return std::nullopt;
}

std::optional<int> InstrumentDirectory::State::nearRank(const Entry& entry, const std::string& text,
                                                        const std::string& squashed)
{
    if (entry.squashed == squashed) return 0;
    const int distance = editDistance(entry.squashed, squashed);
    if (distance == 1 && squashed.size() >= 2) return 1;
    const bool sameBeginning =
        squashed.size() >= 2 &&
        (entry.squashed.starts_with(squashed) ||
         (entry.squashed.size() >= 3 && squashed.starts_with(entry.squashed)));
    if (text.size() >= 3 && anyWordBegins(entry.name, text)) return 2;
    if (sameBeginning) return 3;
    if (distance == 2 && squashed.size() >= 4) return 4;
    return std::nullopt;
}

template <typename Rank>
std::vector<const InstrumentDirectory::State::Entry*> InstrumentDirectory::State::ranked(
    Rank&& rank, std::size_t limit) const
{
    struct Match {
        int rank;
        const Entry* entry;
        auto key() const
        {
            return std::tuple(rank, !entry->instrument.tradable, entry->symbol.size(),
                              std::string_view(entry->symbol));
        }
    };
    std::vector<Match> matches;
    for (const Entry& entry : entries)
        if (const auto found = rank(entry)) matches.push_back({*found, &entry});
    const std::size_t count = std::min({limit, kResultsMax, matches.size()});
    std::partial_sort(matches.begin(), matches.begin() + static_cast<std::ptrdiff_t>(count),
                      matches.end(),
                      [](const Match& a, const Match& b) { return a.key() < b.key(); });
    std::vector<const Entry*> best;
    best.reserve(count);
    for (std::size_t i = 0; i < count; ++i) best.push_back(matches[i].entry);
    return best;
}

InstrumentDirectory::InstrumentDirectory() : m_state(std::make_shared<State>()) {}

InstrumentDirectory::~InstrumentDirectory() = default;

void InstrumentDirectory::load(std::vector<Instrument> instruments)
{
    auto& added = m_state->added;
    while (added.size() > kAddedMax) added.pop_front();
    std::vector<Instrument> kept;
    for (const Symbol& symbol : added) kept.push_back(*find(symbol));
    m_state->entries.clear();
    m_state->bySymbol.clear();
    for (Instrument& instrument : instruments) m_state->put(std::move(instrument));
    std::erase_if(added, [this](const Symbol& symbol) { return find(symbol) != nullptr; });
    for (Instrument& instrument : kept)
        if (find(instrument.symbol) == nullptr) m_state->put(std::move(instrument));
}

bool InstrumentDirectory::add(Instrument instrument)
{
    if (find(instrument.symbol) == nullptr) {
        if (m_state->added.size() >= 2 * kAddedMax) return false;
        m_state->added.push_back(instrument.symbol);
    }
    m_state->put(std::move(instrument));
    return true;
}

void InstrumentDirectory::refresh(brokers::Broker& broker,
                                  std::function<void(Result<std::size_t>)> done)
{
    broker.listInstruments([this, state = std::weak_ptr<State>(m_state), done = std::move(done)](
                               Result<std::vector<Instrument>> instruments) {
        if (state.expired()) return;
        if (!instruments) return done(tl::unexpected<Error>(std::move(instruments.error())));
        load(std::move(*instruments));
        done(size());
    });
}

std::size_t InstrumentDirectory::size() const
{
    return m_state->entries.size();
}

const Instrument* InstrumentDirectory::find(const Symbol& symbol) const
{
    const auto found = m_state->bySymbol.find(symbol);
    return found == m_state->bySymbol.end() ? nullptr
                                            : &m_state->entries[found->second].instrument;
}

std::vector<const Instrument*> InstrumentDirectory::first(std::size_t limit) const
{
    std::vector<const Instrument*> instruments;
    for (const State::Entry& entry : m_state->entries) {
        if (instruments.size() >= std::min(limit, kResultsMax)) break;
        if (entry.instrument.tradable) instruments.push_back(&entry.instrument);
    }
    return instruments;
}

std::vector<const Instrument*> InstrumentDirectory::search(std::string_view query,
                                                           std::size_t limit) const
{
    std::string wanted = lower(query.substr(0, std::min(query.size(), kQueryMax)));
    while (!wanted.empty() && wanted.back() == ' ') wanted.pop_back();
    wanted.erase(0, std::min(wanted.find_first_not_of(' '), wanted.size()));
    if (wanted.empty()) return first(limit);
    const auto words = wordsOf(wanted);
    const auto best = m_state->ranked(
        [&](const State::Entry& entry) { return State::searchRank(entry, wanted, words); }, limit);
    std::vector<const Instrument*> instruments;
    instruments.reserve(best.size());
    for (const State::Entry* entry : best) instruments.push_back(&entry->instrument);
    return instruments;
}

std::vector<Symbol> InstrumentDirectory::near(std::string_view text, std::size_t limit) const
{
    const std::string wanted = lower(text.substr(0, std::min(text.size(), kQueryMax)));
    const std::string squashed = squash(wanted);
    if (squashed.empty()) return {};
    const auto best = m_state->ranked(
        [&](const State::Entry& entry) { return State::nearRank(entry, wanted, squashed); }, limit);
    std::vector<Symbol> symbols;
    symbols.reserve(best.size());
    for (const State::Entry* entry : best) symbols.push_back(entry->instrument.symbol);
    return symbols;
}

Result<const Instrument*> InstrumentDirectory::require(const Symbol& symbol) const
{
    if (const Instrument* instrument = find(symbol)) return instrument;
    std::string detail = "no instrument \"" + symbol.text() + "\"";
    std::string separator = "; did you mean ";
    for (const Symbol& candidate : near(symbol.text())) {
        detail += separator + candidate.text();
        separator = ", ";
    }
    return fail(ErrorKind::NotFound, "market.unknown_symbol", std::move(detail), "symbol");
}

} // namespace qd::market
