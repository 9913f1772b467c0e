#include <QAbstractItemModelTester>
#include <QApplication>
#include <QSignalSpy>
#include <QTest>

#include "tests/qt/suite.h"
#include "tests/ui/desk_stage.h"
#include "tests/ui/painted.h"
#include "ui/portfolio/account_strip.h"
#include "ui/portfolio/positions_table_model.h"
#include "ui/widgets/data_table.h"

using namespace qd;
using namespace qd::ui;

namespace {

using Positions = PositionsTableModel;

const QString kMinus = QStringLiteral("\u2212");

/// The positions table over a scripted day: what is held stands in scripted_day.cpp.
struct Stage : test::DeskStage {
    Stage()
        : model(desk, nullptr),
          tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest)
    {
        open();
    }
    int item(const char* symbol)
    {
        for (int i = 0; i < desk.positions().count(); ++i)
            if (desk.positions().at(i).position.symbol == Symbol::of(symbol)) return i;
        return -1;
    }
    Cell cell(const char* symbol, int column) { return model.cellOf(item(symbol), column); }
    QString text(const char* symbol, int column) { return cell(symbol, column).text; }
    QStringList shown()
    {
        QStringList symbols;
        for (int row = 0; row < model.rowCount(); ++row)
            symbols << model.data(model.index(row, 0), Qt::DisplayRole).toString();
        return symbols;
    }
    client::PositionFacts held(const char* symbol) { return desk.positions().at(item(symbol)); }

    Positions model;
    QAbstractItemModelTester tester;
};

/// The strip's figures by their captions.
QString figure(const AccountStrip& strip, const char* caption)
{
    for (const FigureLabel* label : strip.findChildren<FigureLabel*>())
        if (label->accessibleName() == QLatin1String(caption)) return label->value();
    return QStringLiteral("no such figure");
}

} // namespace

/// What is held, what it brings, and the account's figures.
class PortfolioTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    /// 500 SPY bought at 511.43 are worth 512.31 each: 440.00 more than the 255,715.00 paid.
    void aLongPositionIsWorkedOut()
    {
        Stage stage;
        QCOMPARE(stage.text("SPY", Positions::QuantityColumn), QStringLiteral("500"));
        QCOMPARE(stage.text("SPY", Positions::AverageColumn), QStringLiteral("511.43"));
        QCOMPARE(stage.text("SPY", Positions::LastColumn), QStringLiteral("512.31"));
        QCOMPARE(stage.text("SPY", Positions::ValueColumn), QStringLiteral("256,155.00"));
        QCOMPARE(stage.text("SPY", Positions::UnrealisedColumn), QStringLiteral("+440.00"));
        QCOMPARE(stage.text("SPY", Positions::PercentColumn), QStringLiteral("+0.17%"));
        QCOMPARE(stage.text("SPY", Positions::RealisedColumn), QStringLiteral("+1,240.50"));
        QVERIFY(stage.cell("SPY", Positions::UnrealisedColumn).tone == Tone::Up);
    }

    /// 150 TSLA sold short at 176.12 stand at 175.34: 117.00 gained of 26,418.00.
    void aShortPositionGainsWhenThePriceFalls()
    {
        Stage stage;
        QCOMPARE(stage.text("TSLA", Positions::QuantityColumn), kMinus + QStringLiteral("150"));
        QCOMPARE(stage.text("TSLA", Positions::ValueColumn), kMinus + QStringLiteral("26,301.00"));
        QCOMPARE(stage.text("TSLA", Positions::UnrealisedColumn), QStringLiteral("+117.00"));
        QCOMPARE(stage.text("TSLA", Positions::PercentColumn), QStringLiteral("+0.44%"));
        stage.trade("TSLA", "177.12");
        QCOMPARE(stage.text("TSLA", Positions::UnrealisedColumn),
                 kMinus + QStringLiteral("150.00"));
        QVERIFY(stage.cell("TSLA", Positions::UnrealisedColumn).tone == Tone::Down);
    }

    /// Yesterday SPY closed at 510.16.
    void aTickMovesWhatDependsOnThePriceAndRepaintsItsRow()
    {
        Stage stage;
        QSignalSpy changed(&stage.model, &QAbstractItemModel::dataChanged);
        stage.trade("SPY", "511.00");
        QCOMPARE(stage.text("SPY", Positions::LastColumn), QStringLiteral("511.00"));
        QCOMPARE(stage.text("SPY", Positions::ValueColumn), QStringLiteral("255,500.00"));
        QCOMPARE(stage.text("SPY", Positions::UnrealisedColumn), kMinus + QStringLiteral("215.00"));
        QCOMPARE(stage.text("SPY", Positions::DayColumn), QStringLiteral("+420.00"));
        QCOMPARE(stage.text("SPY", Positions::RealisedColumn), QStringLiteral("+1,240.50"));
        QVERIFY(!changed.isEmpty());
        for (const auto& change : changed) {
            QCOMPARE(change[0].toModelIndex().row(), stage.model.rowOf(stage.item("SPY")));
            QCOMPARE(change[1].toModelIndex().row(), stage.model.rowOf(stage.item("SPY")));
        }
        changed.clear();
        stage.trade("AAPL", "170.00"); // not held
        QVERIFY(changed.isEmpty());
    }

    void anAverageBetweenTicksIsShownInFull()
    {
        Stage stage;
        QCOMPARE(stage.text("SIRI", Positions::AverageColumn), QStringLiteral("3.855"));
        QCOMPARE(stage.text("SIRI", Positions::LastColumn), QStringLiteral("3.82"));
        QCOMPARE(stage.text("SIRI", Positions::UnrealisedColumn),
                 kMinus + QStringLiteral("175.00"));
    }

    void whatIsSoldOffLeavesTheTable()
    {
        Stage stage;
        QCOMPARE(stage.shown(), QStringList({"SPY", "QQQ", "NVDA", "TSLA", "XLE", "SIRI"}));
        client::PositionFacts qqq = stage.held("QQQ");
        qqq.position.quantity = {};
        stage.tell(&client::StreamEvent::position, qqq);
        QCOMPARE(stage.shown(), QStringList({"SPY", "NVDA", "TSLA", "XLE", "SIRI"}));
        qqq.position.quantity = Quantity::of("10");
        stage.tell(&client::StreamEvent::position, qqq);
        QVERIFY(stage.shown().contains(QStringLiteral("QQQ")));
        QCOMPARE(stage.text("QQQ", Positions::QuantityColumn), QStringLiteral("10"));
        client::PositionFacts fresh = qqq;
        fresh.position.symbol = Symbol::of("GLD");
        stage.tell(&client::StreamEvent::position, fresh);
        QCOMPARE(stage.shown().back(), QStringLiteral("GLD"));
    }

    /// The name in full on the screen, the code where other programs read it.
    void aContractIsNamedInFull()
    {
        Stage stage;
        DataTable table(stage.theme, QStringLiteral("positions"), QStringLiteral("Positions"));
        table.resize(900, 300);
        table.setRowModel(&stage.model);
        const int before = table.columnWidth(Positions::SymbolColumn);
        client::PositionFacts contract = stage.held("SPY");
        contract.position.symbol = Symbol::of("GOOGL151224P01752500");
        stage.tell(&client::StreamEvent::position, contract);
        QVERIFY(table.columnWidth(Positions::SymbolColumn) > before);
        QCOMPARE(test::timesPainted(table, QStringLiteral("GOOGL 1752.5P 24Dec15")), 1);
        QVERIFY(stage.model.toCsv().contains(QLatin1String("\r\nGOOGL151224P01752500,")));
        for (const char* typed : {"googl 1752", "GOOGL151224P"}) {
            stage.model.setFilterText(QLatin1String(typed));
            QCOMPARE(stage.shown(), QStringList({"GOOGL 1752.5P 24Dec15"}));
        }
    }

    void staleProfitIsGreyAndWhatIsKnownIsNot()
    {
        Stage stage;
        QVERIFY(!stage.cell("SPY", Positions::UnrealisedColumn).stale);
        stage.session.goStale(std::chrono::seconds(6));
        for (const int column :
             {Positions::LastColumn, Positions::ValueColumn, Positions::UnrealisedColumn,
              Positions::PercentColumn, Positions::DayColumn}) {
            QVERIFY(stage.cell("SPY", column).stale);
            QVERIFY(stage.cell("SPY", column).tone == Tone::Caption);
        }
        for (const int column :
             {Positions::QuantityColumn, Positions::AverageColumn, Positions::RealisedColumn}) {
            QVERIFY(!stage.cell("SPY", column).stale);
        }
    }

    void aPositionThatDiffersAtTheBrokerSaysSo()
    {
        Stage stage;
        QCOMPARE(stage.text("XLE", Positions::NoteColumn), QString());
        client::PositionFacts differs = stage.held("XLE");
        differs.reconciled = false;
        stage.tell(&client::StreamEvent::position, differs);
        QCOMPARE(stage.text("XLE", Positions::NoteColumn), QStringLiteral("differs at the broker"));
        QVERIFY(stage.cell("XLE", Positions::NoteColumn).tone == Tone::Warn);
    }

    void sortsByAmountNotByText()
    {
        Stage stage;
        stage.model.sort(Positions::UnrealisedColumn, Qt::DescendingOrder);
        // 531.00, 440.00, 340.00, 117.00, 20.40, -175.00
        QCOMPARE(stage.shown(), QStringList({"XLE", "SPY", "QQQ", "TSLA", "NVDA", "SIRI"}));
        stage.model.sort(Positions::QuantityColumn, Qt::AscendingOrder);
        QCOMPARE(stage.shown(), QStringList({"TSLA", "NVDA", "QQQ", "SPY", "XLE", "SIRI"}));
    }

    void theStripTellsTheAccountsFigures()
    {
        test::DeskStage stage;
        AccountStrip strip(stage.desk, stage.theme);
        QCOMPARE(figure(strip, "Net liquidation"),
                 QStringLiteral("–")); // not 0.00: nothing is known yet
        stage.open();
        QCOMPARE(figure(strip, "Net liquidation"), QStringLiteral("1,284,530.22"));
        QCOMPARE(figure(strip, "Buying power"), QStringLiteral("2,110,884.10"));
        QCOMPARE(figure(strip, "Day P&L"), QStringLiteral("+4,212.08  +0.33%"));
        QCOMPARE(figure(strip, "Open risk"), QStringLiteral("1,905.00"));
        client::AccountFacts account = *stage.desk.account().account();
        account.dayProfit = Money::of("-99.5");
        account.dayProfitPercent = Decimal::of("-0.01");
        account.snapshot.buyingPower = Money::of("0.10");
        stage.tell(&client::StreamEvent::account, account);
        QCOMPARE(figure(strip, "Day P&L"),
                 kMinus + QStringLiteral("99.50  ") + kMinus + QStringLiteral("0.01%"));
        QCOMPARE(figure(strip, "Buying power"), QStringLiteral("0.10"));
    }

    void theStripsColoursTellGainLossAndNoLink()
    {
        test::DeskStage stage;
        AccountStrip strip(stage.desk, stage.theme);
        strip.resize(800, 40);
        stage.open();
        const auto inkOf = [&](const QString& start) {
            for (const test::PaintedText& one : test::paintedTexts(strip))
                if (one.text.startsWith(start)) return one.ink;
            return QColor();
        };
        const Palette& colors = stage.theme.colors();
        QCOMPARE(inkOf(QStringLiteral("+4,212.08")), colors.up);
        QCOMPARE(inkOf(QStringLiteral("1,284,530.22")), colors.text);
        client::AccountFacts account = *stage.desk.account().account();
        account.dayProfit = Money::of("-99.5");
        stage.tell(&client::StreamEvent::account, account);
        QCOMPARE(inkOf(kMinus + QStringLiteral("99.50")), colors.down);
        stage.session.goOffline("connection refused");
        QCOMPARE(inkOf(kMinus + QStringLiteral("99.50")), colors.text3);
        QCOMPARE(inkOf(QStringLiteral("1,284,530.22")), colors.text3);
    }

    void aNarrowStripKeepsTheDaysProfitLongest()
    {
        test::DeskStage stage;
        QWidget parent;
        AccountStrip strip(stage.desk, stage.theme, &parent);
        parent.show();
        stage.open();
        const auto visible = [&](int width) {
            QStringList names;
            const int used = strip.fitTo(width);
            for (const FigureLabel* label : strip.findChildren<FigureLabel*>())
                if (label->isVisibleTo(&strip)) names << label->accessibleName();
            return used <= width ? names : QStringList("does not fit");
        };
        QCOMPARE(visible(2000).size(), 4);
        QCOMPARE(visible(180), QStringList("Day P&L"));
        QCOMPARE(visible(10), QStringList());
    }
};

QD_QT_SUITE(PortfolioTest)

#include "portfolio_test.moc"
