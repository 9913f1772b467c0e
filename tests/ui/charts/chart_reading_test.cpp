#include <QApplication>
#include <QTest>

#include "tests/qt/suite.h"
#include "tests/ui/desk_stage.h"
#include "tests/ui/painted.h"
#include "ui/charts/chart_panel.h"
#include "ui/widgets/format.h"

using namespace qd;
using namespace qd::ui;

namespace {

struct ReadingStage : test::DeskStage {
    ReadingStage() : panel(desk, theme)
    {
        panel.resize(1200, 700);
        panel.show();
        (void)QTest::qWaitForWindowExposed(&panel);
    }
    CandleChart& chart() { return panel.chart(); }
    StatePlate& plate() { return *panel.findChild<StatePlate*>(); }
    int painted(const char* text) { return test::timesPainted(chart(), QString::fromUtf8(text)); }
    QString everything() { return test::everythingPainted(chart()); }
    const BarPyramid& bars() { return desk.bars().series(desk.chartKey()).bars; }
    QPoint pointAt(std::size_t bar, double price)
    {
        const ChartScale& scale = chart().scale();
        return QPointF(scale.x(double(bar)), scale.y(price)).toPoint();
    }
    QColor pixel(QPoint at)
    {
        QApplication::processEvents();
        return chart().viewport()->grab().toImage().pixelColor(at);
    }
    Order openOrder(const char* head)
    {
        for (int i = 0; i < desk.orders().count(); ++i) {
            const Order& order = desk.orders().at(i);
            const bool buys = order.request.side == Side::Buy;
            if (!isClosed(order.state) && order.request.symbol == desk.symbol() &&
                QStringLiteral("%1 %2").arg(buys ? QStringLiteral("BUY") : QStringLiteral("SELL"),
                                            format::quantity(order.leavesQuantity())) ==
                    QLatin1String(head)) {
                return order;
            }
        }
        return {};
    }
    ChartPanel panel;
};

QString shortPrice(double price)
{
    return QString::number(price, 'f', 2);
}

} // namespace

/// What a person reads off the chart: orders, fills, the bar under the crosshair, volume,
/// staleness.
class ChartReadingTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void workingOrdersAndThePositionAreMarkedAtTheirPrices()
    {
        ReadingStage stage;
        stage.open();
        const QString all = stage.everything();
        for (const char* text : {"BUY 300", "LMT 511.86 DAY", "SELL 500", "STP 511.05 GTC",
                                 "LMT 513.10 GTC", "LONG 500"}) {
            QVERIFY2(all.contains(QString::fromLatin1(text)),
                     qPrintable(QString::fromLatin1(text) + all));
        }
        QVERIFY2(all.contains(QStringLiteral("AVG 511.43")), qPrintable(all));
        QCOMPARE(stage.painted("511.86"), 1); // and on the price axis
        // The filled and the canceled ones work no more; other symbols' orders stand elsewhere.
        QVERIFY(!all.contains(QStringLiteral("LMT 511.50")));
        QVERIFY(!all.contains(QStringLiteral("884.40")));
    }

    void aMarkerLeavesWithItsOrderAndMovesWithItsPrice()
    {
        ReadingStage stage;
        stage.open();
        Order order = stage.openOrder("BUY 300");
        order.request.limitPrice = Price::of("511.91");
        order.version += 100'000;
        stage.tell(&client::StreamEvent::order, client::OrderFacts(order));
        QCOMPARE(stage.painted("LMT 511.91 DAY"), 1);
        QCOMPARE(stage.painted("LMT 511.86 DAY"), 0);
        order.filledQuantity = Quantity::of("100");
        order.state = OrderState::PartiallyFilled;
        order.version += 1;
        stage.tell(&client::StreamEvent::order, client::OrderFacts(order));
        QCOMPARE(stage.painted("BUY 200"), 1); // what is left to buy
        order.state = OrderState::Canceled;
        order.version += 1;
        stage.tell(&client::StreamEvent::order, client::OrderFacts(order));
        QCOMPARE(stage.painted("BUY 200"), 0);
        QCOMPARE(stage.painted("LMT 511.91 DAY"), 0);
    }

    void fillsAreArrowsAtTheirTimeAndPrice()
    {
        ReadingStage stage;
        stage.open();
        QCOMPARE(stage.painted("B"), 1); // the 500 SPY that were bought
        QCOMPARE(stage.painted("S"), 0); // the sale was TSLA
        const std::size_t bar = stage.bars().size() - 40;
        Fill fill;
        fill.executionId = ExecutionId("sold-by-the-test");
        fill.symbol = Symbol::of("SPY");
        fill.side = Side::Sell;
        fill.price = Price::of("512.40");
        fill.quantity = Quantity::of("10");
        fill.eventTime = Timestamp::fromMillis(stage.bars().startMs(bar) + 30'000);
        stage.tell(&client::StreamEvent::fill, fill);
        const auto texts = test::paintedTexts(stage.chart());
        const auto found = std::find_if(texts.begin(), texts.end(), [](const auto& one) {
            return one.text == QStringLiteral("S");
        });
        QVERIFY(found != texts.end());
        QCOMPARE(found->ink, stage.theme.colors().down);
        const QPoint at = stage.pointAt(bar, 512.40);
        QVERIFY2(std::abs(found->at.x() - at.x()) < 8,
                 "the letter stands over the bar of its minute");
        QVERIFY2(found->at.y() < at.y() && found->at.y() > at.y() - 26,
                 "a sale points down at its price");
        QCOMPARE(stage.pixel(at - QPoint(0, 8)), stage.theme.colors().down);
        stage.select("TSLA");
        QCOMPARE(stage.painted("S"), 1);
        QCOMPARE(stage.painted("B"), 0);
    }

    void theCrosshairReadsTheBarUnderIt()
    {
        ReadingStage stage;
        stage.open();
        const std::size_t last = stage.bars().size() - 1, bar = last - 60;
        const auto readout = [&](std::size_t index) {
            const Candle& one = stage.bars().bar(index);
            return std::vector<QString>{shortPrice(one.open), shortPrice(one.high),
                                        shortPrice(one.low), shortPrice(one.close),
                                        format::compact(one.volume)};
        };
        const auto legend = [&] { // the values between the words O, H, L, C and Vol
            std::vector<QString> values;
            const auto texts = test::paintedTexts(stage.chart());
            for (std::size_t i = 0; i + 1 < texts.size(); ++i)
                for (const char* word : {"O", "H", "L", "C", "Vol"})
                    if (texts[i].text == QLatin1String(word)) values.push_back(texts[i + 1].text);
            return values;
        };
        QCOMPARE(legend(), readout(last)); // nothing is pointed at: the newest
        const QPoint at = stage.pointAt(bar, 512.00);
        QTest::mouseMove(stage.chart().viewport(), at);
        QTRY_COMPARE(legend(), readout(bar));
        const QString all = stage.everything();
        const double price = stage.chart().scale().priceAt(std::floor(at.y()) + 0.5);
        QVERIFY2(all.contains(shortPrice(price)), "the price under the cursor stands at the axis");
        const QString time =
            format::dateAndMinute(Timestamp::fromMillis(stage.bars().startMs(bar)));
        QVERIFY2(all.contains(time), qPrintable(time + all));
        QEvent leave(QEvent::Leave);
        QApplication::sendEvent(&stage.chart(), &leave);
        QTRY_COMPARE(legend(), readout(last));
    }

    void volumeStandsBelowItsBarAsHighAsItIs()
    {
        ReadingStage stage;
        stage.open();
        const ChartScale& scale = stage.chart().scale();
        const auto first = std::size_t(std::max(0.0, std::ceil(scale.firstIndex)));
        std::size_t most = first, least = first;
        for (std::size_t i = first; i + 1 < stage.bars().size(); ++i) {
            if (stage.bars().bar(i).volume > stage.bars().bar(most).volume) most = i;
            if (stage.bars().bar(i).volume < stage.bars().bar(least).volume) least = i;
        }
        QVERIFY(stage.bars().bar(most).volume > 3 * stage.bars().bar(least).volume);
        QApplication::processEvents();
        const QImage image = stage.chart().viewport()->grab().toImage();
        const auto heightOf = [&](std::size_t bar) {
            const Candle& one = stage.bars().bar(bar);
            const Palette& colors = stage.theme.colors();
            const QColor wanted =
                blend(colors.bg1, one.close >= one.open ? colors.up : colors.down, 0.42);
            int height = 0, y = int(scale.plot.bottom()) - 1;
            for (; image.pixelColor(int(std::lround(scale.x(double(bar)))), y) == wanted; --y)
                ++height;
            return height;
        };
        const double share = stage.bars().bar(least).volume / stage.bars().bar(most).volume;
        QVERIFY2(heightOf(most) > 60, qPrintable(QString::number(heightOf(most))));
        QVERIFY2(std::abs(heightOf(least) - heightOf(most) * share) <= 2,
                 qPrintable(QString::number(heightOf(least))));
    }

    void aTradeMovesThePriceAtTheAxis()
    {
        ReadingStage stage;
        stage.open();
        stage.trade("SPY", "512.44");
        QCOMPARE(stage.painted("512.44"), 1);
        stage.trade("SPY", "512.45");
        QCOMPARE(stage.painted("512.44"), 0);
        stage.session.goStale(std::chrono::milliseconds(6400));
        QVERIFY2(stage.everything().contains(QStringLiteral("STALE")),
                 qPrintable(stage.everything()));
        QVERIFY(stage.everything().contains(QStringLiteral("prices not live")));
    }

    void offlineTheBarsStayAndUnfetchedOnesSayWhy()
    {
        ReadingStage stage;
        stage.open();
        stage.session.goOffline("connection refused");
        QVERIFY(stage.chart().isVisible()); // old bars, under the veil
        QVERIFY2(stage.everything().contains(QStringLiteral("STALE")),
                 qPrintable(stage.everything()));
        stage.desk.select(Symbol::of("QQQ"));
        QTRY_VERIFY(stage.plate().isVisible());
        const QString title = stage.plate().title();
        QVERIFY2(title == QStringLiteral("Not connected") ||
                     title == QStringLiteral("Bars of QQQ could not be fetched"),
                 qPrintable(title));
        stage.session.goOnline();
        QTRY_VERIFY(stage.chart().isVisible());
    }
};

QD_QT_SUITE(ChartReadingTest)

#include "chart_reading_test.moc"
