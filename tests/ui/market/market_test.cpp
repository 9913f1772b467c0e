#include <QApplication>
#include <QSignalSpy>
#include <QTest>

#include "tests/qt/suite.h"
#include "tests/ui/desk_stage.h"
#include "tests/ui/painted.h"
#include "ui/market/quote_panel.h"
#include "ui/market/watchlist_view.h"

using namespace qd;
using namespace qd::ui;

namespace {

struct Panel : test::DeskStage {
    Panel() : panel(desk, theme)
    {
        panel.resize(320, 240);
        panel.show();
        (void)QTest::qWaitForWindowExposed(&panel);
    }
    QString value(const char* caption)
    {
        for (const ValueRow* row : panel.findChildren<ValueRow*>())
            if (row->accessibleName() == QLatin1String(caption)) return row->value();
        return QStringLiteral("no such row");
    }
    QuoteSide& side(const char* name) { return *panel.findChild<QuoteSide*>(QLatin1String(name)); }
    void quote(const char* bid, const char* ask)
    {
        client::MarketBatch batch;
        client::QuoteTick& tick = batch.quotes.emplace_back();
        tick.symbol = desk.symbol();
        tick.last = Price::of("512.31");
        tick.bid = Price::of(bid);
        tick.ask = Price::of(ask);
        tick.bidSize = Quantity::of("300");
        tick.askSize = Quantity::of("1200");
        tick.lastSize = Quantity::of("50");
        tick.volume = Quantity::of("35700000");
        tick.eventTime = tick.receiveTime = clock.now();
        Q_EMIT session.marketArrived(batch);
    }
    QuotePanel panel;
};

struct List : test::DeskStage {
    List() : view(desk, theme)
    {
        view.resize(360, 500);
        view.show();
        (void)QTest::qWaitForWindowExposed(&view);
        open();
    }
    Cell cell(const char* symbol, int column)
    {
        return view.model().cellOf(view.model().itemOf(Symbol::of(symbol)), column);
    }
    WatchlistView view;
};

} // namespace

/// The quote panel and the watchlist say what the feed said, and how far it can be believed.
class MarketTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void theQuoteIsShownToTheCent()
    {
        Panel stage;
        stage.open();
        stage.quote("512.29", "512.34");
        QCOMPARE(stage.value("Spread"), QStringLiteral("0.05"));
        QCOMPARE(stage.value("Mid"), QStringLiteral("512.315"));
        QCOMPARE(stage.value("Prev close"), QStringLiteral("510.16"));
        QCOMPARE(stage.value("Volume"), QStringLiteral("35.7M"));
        QCOMPARE(stage.value("Last size"), QStringLiteral("50"));
        QCOMPARE(stage.value("Source"), QStringLiteral("scripted"));
        const QString painted = test::everythingPainted(stage.panel);
        for (const char* text : {"512.29", "512.34", "BID  × 300", "ASK  × 1,200", "35.7M"})
            QVERIFY2(painted.contains(QString::fromUtf8(text)), qPrintable(painted));
    }

    void nothingKnownIsADashAndNotAZero()
    {
        Panel stage;
        QCOMPARE(stage.value("Spread"), QStringLiteral("–"));
        QCOMPARE(stage.value("Volume"), QStringLiteral("–"));
        QCOMPARE(stage.value("Age"), QStringLiteral("no data"));
        stage.open();
        stage.quote("512.29", "0");
        QCOMPARE(stage.value("Spread"), QStringLiteral("–")); // of one side there is none
        QCOMPARE(stage.value("Mid"), QStringLiteral("–"));
    }

    void aPressPutsTheSidesPriceIntoTheTicket()
    {
        Panel stage;
        stage.open();
        stage.quote("512.29", "512.34");
        std::vector<Price> picked;
        connect(&stage.desk, &Desk::pricePicked, this,
                [&](const Price& price) { picked.push_back(price); });
        QTest::mouseClick(&stage.side("quoteBid"), Qt::LeftButton);
        QTest::keyClick(&stage.side("quoteAsk"), Qt::Key_Space);
        QCOMPARE(picked, (std::vector<Price>{Price::of("512.29"), Price::of("512.34")}));
    }

    void ageGrowsAndAStaleQuoteIsGrey()
    {
        Panel stage;
        stage.open();
        stage.quote("512.29", "512.34");
        const auto inkOf = [&](const QString& text) {
            for (const test::PaintedText& one : test::paintedTexts(stage.panel))
                if (one.text == text) return one.ink;
            return QColor();
        };
        QCOMPARE(inkOf(QStringLiteral("512.29")), stage.theme.colors().up);
        stage.clock.advance(std::chrono::milliseconds(6400));
        Q_EMIT stage.desk.heartbeat();
        QCOMPARE(stage.value("Age"), QStringLiteral("6.4 s"));
        stage.session.goStale(std::chrono::milliseconds(6400));
        QCOMPARE(inkOf(QStringLiteral("512.29")), stage.theme.colors().text3);
        QCOMPARE(inkOf(QStringLiteral("512.34")), stage.theme.colors().text3);
    }

    /// The contract is all that tells one row from the next: not a letter of it may be cut.
    void optionsNamesAreNeverCut()
    {
        List stage;
        const std::vector<Symbol> contracts = {
            Symbol::of("GOOG151224C00750000"), Symbol::of("GOOG151224P00752500"),
            Symbol::of("GOOGL151224P01752500"), Symbol::of("SPXW260918C10002500")};
        stage.desk.setWatchlist(contracts);
        for (const Symbol& contract : contracts) {
            client::MarketBatch batch;
            client::QuoteTick& tick = batch.quotes.emplace_back();
            tick.symbol = contract;
            tick.last = tick.bid = tick.ask = Price::of("1234.55");
            tick.eventTime = tick.receiveTime = stage.clock.now();
            Q_EMIT stage.session.marketArrived(batch);
        }
        for (const char* name : {"GOOG 750C 24Dec15", "GOOG 752.5P 24Dec15",
                                 "GOOGL 1752.5P 24Dec15", "SPXW 10002.5C 18Sep26"}) {
            QVERIFY2(test::timesPainted(stage.view, QString::fromLatin1(name)) == 1,
                     qPrintable(test::everythingPainted(stage.view)));
        }
        QVERIFY2(test::timesPainted(stage.view, QStringLiteral("1,234.55")) == 4,
                 "the price must not give way");
    }

    void aListWithoutOptionsGivesTheRoomBack()
    {
        List stage;
        const auto room = [&] {
            return stage.view.model().columns()[WatchlistTableModel::LastColumn].width;
        };
        const int before = room();
        stage.desk.setWatchlist({Symbol::of("GOOG151224P00752500")});
        QVERIFY(room() < before);
        stage.desk.setWatchlist({Symbol::of("SPY")});
        QCOMPARE(room(), before);
    }

    void aStaleSymbolTellsItsAgeAndAHaltedOneItsHalt()
    {
        List stage;
        QCOMPARE(stage.cell("AAPL", WatchlistTableModel::SymbolColumn).badge, QString());
        const auto tellFreshness = [&](const char* symbol, Freshness freshness) {
            client::MarketBatch batch;
            client::QuoteTick& tick = batch.quotes.emplace_back();
            tick.symbol = Symbol::of(symbol);
            tick.last = tick.bid = tick.ask = Price::of("172.62");
            tick.eventTime = tick.receiveTime = stage.clock.now();
            tick.freshness = freshness;
            Q_EMIT stage.session.marketArrived(batch);
        };
        tellFreshness("AAPL", Freshness::Stale);
        tellFreshness("MSFT", Freshness::Halted);
        stage.clock.advance(std::chrono::milliseconds(4200));
        QCOMPARE(stage.cell("AAPL", WatchlistTableModel::SymbolColumn).badge,
                 QStringLiteral("4.2 s"));
        QVERIFY(stage.cell("AAPL", WatchlistTableModel::LastColumn).stale);
        QCOMPARE(stage.cell("MSFT", WatchlistTableModel::SymbolColumn).badge,
                 QStringLiteral("HALTED"));
        QVERIFY(test::everythingPainted(stage.view).contains(QStringLiteral("HALTED")));
        QVERIFY(!stage.cell("SPY", WatchlistTableModel::LastColumn).stale);
    }

    void aRowChoosesTheSymbolAndFollowsIt()
    {
        List stage;
        stage.view.table().setCurrentIndex(stage.view.model().index(2, 0));
        QCOMPARE(stage.desk.symbol(), stage.desk.watchlist()[2]);
        stage.desk.select(stage.desk.watchlist()[5]);
        QCOMPARE(stage.view.table().currentItem(), 5);
    }
};

QD_QT_SUITE(MarketTest)

#include "market_test.moc"
