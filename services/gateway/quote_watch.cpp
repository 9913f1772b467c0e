#include "services/gateway/quote_watch.h"

#include <algorithm>

namespace qd::gateway {

QuoteWatch::QuoteWatch(market::MarketData& market, runtime::Executor& core,
                       const market::InstrumentDirectory* instruments)
    : m_market(market), m_core(core), m_instruments(instruments),
      m_subscription(market.subscribe([this](const market::MarketUpdate&) { look(); }))
{
}

/// While the directory is not loaded any symbol may be one.
bool QuoteWatch::mayBeListed(const Symbol& symbol) const
{
    return m_instruments == nullptr || m_instruments->size() == 0 ||
           m_instruments->find(symbol) != nullptr;
}

bool QuoteWatch::isKnown(const Symbol& symbol) const
{
    if (!mayBeListed(symbol)) return true; // no quote will ever come: that is known
    const auto* state = m_market.find(symbol);
    return state != nullptr && (state->hasQuote() || state->hasTrade());
}

void QuoteWatch::watch(const Symbol& symbol)
{
    const auto found = std::ranges::find(m_recent, symbol);
    if (found != m_recent.end()) {
        m_recent.splice(m_recent.begin(), m_recent, found);
        return;
    }
    m_recent.push_front(symbol);
    if (m_recent.size() > kSymbolsMax) m_recent.pop_back();
    market::Interest interest;
    interest.quotes.assign(m_recent.begin(), m_recent.end());
    // Refused only when the market room is full; the question is then judged without a quote.
    if (!m_subscription.replace(interest)) m_recent.pop_front();
}

void QuoteWatch::withQuote(const Symbol& symbol, std::function<void()> then)
{
    withQuotes({symbol}, std::move(then));
}

void QuoteWatch::withQuotes(const std::vector<Symbol>& symbols, std::function<void()> then)
{
    for (const auto& symbol : symbols)
        if (mayBeListed(symbol)) watch(symbol);
    if (std::ranges::all_of(symbols, [this](const Symbol& s) { return isKnown(s); })) return then();
    const auto entry = m_waiting.insert(m_waiting.end(), Waiting{symbols, std::move(then), {}});
    entry->timer = m_core.after(kWaitMax, [this, entry] {
        auto task = std::move(entry->then);
        m_waiting.erase(entry);
        task();
    });
}

void QuoteWatch::look()
{
    std::vector<std::function<void()>> ready;
    for (auto at = m_waiting.begin(); at != m_waiting.end();) {
        const bool known =
            std::ranges::all_of(at->symbols, [this](const Symbol& s) { return isKnown(s); });
        if (known) ready.push_back(std::move(at->then));
        at = known ? m_waiting.erase(at) : std::next(at);
    }
    for (const auto& task : ready) task();
}

} // namespace qd::gateway
