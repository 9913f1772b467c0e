#include <cmath>

#include <QApplication>
#include <QImage>
#include <QTest>

#include "tests/qt/suite.h"
#include "ui/charts/chart_panel.h"
#include "ui/state/scripted_session.h"

using namespace qd;
using namespace qd::ui;

namespace {

/// The chart's panel over a scripted day, with SPY selected.
struct PanelStage {
    PanelStage()
        : clock(Timestamp::of("2024-04-03T14:42:17.381Z")), session(clock, 3), desk(session, clock),
          panel(desk, theme)
    {
        desk.select(Symbol::of("SPY"));
        panel.resize(1400, 800);
        panel.show();
        (void)QTest::qWaitForWindowExposed(&panel);
    }
    /// Connect, and wait for the bars.
    void start()
    {
        session.start();
        QTRY_VERIFY(panel.chart().isVisible());
    }
    StatePlate& plate() { return *panel.findChild<StatePlate*>(); }
    QString plateTitle() { return plate().isVisible() ? plate().title() : QString(); }
    QImage picture() { return panel.chart().viewport()->grab().toImage(); }
    const ChartScale& scale() { return panel.chart().scale(); }
    QColor lineColour(const QColor& tone) { return blend(theme.colors().bg1, tone, 0.75); }

    ScriptedClock clock;
    Theme theme;
    ScriptedSession session;
    Desk desk;
    ChartPanel panel;
};

/// Pixels of just this colour in an area.
int count(const QImage& picture, const QRect& area, const QColor& colour)
{
    int found = 0;
    const QRect inside = area & picture.rect();
    for (int y = inside.top(); y <= inside.bottom(); ++y) {
        for (int x = inside.left(); x <= inside.right(); ++x) {
            if (picture.pixelColor(x, y).rgb() == colour.rgb()) ++found;
        }
    }
    return found;
}

/// The row in which a line at `price` lies.
QRect rowOf(const ChartScale& scale, double price)
{
    return {int(scale.plot.left()), int(std::floor(scale.y(price))), int(scale.plot.width()), 1};
}

/// A fill at the top of the plot, above all bars, `barsAgo` bars before the newest.
Fill fillAbove(PanelStage& stage, const char* id, Side side, int barsAgo)
{
    Fill fill;
    fill.executionId = ExecutionId(id);
    fill.symbol = Symbol::of("SPY");
    fill.side = side;
    const double room = stage.scale().high - stage.scale().low;
    fill.price = Price(Decimal::fromDouble(stage.scale().high - room * 0.025)
                           .value()
                           .roundTo(Decimal::of("0.01"), Rounding::HalfEven));
    fill.quantity = Quantity::of("100");
    const BarPyramid& bars = stage.desk.bars().series(stage.desk.chartKey()).bars;
    const std::size_t bar = bars.size() - 1 - std::size_t(barsAgo);
    fill.eventTime = Timestamp::fromMillis(bars.startMs(bar) + 30'000);
    return fill;
}

QPoint placeOf(PanelStage& stage, const Fill& fill)
{
    const BarPyramid& bars = stage.desk.bars().series(stage.desk.chartKey()).bars;
    return {int(std::lround(stage.scale().x(double(*barAt(bars, fill.eventTime.millis()))))),
            int(std::lround(stage.scale().y(fill.price.toDouble())))};
}

void tell(PanelStage& stage, const Fill& fill)
{
    client::StreamEvent event;
    event.kind = "order.filled";
    event.fill = fill;
    stage.session.sendEvent(event);
}

} // namespace

/// What lies over the bars, and what stands in their place when there are none.
class ChartPanelTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void aWorkingOrderIsALineAtItsPriceUntilItIsClosed()
    {
        PanelStage stage;
        stage.start();
        const QColor buy = stage.lineColour(stage.theme.colors().up);
        const QColor sell = stage.lineColour(stage.theme.colors().down);
        OrderRequest order;
        order.clientOrderId = ClientOrderId("6a3c2a1e-0001-4c1d-9b7a-0c5e8d1f0001");
        order.symbol = Symbol::of("SPY");
        order.side = Side::Buy;
        order.type = OrderType::Limit;
        order.quantity = Quantity::of("100");
        order.limitPrice = Price::of("512.02");
        const auto lines = [&](const char* price, const QColor& colour) {
            return count(stage.picture(), rowOf(stage.scale(), Price::of(price).toDouble()), colour);
        };
        QCOMPARE(lines("512.02", buy), 0);
        stage.session.submitOrder(order, &stage.panel, [](auto) {});
        QVERIFY(lines("512.02", buy) > 300);
        QCOMPARE(lines("512.02", sell), 0);
        client::OrderChange change;
        change.order = order.clientOrderId;
        change.limitPrice = Price::of("512.08");
        stage.session.changeOrder(change, &stage.panel, [](auto) {});
        QCOMPARE(lines("512.02", buy), 0);
        QVERIFY(lines("512.08", buy) > 300);
        stage.session.cancelOrder(order.clientOrderId, &stage.panel, [](auto) {});
        QCOMPARE(lines("512.08", buy), 0);
    }

    void anotherSymbolsOrdersAreNotOnTheChart()
    {
        PanelStage stage;
        stage.start();
        const QImage before = stage.picture();
        OrderRequest order;
        order.clientOrderId = ClientOrderId("6a3c2a1e-0002-4c1d-9b7a-0c5e8d1f0002");
        order.symbol = Symbol::of("QQQ");
        order.type = OrderType::Limit;
        order.quantity = Quantity::of("100");
        order.limitPrice = Price::of("512.02");
        stage.session.submitOrder(order, &stage.panel, [](auto) {});
        Fill fill = fillAbove(stage, "X-1", Side::Buy, 60);
        fill.symbol = order.symbol;
        tell(stage, fill);
        QCOMPARE(stage.picture(), before);
    }

    /// A buy is an arrow that points up to its price from below, a sell down to it from above.
    void aFillIsAnArrowAtItsTimeAndPrice_data()
    {
        QTest::addColumn<bool>("buy");
        QTest::newRow("buy") << true;
        QTest::newRow("sell") << false;
    }
    void aFillIsAnArrowAtItsTimeAndPrice()
    {
        QFETCH(bool, buy);
        PanelStage stage;
        stage.start();
        const Fill fill = fillAbove(stage, "X-1", buy ? Side::Buy : Side::Sell, 60);
        const QPoint at = placeOf(stage, fill);
        const QColor colour = buy ? stage.theme.colors().up : stage.theme.colors().down;
        const QRect below(at.x() - 5, at.y() + 1, 11, 10), above(at.x() - 5, at.y() - 10, 11, 10);
        QCOMPARE(count(stage.picture(), buy ? below : above, colour), 0);
        tell(stage, fill);
        const QImage after = stage.picture();
        QVERIFY(count(after, buy ? below : above, colour) > 15);
        QCOMPARE(count(after, buy ? above : below, colour), 0);
        const auto row = [&](int distance) {
            return count(after, {at.x() - 5, at.y() + (buy ? distance : -distance), 11, 1}, colour);
        };
        QVERIFY2(row(4) < row(8), "the tip is at the price");
        tell(stage, fill); // told again
        QCOMPARE(stage.picture(), after);
    }

    void anEmptyChartSaysWhy()
    {
        PanelStage stage;
        QCOMPARE(stage.plateTitle(), QStringLiteral("Not connected"));
        stage.session.setAnswering(false);
        stage.session.start();
        QCOMPARE(stage.plateTitle(), QStringLiteral("Loading bars of SPY"));
        QVERIFY(!stage.panel.chart().isVisible());
        stage.session.setAnswering(true);
        stage.desk.refetchBars();
        QTRY_COMPARE(stage.plateTitle(), QString());
        QVERIFY(stage.panel.chart().isVisible());
        stage.desk.select(Symbol::of("ZZZZ")); // of which the feed has nothing
        QTRY_COMPARE(stage.plateTitle(), QStringLiteral("No bars of ZZZZ yet"));
        QVERIFY(!stage.panel.chart().isVisible());
    }

    void noSymbolIsSaidToo()
    {
        ScriptedClock clock(Timestamp::of("2024-04-03T14:42:17.381Z"));
        ScriptedSession session(clock, 3);
        Desk desk(session, clock);
        const Theme theme;
        ChartPanel panel(desk, theme);
        panel.show();
        session.start();
        QCOMPARE(panel.findChild<StatePlate*>()->title(), QStringLiteral("No symbol selected"));
        QVERIFY(panel.findChild<StatePlate*>()->isVisible());
    }

    /// Loading turns; nothing else on a plate moves.
    void onlyALoadingPlateMoves()
    {
        const Theme theme;
        StatePlate plate(theme);
        plate.resize(400, 200);
        plate.show();
        plate.showLoading(QStringLiteral("Loading bars of SPY"));
        const QImage first = plate.grab().toImage();
        QVERIFY(count(first, first.rect(), theme.colors().accent) > 0);
        QTRY_VERIFY(plate.grab().toImage() != first);
        plate.showEmpty(QStringLiteral("No bars of SPY yet"), QStringLiteral("The feed is silent."));
        const QImage still = plate.grab().toImage();
        QCOMPARE(count(still, still.rect(), theme.colors().accent), 0);
        plate.showError(QStringLiteral("No bars of SPY yet"), QStringLiteral("The feed is silent."));
        const QImage error = plate.grab().toImage();
        QVERIFY2(error != still, "the same words, but not in the colour of a quiet market");
        QCOMPARE(count(error, error.rect(), theme.colors().accent), 0);
    }
};

QD_QT_SUITE(ChartPanelTest)

#include "chart_panel_test.moc"
