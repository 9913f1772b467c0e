#pragma once

#include <functional>
#include <unordered_map>

#include <QTimer>

#include "services/client/session.h"
#include "ui/state/bar_store.h"
#include "ui/state/order_store.h"
#include "ui/state/position_store.h"
#include "ui/state/quote_store.h"
#include "ui/state/status_stores.h"

namespace qd::ui {

/// Everything the terminal knows, and what it looks at now: the stores, fed by one session, the
/// watchlist, the selected symbol. Views ask it; nothing here blocks or paints. GUI thread.
class Desk : public QObject {
    Q_OBJECT
public:
    static constexpr std::size_t kWatchlistsMax = 20;
    struct Watchlist {
        QString name;
        std::vector<Symbol> symbols;
        friend bool operator==(const Watchlist&, const Watchlist&) = default;
    };

    Desk(client::Session& session, const runtime::Clock& clock, QObject* parent = nullptr);

    client::Session& session() { return m_session; }
    const runtime::Clock& clock() const { return m_clock; }
    QuoteStore& quotes() { return m_quotes; }
    BarStore& bars() { return m_bars; }
    OrderStore& orders() { return m_orders; }
    const OrderStore& orders() const { return m_orders; }
    FillStore& fills() { return m_fills; }
    PositionStore& positions() { return m_positions; }
    AccountStore& account() { return m_account; }
    TradingStore& trading() { return m_trading; }
    StatusStore& status() { return m_status; }
    NoticeStore& notices() { return m_notices; }

    /// Whether who sits here may send orders at all; looking is another matter.
    bool mayTrade() const { return m_mayTrade; }
    void setMayTrade(bool mayTrade);

    /// The account orders are for; empty until the backend named it.
    AccountId accountId() const;
    bool isSynchronised() const { return m_synchronised; }

    /// The symbols of the list that is shown.
    const std::vector<Symbol>& watchlist() const { return m_watchlists[m_shownList].symbols; }
    void setWatchlist(std::vector<Symbol> symbols);
    void watch(const Symbol& symbol);
    void unwatch(const Symbol& symbol);

    /// Named lists, at least one and at most kWatchlistsMax; one of them is shown.
    const std::vector<Watchlist>& watchlists() const { return m_watchlists; }
    std::size_t shownWatchlist() const { return m_shownList; }
    /// An empty vector leaves things as they are.
    void setWatchlists(std::vector<Watchlist> lists, std::size_t shown);
    void showWatchlist(std::size_t index);
    /// A new, empty list, shown at once. False if there are too many or the name is taken or empty.
    bool addWatchlist(const QString& name);
    bool renameWatchlist(const QString& name);
    /// The shown one; the last that is left stays.
    void removeWatchlist();

    const Symbol& symbol() const { return m_symbol; }
    BarInterval interval() const { return m_interval; }
    BarStore::Key chartKey() const { return {m_symbol, m_interval}; }
    void select(const Symbol& symbol);
    void setInterval(BarInterval interval);
    void refetchBars();

    /// What is known of a symbol's contract; defaults until the backend answered.
    const Instrument& instrument(const Symbol& symbol) const;
    void learn(const Instrument& instrument);
    /// Decimals to show a symbol's prices with.
    int placesOf(const Symbol& symbol) const;

    /// How far a symbol's price may be believed, link and feeds included.
    Freshness freshnessOf(const Symbol& symbol) const;
    bool isUsable(const Symbol& symbol) const;
    /// Whether this symbol's market is open around the clock; its days are UTC's then.
    bool neverCloses(const Symbol& symbol) const;

    /// Tell the person at the desk something that happened here.
    void tell(client::Severity severity, const QString& title, const QString& text);

Q_SIGNALS:
    void symbolChanged();
    void intervalChanged();
    void watchlistChanged();
    void instrumentLearned(const qd::Symbol& symbol);
    void rightsChanged();
    /// A few times a second: ages and countdowns move on.
    void heartbeat();
    /// Put this price into the ticket: a click on the chart or the quote panel.
    void pricePicked(const qd::Price& price);
    /// Open the ticket for this side.
    void ticketWanted(qd::Side side);

private:
    void connectSession();
    void takeLink(const client::LinkFacts& link);
    void takeSnapshot(const client::Snapshot& snapshot);
    void takeEvents(const std::vector<client::StreamEvent>& events);
    /// `before`: what was known of trading until this event.
    void logEvent(const client::StreamEvent& event, const client::TradingFacts& before);
    void catchUp(std::uint64_t after, std::uint64_t until);
    bool isNameFree(const QString& name) const;
    void renewSubscription();
    void fetchMissing();
    void fetchQuotes(const std::vector<Symbol>& symbols);
    void fetchSpark(const Symbol& symbol);
    void lookUp(const Symbol& symbol);

    client::Session& m_session;
    const runtime::Clock& m_clock;
    QuoteStore m_quotes;
    BarStore m_bars;
    OrderStore m_orders;
    FillStore m_fills;
    PositionStore m_positions;
    AccountStore m_account;
    TradingStore m_trading;
    StatusStore m_status;
    NoticeStore m_notices;
    std::vector<Watchlist> m_watchlists;
    std::size_t m_shownList = 0;
    Symbol m_symbol;
    BarInterval m_interval = BarInterval::Minute1;
    std::unordered_map<Symbol, Instrument> m_instruments;
    client::WishList m_wishes;
    QTimer m_heartbeat;
    QTimer m_renewSoon;
    bool m_synchronised = false;
    bool m_mayTrade = true;
    bool m_wasReplayed = false;   ///< since the last loss no snapshot was needed
    std::uint64_t m_sequence = 0; ///< of the newest line that the log here has
};

} // namespace qd::ui
