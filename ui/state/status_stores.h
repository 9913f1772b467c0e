#pragma once

#include <deque>
#include <optional>
#include <vector>

#include <QObject>

#include "services/client/facts.h"
#include "services/runtime/clock.h"

namespace qd::ui {

/// The account's figures, once they have come.
class AccountStore : public QObject {
    Q_OBJECT
public:
    using QObject::QObject;
    const std::optional<client::AccountFacts>& account() const { return m_account; }
    void set(const client::AccountFacts& account);

Q_SIGNALS:
    void accountChanged();

private:
    std::optional<client::AccountFacts> m_account;
};

/// May orders go out, and does our picture agree with the broker's?
class TradingStore : public QObject {
    Q_OBJECT
public:
    using QObject::QObject;
    const client::TradingFacts& trading() const { return m_trading; }
    /// Entries are refused until somebody decides about a difference with the broker.
    bool isBlocked() const;
    bool isHalted() const { return m_trading.state == client::TradingState::Halted; }
    void set(const client::TradingFacts& trading);

Q_SIGNALS:
    void tradingChanged();

private:
    client::TradingFacts m_trading;
};

/// The link to the backend, its feeds and brokers, and the market's session.
class StatusStore : public QObject {
    Q_OBJECT
public:
    explicit StatusStore(const runtime::Clock& clock, QObject* parent = nullptr);
    const client::LinkFacts& link() const { return m_link; }
    const client::StatusReport& report() const { return m_report; }
    const client::MarketFacts& market() const { return m_market; }
    bool isOnline() const { return m_link.state == client::LinkState::Online; }
    /// When anything was last heard from the backend; unset before the first report.
    Timestamp reportTime() const { return m_reportTime; }
    /// Age of a feed now: what it told, plus the time since it told.
    Duration ageOf(const client::FeedFacts& feed) const;
    /// All prices are to be distrusted: no link, or every feed is down or stale.
    bool isStale() const;
    /// How old the newest price can be at best.
    Duration staleFor() const;
    bool isBreakerOpen() const;

    void setLink(const client::LinkFacts& link);
    void setReport(const client::StatusReport& report);
    void setMarket(const client::MarketFacts& market);

Q_SIGNALS:
    void linkChanged();
    void statusChanged();
    void marketChanged();

private:
    const runtime::Clock& m_clock;
    client::LinkFacts m_link;
    client::StatusReport m_report;
    client::MarketFacts m_market;
    Timestamp m_reportTime;
    Timestamp m_offlineSince;
};

/// What happened, in the order it was told: the event log, and notices among it.
class NoticeStore : public QObject {
    Q_OBJECT
public:
    static constexpr int kLinesMax = 2000;
    using QObject::QObject;
    struct Line {
        Timestamp time;
        std::uint64_t sequence = 0; ///< 0: made here, not in the backend's log
        QString kind;
        QString title, text;
        QString traceId; ///< of the request behind it, if it was told
        client::Severity severity = client::Severity::Info;
        bool isNotice = false; ///< wants to be seen now
    };
    int count() const { return int(m_lines.size()); }
    const Line& at(int item) const { return m_lines[std::size_t(item)]; }
    int noticeCount() const;
    void add(Line line);
    void clear();

Q_SIGNALS:
    void lineAdded(int item);
    void storeReset();

private:
    std::vector<Line> m_lines;
};

} // namespace qd::ui
