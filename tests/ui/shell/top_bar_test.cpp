#include <QAbstractButton>
#include <QLabel>

#include "tests/qt/suite.h"
#include "tests/ui/shell/terminal_stage.h"
#include "ui/portfolio/account_strip.h"
#include "ui/shell/status_line.h"
#include "ui/shell/top_bar.h"

using namespace qd;
using namespace qd::ui;

namespace {

using qd::ui::test::TerminalStage;

client::AccountFacts accountOf(TerminalStage& stage)
{
    return *stage.session.world().snapshot().account;
}

void tellAccount(TerminalStage& stage, const client::AccountFacts& account)
{
    client::StreamEvent event;
    event.kind = "account.updated";
    event.account = account;
    stage.session.sendEvent(event);
}

void tellMarket(TerminalStage& stage, const client::MarketFacts& market)
{
    client::StatusReport report = stage.session.world().status();
    report.market = market;
    Q_EMIT stage.session.statusArrived(report);
}

/// The words in the bar's pills: PAPER or LIVE, then the market's.
QStringList pillsOf(const QWidget& bar)
{
    QStringList words;
    for (const Pill* pill : bar.findChildren<Pill*>()) {
        if (!pill->isHidden()) words << pill->text();
    }
    return words;
}

/// Whatever a person may read in the window and its bars.
QStringList wordsOf(TerminalStage& stage)
{
    QStringList words = pillsOf(stage.window);
    for (const QLabel* label : stage.window.findChildren<QLabel*>()) words << label->text();
    for (const auto* button : stage.window.findChildren<QAbstractButton*>())
        words << button->text();
    words << stage.window.windowTitle() << stage.window.banner().text()
          << stage.window.statusLine().text();
    return words;
}

FigureLabel* figureOf(const QWidget& bar, const char* caption)
{
    for (FigureLabel* figure : bar.findChildren<FigureLabel*>()) {
        if (figure->accessibleName() == QLatin1String(caption)) return figure;
    }
    return nullptr;
}

} // namespace

/// What the bar at the top says: whose money, which session, how the account stands.
class TopBarTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void realMoneyIsSaidAndNeverCalledPaper()
    {
        TerminalStage stage;
        auto* bar = stage.window.findChild<TopBar*>();
        QVERIFY(pillsOf(*bar).contains(QStringLiteral("PAPER")));
        QVERIFY(wordsOf(stage).filter(QStringLiteral("LIVE")).isEmpty());
        const QColor edge = stage.theme.colors().crit;
        QVERIFY(bar->grab().toImage().pixelColor(5, 0) != edge);
        client::AccountFacts real = accountOf(stage);
        real.live = true;
        tellAccount(stage, real);
        const auto saysLive = [&] {
            return pillsOf(*bar).contains(QStringLiteral("LIVE")) &&
                   wordsOf(stage).filter(QStringLiteral("PAPER")).isEmpty() &&
                   bar->grab().toImage().pixelColor(5, 0) == edge;
        };
        QVERIFY(saysLive());
        stage.session.goStale(std::chrono::seconds(6));
        QVERIFY(saysLive());
        stage.session.setTrading(client::TradingState::Halted, "drill", &stage.window, [](auto) {});
        QVERIFY(saysLive());
        stage.session.goOffline("connection refused");
        QVERIFY(saysLive());
        tellAccount(stage, accountOf(stage)); // the other account
        QVERIFY(pillsOf(*bar).contains(QStringLiteral("PAPER")));
        QVERIFY(!pillsOf(*bar).contains(QStringLiteral("LIVE")));
    }

    void whoseMoneyItIsStaysInTheNarrowestBar()
    {
        TerminalStage stage;
        client::AccountFacts real = accountOf(stage);
        real.live = true;
        tellAccount(stage, real);
        QWidget window; // of its own the bar would not get this narrow
        TopBar bar(stage.desk, stage.theme, &window);
        window.show();
        bar.resize(bar.minimumSizeHint());
        QCOMPARE(bar.width(), 420);
        QCOMPARE(pillsOf(bar).first(), QStringLiteral("LIVE"));
        for (const Pill* pill : bar.findChildren<Pill*>()) {
            if (!pill->isHidden()) QVERIFY(bar.rect().contains(pill->geometry()));
        }
    }

    void noAccountIsNeitherPaperNorLive()
    {
        ScriptedClock clock(Timestamp::of("2024-04-03T14:42:17.381Z"));
        ScriptedSession session(clock, 3);
        Desk desk(session, clock); // nothing was told yet
        const Theme theme;
        TopBar bar(desk, theme);
        QVERIFY(pillsOf(bar).contains(QStringLiteral("NO ACCOUNT")));
        QVERIFY(!pillsOf(bar).contains(QStringLiteral("PAPER")));
        QCOMPARE(figureOf(bar, "Net liquidation")->value(), QStringLiteral("–"));
    }

    void theMarketsStateIsSaidWithItsNextChange_data()
    {
        QTest::addColumn<int>("phase");
        QTest::addColumn<bool>("alwaysOpen");
        QTest::addColumn<QString>("opensAt");
        QTest::addColumn<QString>("said");
        const auto row = [](const char* name, SessionPhase phase, bool alwaysOpen,
                            const char* opensAt, const char* said) {
            QTest::newRow(name) << int(phase) << alwaysOpen << QString::fromLatin1(opensAt)
                                << QString::fromUtf8(said);
        };
        using enum SessionPhase;
        // It is 10:42:17 in New York, three days before a Saturday.
        row("regular", Regular, false, "2024-04-03T13:30:00Z", "REGULAR  ·  closes 05:17:42");
        row("before", PreMarket, false, "2024-04-03T14:43:00Z", "PRE-MARKET  ·  opens 00:00:42");
        row("after", PostMarket, false, "2024-04-04T13:30:00Z", "POST-MARKET");
        row("closed", Closed, false, "2024-04-04T13:30:00Z", "CLOSED  ·  opens Thu 04 Apr 09:30");
        row("closed, opening unknown", Closed, false, "2024-04-03T13:30:00Z", "CLOSED");
        row("never shuts", Closed, true, "2024-04-04T13:30:00Z", "OPEN 24/7");
        row("never shuts, by day", Regular, true, "2024-04-03T13:30:00Z", "OPEN 24/7");
    }
    void theMarketsStateIsSaidWithItsNextChange()
    {
        QFETCH(int, phase);
        QFETCH(bool, alwaysOpen);
        QFETCH(QString, opensAt);
        QFETCH(QString, said);
        TerminalStage stage;
        client::MarketFacts market;
        market.phase = SessionPhase(phase);
        market.alwaysOpen = alwaysOpen;
        market.opensAt = Timestamp::of(opensAt.toStdString());
        market.closesAt = Timestamp::of("2024-04-03T20:00:00Z");
        tellMarket(stage, market);
        QCOMPARE(pillsOf(*stage.window.findChild<TopBar*>()),
                 (QStringList{QStringLiteral("PAPER"), said}));
    }

    void theCountdownMovesOnAndCoinsTradeAtNight()
    {
        TerminalStage stage;
        auto* bar = stage.window.findChild<TopBar*>();
        QCOMPARE(pillsOf(*bar).last(), QStringLiteral("REGULAR  ·  closes 05:17:42"));
        stage.clock.advance(std::chrono::seconds(2));
        QTRY_COMPARE(pillsOf(*bar).last(), QStringLiteral("REGULAR  ·  closes 05:17:40"));
        tellMarket(stage, {});
        QCOMPARE(pillsOf(*bar).last(), QStringLiteral("CLOSED"));
        stage.desk.select(Symbol::of("BTC/USD"));
        QTRY_COMPARE(pillsOf(*bar).last(), QStringLiteral("OPEN 24/7"));
        stage.desk.select(Symbol::of("SPY"));
        QTRY_COMPARE(pillsOf(*bar).last(), QStringLiteral("CLOSED"));
    }

    void theAccountsFiguresFollowTheBackend()
    {
        TerminalStage stage;
        auto* bar = stage.window.findChild<TopBar*>();
        QCOMPARE(figureOf(*bar, "Net liquidation")->value(), QStringLiteral("1,284,530.22"));
        QCOMPARE(figureOf(*bar, "Buying power")->value(), QStringLiteral("2,110,884.10"));
        QCOMPARE(figureOf(*bar, "Day P&L")->value(), QStringLiteral("+4,212.08  +0.33%"));
        QCOMPARE(figureOf(*bar, "Open risk")->value(), QStringLiteral("1,905.00"));
        client::AccountFacts account = accountOf(stage);
        account.snapshot.equity = Money::of("999.5");
        account.snapshot.buyingPower = Money::of("0");
        account.dayProfit = Money::of("-1234567.891");
        account.dayProfitPercent = Decimal::of("-99.92");
        account.openRisk = Money::of("12");
        tellAccount(stage, account);
        QCOMPARE(figureOf(*bar, "Net liquidation")->value(), QStringLiteral("999.50"));
        QCOMPARE(figureOf(*bar, "Buying power")->value(), QStringLiteral("0.00"));
        QCOMPARE(figureOf(*bar, "Day P&L")->value(), QStringLiteral("−1,234,567.89  −99.92%"));
        QCOMPARE(figureOf(*bar, "Open risk")->value(), QStringLiteral("12.00"));
    }

    void aNarrowStripShowsWhatFitsAndDropsTheRiskFirst()
    {
        TerminalStage stage;
        AccountStrip strip(stage.desk, stage.theme);
        const auto shown = [&] {
            QStringList captions;
            for (const FigureLabel* figure : strip.findChildren<FigureLabel*>()) {
                if (!figure->isHidden()) captions << figure->accessibleName();
            }
            return captions.join(QLatin1Char(','));
        };
        QStringList seen;
        for (int width = 900; width >= 0; width -= 5) {
            QVERIFY(strip.fitTo(width) <= width);
            if (seen.isEmpty() || seen.last() != shown()) seen << shown();
        }
        QCOMPARE(seen.first(), QStringLiteral("Net liquidation,Buying power,Day P&L,Open risk"));
        QCOMPARE(seen[1], QStringLiteral("Net liquidation,Buying power,Day P&L"));
        QCOMPARE(seen.last(), QString());
    }
};

QD_QT_SUITE(TopBarTest)

#include "top_bar_test.moc"
