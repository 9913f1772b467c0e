#include "app/terminal/live_shot.h"

#include <functional>
#include <optional>

#include <QApplication>
#include <QElapsedTimer>
#include <QTemporaryDir>
#include <QTextStream>

#include "app/terminal/keys.h"
#include "app/terminal/own_world.h"
#include "app/terminal/people.h"
#include "ui/charts/chart_panel.h"
#include "ui/orders/order_ticket.h"
#include "ui/shell/main_window.h"
#include "ui/widgets/format.h"

namespace qd {

namespace {

constexpr int kLiveWithinMs = 45'000;
constexpr int kOrderWithinMs = 10'000;
constexpr int kSettleMs = 3'000;
constexpr int kTicksEnough = 100, kReplayedTicksEnough = 2; ///< a minute's bar has few

bool waitFor(const std::function<bool()>& done, int withinMs)
{
    QElapsedTimer patience;
    patience.start();
    while (!done() && patience.elapsed() < withinMs) {
        QApplication::processEvents(QEventLoop::AllEvents | QEventLoop::WaitForMoreEvents, 50);
    }
    return done();
}

/// A terminal with a world of its own in a folder that goes with it.
class LiveShot {
public:
    LiveShot(ui::Theme& theme, const Options& options)
        : m_options(options),
          m_session({}),
          m_desk(m_session, runtime::systemClock()),
          m_keys(options),
          m_people(m_session, options, m_keys.ofPeople()),
          m_window(m_desk, theme, runtime::systemRandom(), m_people.forWindow(m_embedded))
    {
        m_window.resize(1920, 1080);
        m_window.show();
        m_window.arrangeByDefault();
        m_desk.setWatchlist(firstWatchlist());
        m_desk.select(Symbol::of("SPY"));
        QObject::connect(&m_desk.quotes(), &ui::QuoteStore::quotesChanged, &m_window,
                         [this] { ++m_ticks; });
        client::EmbeddedBackend::Options settings = embeddedOptions(options);
        settings.dataFolder = m_data.path();
        m_embedded = embed(m_session, m_desk, std::move(settings));
        m_people.identity().beOwner();
        m_embedded->start();
        if (options.hasOwnSymbols()) listWhatIsTraded(m_session, m_desk);
    }

    bool take()
    {
        const bool done = fillTheDesk();
        ticket().setQuantity(m_refusal.isEmpty() ? QStringLiteral("150") : QStringLiteral("1"));
        // Let preview, previous closes and some trades come.
        waitFor([] { return false; }, kSettleMs);
        if (!m_refusal.isEmpty()) { // its answer belongs into the picture
            ticket().submit();
            waitFor([this] { return !ticket().message().isEmpty(); }, kOrderWithinMs);
        }
        m_window.arrangeByDefault();
        QApplication::processEvents();
        const QString path = m_options.shootFolder + QStringLiteral("/live.png");
        const bool saved = m_window.grab().save(path);
        if (!saved) m_remark = QStringLiteral("it could not be written");
        QTextStream(stdout) << path
                            << (m_remark.isEmpty() ? QString()
                                                   : QStringLiteral("  (%1)").arg(m_remark))
                            << Qt::endl;
        return saved && done;
    }

private:
    ui::OrderTicket& ticket() { return m_window.ticket(); }
    const client::QuoteFacts& quote()
    {
        return m_desk.quotes().at(m_desk.quotes().slotFor(m_desk.symbol()));
    }
    Price bid() { return quote().quote.bid; }
    /// Of a contract that nobody bids for, what was paid last, or what is asked.
    Price fairPrice()
    {
        if (!bid().isZero()) return bid();
        return quote().last.isZero() ? quote().quote.ask : quote().last;
    }
    bool isOption() const { return assetClassOf(m_desk.symbol()) == AssetClass::Option; }

    bool isPriced()
    {
        return !(quote().last.isZero() && bid().isZero() && quote().quote.ask.isZero());
    }

    /// Few contracts of a chain were ever traded; one that was makes the better picture.
    void lookAtWhatWasTraded()
    {
        if (!isOption() || !quote().last.isZero()) return;
        for (const Symbol& symbol : m_desk.watchlist()) {
            const int slot = m_desk.quotes().slotOf(symbol);
            if (slot >= 0 && !m_desk.quotes().at(slot).last.isZero()) return m_desk.select(symbol);
        }
    }

    bool isLive()
    {
        const auto& series = m_desk.bars().series(m_desk.chartKey());
        const int enough = m_options.replay.isEmpty() ? kTicksEnough : kReplayedTicksEnough;
        return m_desk.status().isOnline() && series.phase == ui::BarStore::Phase::Ready &&
               m_ticks > enough && isPriced();
    }

    /// Prices, orders of each kind and a fill; false, with a remark, when one of them did not come.
    bool fillTheDesk()
    {
        if (!waitFor([this] { return isLive(); }, kLiveWithinMs)) {
            return fails(QStringLiteral("no live prices came"));
        }
        lookAtWhatWasTraded();
        if (!waitFor([this] { return ticket().lockReason().isEmpty(); }, kOrderWithinMs)) {
            return fails(QStringLiteral("order entry is locked: ") + ticket().lockReason());
        }
        if (isOption()) return showRefusal();
        if (!send(OrderType::Market, "100", {})) return fails(whyNotTaken());
        if (!sendLimit("150", bid() - Price::of("0.05"))) return fails(whyNotTaken());
        if (!waitFor([this] { return m_desk.fills().count() > 0; }, kOrderWithinMs)) {
            return fails(QStringLiteral("no fill came"));
        }
        ticket().setExits(OrderClass::Bracket);
        ticket().setExitPrices(QStringLiteral("0.25%"), QStringLiteral("80t"));
        if (!sendLimit("50", bid() - Price::of("0.25"))) return fails(whyNotTaken());
        const auto isAnswered = [this] {
            const Order& bracket = m_desk.orders().at(m_desk.orders().count() - 1);
            return isOpen(bracket.state) || isClosed(bracket.state);
        };
        return waitFor(isAnswered, kOrderWithinMs) ||
               fails(QStringLiteral("the venue did not answer"));
    }

    /// Orders in options are not taken; that is what is shown, in the backend's own words.
    bool showRefusal()
    {
        if (sendLimit("1", fairPrice())) return true;
        m_refusal = ticket().message();
        if (m_refusal.isEmpty()) return fails(QStringLiteral("an order had no answer"));
        m_remark = QStringLiteral("prices only; an order in %1 was refused: %2")
                       .arg(ui::format::symbol(m_desk.symbol()), m_refusal);
        return true;
    }

    bool sendLimit(const char* quantity, Price price)
    {
        return send(OrderType::Limit, quantity, price);
    }

    /// True once the backend has taken charge, which the ticket shows by an empty quantity.
    bool send(OrderType type, const char* quantity, std::optional<Price> price)
    {
        const int before = m_desk.orders().count();
        ticket().setType(type);
        ticket().setQuantity(QString::fromLatin1(quantity));
        if (price) ticket().setPrice(*price);
        ticket().submit();
        const auto isTaken = [&] {
            return m_desk.orders().count() > before && ticket().draft().quantity.isEmpty();
        };
        waitFor([&] { return isTaken() || !ticket().message().isEmpty(); }, kOrderWithinMs);
        return isTaken();
    }

    QString whyNotTaken()
    {
        const QString why = ticket().message();
        return why.isEmpty() ? QStringLiteral("an order had no answer")
                             : QStringLiteral("an order was refused: ") + why;
    }

    bool fails(const QString& why)
    {
        m_remark = why;
        return false;
    }

    const Options& m_options;
    const QTemporaryDir m_data;
    client::NetSession m_session;
    ui::Desk m_desk;
    TerminalKeys m_keys;
    TerminalPeople m_people;
    ui::MainWindow m_window;
    std::unique_ptr<client::EmbeddedBackend> m_embedded;
    int m_ticks = 0;
    QString m_remark, m_refusal;
};

} // namespace

bool shootLive(ui::Theme& theme, const Options& options)
{
    return LiveShot(theme, options).take();
}

} // namespace qd
