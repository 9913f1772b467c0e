#include <cmath>
#include <ctime>
#include <numeric>

#include <QApplication>
#include <QFile>
#include <QLineSeries>
#include <QPicture>
#include <QTest>

#include "models/base/timestamp.h"
#include "tests/qt/suite.h"
#include "ui/charts/candle_chart.h"

using namespace qd::ui;

namespace {

constexpr std::int64_t kStartMs = 1'712'150'000'000;
/// Times a frame with 10,000 bars; seen: 1.2 to 1.4. One that walks a million takes 2.6.
constexpr double kFrameRatioMax = 1.9;

/// `step` 100 takes every hundredth bar: a short series that is as jagged as a long one.
BarPyramid makeBars(std::size_t count, std::size_t step = 1)
{
    std::vector<std::int64_t> starts(count);
    std::vector<Candle> bars(count);
    for (std::size_t i = 0; i < count; ++i) {
        starts[i] = kStartMs + std::int64_t(i) * 60'000;
        const double base = 100 + 10 * std::sin(double(i * step) / 40);
        bars[i] = {base, base + 0.5, base - 0.5, base + 0.2, 100};
    }
    BarPyramid pyramid;
    pyramid.assign(std::move(starts), std::move(bars));
    return pyramid;
}

struct BarStage {
    explicit BarStage(std::size_t count, std::size_t step = 1)
        : bars(makeBars(count, step)), chart(theme)
    {
        studies.rebuild(bars, true);
        chart.resize(1200, 700);
        chart.setSeries(&bars, &studies, 2);
        chart.show();
        (void)QTest::qWaitForWindowExposed(&chart);
    }
    void paint()
    {
        chart.viewport()->repaint();
    }
    Theme theme;
    BarPyramid bars;
    Studies studies;
    CandleChart chart;
};

/// Bytes that record all that the still picture draws: more with each candle, line and label.
qint64 drawn(CandleChart& chart)
{
    QPicture record;
    QPainter painter(&record);
    chart.render(&painter, QRectF(chart.viewport()->rect()), chart.viewport()->rect());
    painter.end();
    return qint64(record.size());
}

double barsInSight(const CandleChart& chart)
{
    return chart.scale().lastIndex - chart.scale().firstIndex;
}

/// This thread's processor time for one step of zoom and its frame.
double zoomCpuMs(BarStage& stage, double factor)
{
    const auto now = [] {
        timespec time{};
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
        return double(time.tv_sec) * 1e3 + double(time.tv_nsec) / 1e6;
    };
    const double before = now();
    stage.chart.zoom(factor, 500);
    stage.paint();
    return now() - before;
}

/// Flat bars of one minute with these closes.
BarPyramid closing(const std::vector<double>& closes)
{
    BarPyramid bars;
    for (const double close : closes) {
        const std::int64_t start = kStartMs + std::int64_t(bars.size()) * 60'000;
        bars.append(start, {close, close, close, close, 100});
    }
    return bars;
}

bool near(double value, double expected)
{
    return std::abs(value - expected) < 1e-9;
}

const QString kShared = QStringLiteral(QD_SOURCE_DIR "/../shared/data");

/// "{81.59,81.06}"
std::vector<double> numbersIn(QString line)
{
    std::vector<double> numbers;
    line.remove(QLatin1Char('{')).remove(QLatin1Char('}'));
    for (const QString& number : line.split(QLatin1Char(','))) numbers.push_back(number.toDouble());
    return numbers;
}

} // namespace

/// Mapping, level of detail, following and the price of a tick.
class ChartTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void noTwoPriceLabelsReadTheSame()
    {
        ChartScale scale;
        scale.plot = QRectF(0, 0, 1000, 700);
        for (const double range : {0.001, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 1.0, 3.0, 40.0}) {
            scale.low = 585.41;
            scale.high = scale.low + range;
            const double ticks = priceStep(scale, 2) * 100;
            QVERIFY2(ticks > 0.99 && std::abs(ticks - std::round(ticks)) < 1e-6,
                     qPrintable(QString::number(range)));
        }
    }

    /// A halted or a quiet price is a line in the middle of some steps, not a picture of rounding.
    void aPriceThatDoesNotMoveHasRoomAroundIt()
    {
        BarPyramid flat;
        flat.assign({kStartMs}, {{100, 100, 100, 100, 100}});
        Studies studies;
        studies.rebuild(flat, true);
        Theme theme;
        CandleChart chart(theme);
        chart.resize(1200, 700);
        chart.setSeries(&flat, &studies, 2);
        QVERIFY(chart.scale().high - 100 >= 0.05);
        QVERIFY(100 - chart.scale().low >= 0.05);
    }

    /// Our own arithmetic and Qt Charts' mapping must agree, or bars leave their axes.
    void mappingAgreesWithTheFrame()
    {
        BarStage stage(500);
        QChart* frame = stage.chart.chart();
        auto* reference = qobject_cast<QLineSeries*>(frame->series().first());
        QVERIFY(reference);
        for (const double index : {340.0, 400.0, 499.0}) {
            for (const double price : {95.0, 100.0, 107.0}) {
                const QPointF theirs = frame->mapToPosition({index, price}, reference);
                QVERIFY(std::abs(theirs.x() - stage.chart.scale().x(index)) < 0.01);
                QVERIFY(std::abs(theirs.y() - stage.chart.scale().y(price)) < 0.01);
            }
        }
    }

    void aTickPaintsNoStillPicture()
    {
        BarStage stage(500);
        stage.paint();
        const int before = stage.chart.stillPaints();
        Candle last = stage.bars.bar(499);
        for (int i = 0; i < 20; ++i) {
            last.close += i % 2 == 0 ? 0.05 : -0.05;
            stage.bars.replaceLast(last);
            stage.studies.follow(stage.bars);
            stage.chart.follow(false);
            stage.paint();
        }
        QCOMPARE(stage.chart.stillPaints(), before);
        last.high += 50; // leaves the price range
        stage.bars.replaceLast(last);
        stage.chart.follow(false);
        stage.paint();
        QCOMPARE(stage.chart.stillPaints(), before + 1);
    }

    void followsOnlyWhileTheNewestBarIsInSight()
    {
        BarStage stage(500);
        QVERIFY(stage.chart.isFollowing());
        const double right = stage.chart.scale().lastIndex;
        stage.bars.append(kStartMs + 500 * 60'000, stage.bars.bar(499));
        stage.studies.follow(stage.bars);
        stage.chart.follow(true);
        QCOMPARE(stage.chart.scale().lastIndex, right + 1);
        stage.chart.pan(-300);
        QVERIFY(!stage.chart.isFollowing());
        const double panned = stage.chart.scale().lastIndex;
        stage.bars.append(kStartMs + 501 * 60'000, stage.bars.bar(499));
        stage.chart.follow(true);
        QCOMPARE(stage.chart.scale().lastIndex, panned);
        QTest::keyClick(&stage.chart, Qt::Key_Home);
        QVERIFY(stage.chart.isFollowing());
    }

    void zoomKeepsTheBarUnderTheCursor()
    {
        BarStage stage(2000);
        stage.chart.pan(-800);
        const double x = 600;
        const double index = stage.chart.scale().indexAt(x);
        for (const double factor : {0.5, 0.7, 3.0, 1.4}) {
            stage.chart.zoom(factor, x);
            QVERIFY(std::abs(stage.chart.scale().indexAt(x) - index) < 1e-6);
        }
    }

    /// Whatever is drawn for each bar in sight would be recorded a thousand times as often.
    void aMillionBarsAreDrawnWithAsMuchAsAThousand()
    {
        BarStage million(1'000'000), thousand(1'000);
        thousand.chart.showRange(0, 1'000);
        const qint64 control = drawn(thousand.chart);
        million.chart.showRange(0, 1'000'000);
        for (int i = 0; i < 40; ++i) {
            QVERIFY(barsInSight(million.chart) > 500'000);
            const qint64 bytes = drawn(million.chart);
            QVERIFY2(bytes < 2 * control && 2 * bytes > control,
                     qPrintable(QStringLiteral("%1, of 1,000 %2").arg(bytes).arg(control)));
            million.chart.zoom(0.985, 500);
        }
    }

    /// What is only visited leaves no trace in a picture, but the processor's time tells it.
    void aFrameOfAMillionBarsCostsWhatTenThousandCost()
    {
        BarStage million(1'000'000), few(10'000, /*step=*/100);
        double least = 1e9, control = 1e9;
        million.chart.showRange(0, 1'000'000);
        few.chart.showRange(0, 10'000);
        for (int i = 0; i < 40; ++i) {
            control = std::min(control, zoomCpuMs(few, 0.985));
            least = std::min(least, zoomCpuMs(million, 0.985));
        }
        QVERIFY(barsInSight(million.chart) > 500'000);
        qInfo("a frame: %.2f ms for 1,000,000 bars, %.2f ms for 10,000", least, control);
        QVERIFY2(least < kFrameRatioMax * control, "a frame must not depend on the number of bars");
    }

    /// EMA of 20 weighs the newest by 2/21, EMA of 50 by 2/51; both begin at the first close.
    void movingAveragesAreWhatOneGetsByHand()
    {
        Studies studies;
        studies.rebuild(closing({51, 102, 0}), false);
        QVERIFY(near(studies.fast()[0], 51));
        QVERIFY(near(studies.fast()[1], 1173.0 / 21));  // 51 + 51 · 2/21
        QVERIFY(near(studies.fast()[2], 22287.0 / 441)); // of that, 19/21
        QVERIFY(near(studies.slow()[0], 51));
        QVERIFY(near(studies.slow()[1], 53));          // 51 + 51 · 2/51
        QVERIFY(near(studies.slow()[2], 2597.0 / 51)); // of that, 49/51
        QVERIFY(studies.vwap().empty());
        // A step from 0 to 1: what is missing to 1 shrinks by the same share with each bar.
        std::vector<double> step(300, 1.0);
        step[0] = 0;
        studies.rebuild(closing(step), false);
        for (const int bars : {1, 7, 20, 50, 299}) {
            QVERIFY(near(studies.fast()[std::size_t(bars)], 1 - std::pow(19.0 / 21, bars)));
            QVERIFY(near(studies.slow()[std::size_t(bars)], 1 - std::pow(49.0 / 51, bars)));
        }
    }

    void vwapIsWhatOneGetsByHandAndBeginsAnewEachDay()
    {
        constexpr std::int64_t kMinute = 60'000, kDay = 86'400'000;
        BarPyramid bars;
        // High, low and close give the typical prices 10, 12, 13, 20 (nothing traded), 20.
        bars.assign({kStartMs, kStartMs + kMinute, kStartMs + 2 * kMinute, kStartMs + 3 * kMinute,
                     kStartMs + kDay, kStartMs + 2 * kDay},
                    {{10, 12, 9, 9, 100},
                     {12, 14, 11, 11, 300},
                     {13, 13, 13, 13, 100},
                     {20, 20, 20, 20, 0},
                     {20, 22, 19, 19, 50},
                     {20, 22, 19, 19, 0}});
        Studies studies;
        studies.rebuild(bars, true);
        const auto vwap = studies.vwap();
        QVERIFY(near(vwap[0], 10));
        QVERIFY(near(vwap[1], 11.5)); // (1,000 + 3,600) / 400
        QVERIFY(near(vwap[2], 11.8)); // (4,600 + 1,300) / 500
        QVERIFY(near(vwap[3], 11.8));
        QVERIFY(near(vwap[4], 20)); // a new day
        QVERIFY2(std::isnan(vwap[5]), "a day without a trade has no average");
    }

    /// From midnight to midnight, 2024-04-03 to -04: New York's begins at 05:00, a market that
    /// never shuts has UTC's day.
    void vwapOfAMarketThatNeverShutsBeginsAtMidnightUtc()
    {
        constexpr std::int64_t kHour = 3'600'000;
        const std::int64_t midnight = qd::Timestamp::of("2024-04-04T00:00:00Z").millis();
        BarPyramid bars;
        bars.assign({midnight - kHour, midnight, midnight + 5 * kHour},
                    {{10, 10, 10, 10, 100}, {20, 20, 20, 20, 100}, {30, 30, 30, 30, 100}});
        Studies studies;
        studies.rebuild(bars, true, Studies::Days::NewYork);
        QVERIFY(near(studies.vwap()[1], 15));
        QVERIFY(near(studies.vwap()[2], 30));
        studies.rebuild(bars, true, Studies::Days::Utc);
        QVERIFY(near(studies.vwap()[1], 20));
        QVERIFY(near(studies.vwap()[2], 25));
    }

    /// The same series through somebody else's software.
    void averagesAgreeWithTulip()
    {
        QFile file(kShared + QStringLiteral("/indicators/tulip/tests/untest.txt"));
        if (!file.open(QIODevice::ReadOnly)) QSKIP("shared data are not here");
        const QStringList lines = QString::fromUtf8(file.readAll()).split(QLatin1Char('\n'));
        const auto at = lines.indexOf(QStringLiteral("ema 5"));
        QVERIFY(at >= 0);
        const std::vector<double> closes = numbersIn(lines[at + 1]);
        const std::vector<double> wanted = numbersIn(lines[at + 2]);
        QCOMPARE(closes.size(), 15UL);
        double average = closes[0];
        for (std::size_t i = 0; i < closes.size(); ++i) {
            if (i > 0) average = Studies::averageAfter(average, closes[i], 5);
            QVERIFY2(std::abs(average - wanted[i]) < 0.00051, qPrintable(QString::number(i)));
        }
    }

    /// backtrader begins with the plain mean of the first 30 closes, and tells three points.
    void averagesAgreeWithBacktrader()
    {
        QFile file(kShared + QStringLiteral("/backtest/backtrader/datas/2006-day-001.txt"));
        if (!file.open(QIODevice::ReadOnly)) QSKIP("shared data are not here");
        std::vector<double> closes;
        for (const QString& line : QString::fromUtf8(file.readAll()).split(QLatin1Char('\n'))) {
            const QStringList fields = line.split(QLatin1Char(','));
            const bool isBar = fields.size() > 4 && fields[0].startsWith(QLatin1Char('2'));
            if (isBar) closes.push_back(fields[4].toDouble());
        }
        QVERIFY(closes.size() > 254);
        double average = std::accumulate(closes.begin(), closes.begin() + 30, 0.0) / 30;
        QVERIFY(std::abs(average - 3644.444667) < 1e-6);
        for (std::size_t i = 30; i <= 254; ++i) {
            average = Studies::averageAfter(average, closes[i], 30);
            if (i == 141) QVERIFY(std::abs(average - 3581.728712) < 1e-6);
        }
        QVERIFY(std::abs(average - 4070.115719) < 1e-6);
    }

    void aStudyBelowThePricesDoesNotRunThroughTheVolume()
    {
        std::vector<std::int64_t> starts;
        std::vector<Candle> candles;
        for (std::size_t i = 0; i < 700; ++i) {
            starts.push_back(kStartMs + std::int64_t(i) * 60'000);
            if (i < 300) candles.push_back({99.4, 99.4, 99.4, 99.4, 1e6}); // VWAP stays there
            else candles.push_back({100, 103, 100, 102, 1});
        }
        BarStage stage(1);
        stage.bars.assign(std::move(starts), std::move(candles));
        stage.studies.rebuild(stage.bars, true);
        stage.chart.setSeries(&stage.bars, &stage.studies, 2);
        stage.chart.showStudies(false, false, true);
        stage.paint();
        const ChartScale& scale = stage.chart.scale();
        const double vwap = stage.studies.vwap().back();
        QVERIFY2(vwap > scale.low && vwap < 99.6, "it would lie in the volume");
        const QImage image = stage.chart.viewport()->grab().toImage();
        const int hue = stage.theme.colors().violet.hslHue();
        const int y = int(scale.y(vwap));
        for (int row = y - 2; row <= y + 2; ++row) {
            for (int x = int(scale.plot.left()) + 1; x < int(scale.plot.right()); ++x) {
                const QColor color = image.pixelColor(x, row);
                QVERIFY(std::abs(color.hslHue() - hue) >= 12 || color.hslSaturation() <= 90);
            }
        }
    }

    /// Round the clock there is no gap between two days' bars, and yet VWAP begins anew.
    void vwapIsNotJoinedAcrossMidnight()
    {
        constexpr std::int64_t kMidnightMs = 1'712'120'400'000; // 05:00 UTC
        constexpr std::size_t kEach = 100;
        std::vector<std::int64_t> starts;
        std::vector<Candle> candles;
        for (std::size_t i = 0; i < 2 * kEach; ++i) {
            starts.push_back(kMidnightMs + (std::int64_t(i) - std::int64_t(kEach)) * 60'000);
            const double price = i < kEach ? 100 : 110;
            candles.push_back({price, price + 3, price, price, 100}); // VWAP is a dollar higher
        }
        BarStage stage(1);
        stage.bars.assign(std::move(starts), std::move(candles));
        stage.studies.rebuild(stage.bars, true);
        stage.chart.setSeries(&stage.bars, &stage.studies, 2);
        stage.chart.showStudies(false, false, true);
        stage.paint();
        const QImage image = stage.chart.viewport()->grab().toImage();
        const ChartScale& scale = stage.chart.scale();
        const int hue = stage.theme.colors().violet.hslHue();
        const auto violets = [&](double fromIndex, double toIndex, double from, double to) {
            int count = 0;
            for (int y = int(scale.y(to)); y <= int(scale.y(from)); ++y) {
                for (int x = int(scale.x(fromIndex)); x <= int(scale.x(toIndex)); ++x) {
                    const QColor color = image.pixelColor(x, y);
                    if (std::abs(color.hslHue() - hue) < 12 && color.hslSaturation() > 90) ++count;
                }
            }
            return count;
        };
        QVERIFY(violets(double(kEach) + 20, double(kEach) + 60, 110.8, 111.2) > 0); // it is there
        QCOMPARE(violets(double(kEach) - 1, double(kEach), 104, 109), 0);
    }

    void studiesFollowAsTheyWouldBeRebuilt()
    {
        BarPyramid bars = makeBars(300);
        Studies followed, rebuilt;
        followed.rebuild(bars, true);
        for (int i = 0; i < 60; ++i) {
            bars.append(kStartMs + std::int64_t(300 + i) * 60'000, bars.bar(std::size_t(i)));
            followed.follow(bars);
            Candle changed = bars.bar(bars.size() - 1);
            changed.close += 0.1;
            changed.volume += 10;
            bars.replaceLast(changed);
            followed.follow(bars);
        }
        rebuilt.rebuild(bars, true);
        QCOMPARE(followed.fast().size(), rebuilt.fast().size());
        for (std::size_t i = 0; i < bars.size(); ++i) {
            QVERIFY(std::abs(followed.fast()[i] - rebuilt.fast()[i]) < 1e-9);
            QVERIFY(std::abs(followed.slow()[i] - rebuilt.slow()[i]) < 1e-9);
            QVERIFY(std::abs(followed.vwap()[i] - rebuilt.vwap()[i]) < 1e-9);
        }
    }

    void tagsAreSpreadApartAndStayInside()
    {
        std::vector<double> centres{10, 12, 13, 96, 99};
        spreadApart(centres, 18, 9, 100);
        for (std::size_t i = 1; i < centres.size(); ++i) QVERIFY(centres[i] - centres[i - 1] >= 17.999);
        QVERIFY(centres.back() <= 100);
    }

    void timeLabelsKeepTheirDistance()
    {
        const BarPyramid bars = makeBars(5000);
        ChartScale scale;
        scale.plot = QRectF(0, 0, 1100, 500);
        for (const double span : {30.0, 170.0, 1500.0, 5000.0}) {
            scale.firstIndex = 5000 - span;
            scale.lastIndex = 5000;
            const auto marks = timeMarks(scale, bars.starts(), 96);
            QVERIFY(!marks.empty());
            for (std::size_t i = 1; i < marks.size(); ++i) {
                QVERIFY(scale.x(double(marks[i].index)) - scale.x(double(marks[i - 1].index)) >= 60);
            }
        }
    }

    void niceStepsAreRound()
    {
        QCOMPARE(niceStep(0.03), 0.05);
        QCOMPARE(niceStep(0.1), 0.1);
        QCOMPARE(niceStep(2.1), 2.5);
        QCOMPARE(niceStep(60), 100.0);
    }
};

QD_QT_SUITE(ChartTest)

#include "chart_test.moc"
