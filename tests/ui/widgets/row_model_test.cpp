#include <QAbstractItemModelTester>
#include <QApplication>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include "tests/qt/suite.h"
#include "ui/widgets/data_table.h"
#include "ui/widgets/format.h"

using namespace qd;
using namespace qd::ui;

namespace {

struct Fruit {
    QString name;
    int weight;
};

class FruitModel final : public RowModel {
public:
    static constexpr int NoteColumn = 2;
    explicit FruitModel(QObject* parent)
        : RowModel({{QStringLiteral("name"), QStringLiteral("Name"), 80, Qt::AlignLeft, true},
                    {QStringLiteral("weight"), QStringLiteral("Weight"), 80, Qt::AlignRight},
                    {QStringLiteral("note"), QStringLiteral("Note"), 120, Qt::AlignLeft, false, 1, true}},
                   parent)
    {
        restart();
    }
    void add(const QString& name, int weight)
    {
        fruits.push_back({name, weight});
        refresh();
    }
    int itemCount() const override { return int(fruits.size()); }
    Cell cellOf(int item, int column) const override
    {
        Cell cell;
        cell.text = column == 0   ? fruits[std::size_t(item)].name
                    : column == 1 ? format::number(Decimal::fromInt(fruits[std::size_t(item)].weight), 0)
                                  : note;
        return cell;
    }
    SortKey sortKeyOf(int item, int column) const override
    {
        return column == 1 ? SortKey::of(double(fruits[std::size_t(item)].weight))
                           : SortKey::of(fruits[std::size_t(item)].name);
    }
    QStringList shown() const
    {
        QStringList names;
        for (int row = 0; row < rowCount(); ++row) names << data(index(row, 0), Qt::DisplayRole).toString();
        return names;
    }
    std::vector<Fruit> fruits;
    QString note;
};

} // namespace

/// Sorting, filtering, selection, repaint economy and export of the one table.
class RowModelTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void sortsByNumberNotByText()
    {
        FruitModel model(nullptr);
        QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
        model.add(QStringLiteral("plum"), 9);
        model.add(QStringLiteral("melon"), 1200);
        model.add(QStringLiteral("apple"), 150);
        model.sort(1, Qt::AscendingOrder);
        QCOMPARE(model.shown(), QStringList({"plum", "apple", "melon"}));
        model.sort(0, Qt::DescendingOrder);
        QCOMPARE(model.shown(), QStringList({"plum", "melon", "apple"}));
        model.sort(-1, Qt::AscendingOrder);
        QCOMPARE(model.shown(), QStringList({"plum", "melon", "apple"}));
    }

    void everyWordOfTheFilterMustMatch()
    {
        FruitModel model(nullptr);
        model.add(QStringLiteral("red apple"), 1);
        model.add(QStringLiteral("green apple"), 2);
        model.add(QStringLiteral("red plum"), 3);
        model.setFilterText(QStringLiteral("  RED app "));
        QCOMPARE(model.shown(), QStringList({"red apple"}));
        model.setFilterText({});
        QCOMPARE(model.rowCount(), 3);
    }

    void selectionStaysWithTheItemWhenRowsMove()
    {
        FruitModel model(nullptr);
        model.add(QStringLiteral("a"), 3);
        model.add(QStringLiteral("b"), 2);
        const QPersistentModelIndex b(model.index(1, 0));
        model.sort(1, Qt::AscendingOrder);
        QCOMPARE(b.row(), 0);
        model.add(QStringLiteral("c"), 1);
        QCOMPARE(b.row(), 1);
        model.setFilterText(QStringLiteral("b"));
        QCOMPARE(b.row(), 0);
        QCOMPARE(model.rowOf(0), -1);
    }

    void touchTellsOnlyVisibleCells()
    {
        FruitModel model(nullptr);
        for (int i = 0; i < 100; ++i) model.add(QString::number(i), i);
        model.setVisibleRows(0, 9);
        QSignalSpy changed(&model, &QAbstractItemModel::dataChanged);
        model.touch(50, ~0U);
        QCOMPARE(changed.count(), 0);
        model.touch(5, 1U << 1);
        QCOMPARE(changed.count(), 1);
        QCOMPARE(changed[0][0].toModelIndex(), model.index(5, 1));
        QCOMPARE(changed[0][1].toModelIndex(), model.index(5, 1));
    }

    void csvIsQuotedAndNoFormulaGetsThrough()
    {
        FruitModel model(nullptr);
        model.add(QStringLiteral("=cmd()"), 12345);
        model.add(QStringLiteral("a,\"b\""), -7);
        QCOMPARE(model.toCsv(), QStringLiteral("name,weight,note\r\n"
                                               "'=cmd(),12345,\r\n"
                                               "\"a,\"\"b\"\"\",-7,\r\n"));
    }

    void aColumnThatFitsTakesTheRoomItsTextsNeedAndGivesItBack()
    {
        Theme theme;
        FruitModel model(nullptr);
        DataTable table(theme, QStringLiteral("fruit"), QStringLiteral("Fruit"));
        table.resize(1600, 200);
        table.setRowModel(&model);
        const int plain = table.columnWidth(FruitModel::NoteColumn);
        model.note = QString(60, QLatin1Char('w'));
        model.add(QStringLiteral("plum"), 1);
        const QFontMetrics metrics(theme.font(TypeSize::Body, TypeWeight::SemiBold));
        QVERIFY(table.columnWidth(FruitModel::NoteColumn) >
                metrics.horizontalAdvance(model.note) + 2 * metric::kCellPadding);
        model.note = QStringLiteral("w");
        model.restart();
        QCOMPARE(table.columnWidth(FruitModel::NoteColumn), plain);
    }

    void exportWritesTheRowsThatAreShown()
    {
        Theme theme;
        FruitModel model(nullptr);
        model.add(QStringLiteral("apple"), 1);
        model.add(QStringLiteral("plum"), 2);
        DataTable table(theme, QStringLiteral("fruit"), QStringLiteral("Fruit"));
        table.setRowModel(&model);
        model.setFilterText(QStringLiteral("plum"));
        const QTemporaryDir folder;
        const QString path = folder.filePath(QStringLiteral("fruit.csv"));
        QVERIFY(table.writeCsv(path));
        QFile file(path);
        QVERIFY(file.open(QIODevice::ReadOnly));
        QCOMPARE(file.readAll(), QByteArray("name,weight,note\r\nplum,2,\r\n"));
        QVERIFY(!table.writeCsv(folder.filePath(QStringLiteral("no/such/folder.csv"))));
    }

    void headerClicksGoUpDownAndBack()
    {
        Theme theme;
        FruitModel model(nullptr);
        model.add(QStringLiteral("b"), 1);
        DataTable table(theme, QStringLiteral("fruit"), QStringLiteral("Fruit"));
        table.setRowModel(&model);
        Q_EMIT table.horizontalHeader()->sectionClicked(1);
        QCOMPARE(model.sortColumn(), 1);
        QCOMPARE(model.sortOrder(), Qt::AscendingOrder);
        Q_EMIT table.horizontalHeader()->sectionClicked(1);
        QCOMPARE(model.sortOrder(), Qt::DescendingOrder);
        Q_EMIT table.horizontalHeader()->sectionClicked(1);
        QCOMPARE(model.sortColumn(), -1);
    }

    void narrowTablesDropTheLeastImportantColumn()
    {
        Theme theme;
        FruitModel model(nullptr);
        DataTable table(theme, QStringLiteral("fruit"), QStringLiteral("Fruit"));
        table.setRowModel(&model);
        table.resize(500, 200);
        table.show();
        QTRY_VERIFY(!table.isColumnHidden(2));
        table.resize(200, 200);
        QTRY_VERIFY(table.isColumnHidden(2));
        QVERIFY(!table.isColumnHidden(1));
    }

    void numbersAreWrittenOneWay()
    {
        QCOMPARE(format::number(Decimal::of("-1234567.5"), 2), QStringLiteral("\u22121,234,567.50"));
        QCOMPARE(format::signedNumber(Decimal::of("0.05"), 2), QStringLiteral("+0.05"));
        QCOMPARE(format::symbol(Symbol::of("GOOG151224C00750000")), QStringLiteral("GOOG 750C 24Dec15"));
        QCOMPARE(format::symbol(Symbol::of("GOOG151224P00752500")), QStringLiteral("GOOG 752.5P 24Dec15"));
        QCOMPARE(format::symbol(Symbol::of("BRK.B")), QStringLiteral("BRK.B"));
        QCOMPARE(format::signedNumber(Decimal::of("-0.001"), 2), QStringLiteral("0.00"));
        QCOMPARE(format::percent(Decimal::of("0.42")), QStringLiteral("+0.42%"));
        QCOMPARE(format::money(Money::of("999.995")), QStringLiteral("1,000.00"));
        QCOMPARE(format::quantity(Quantity::of("1500")), QStringLiteral("1,500"));
        QCOMPARE(format::quantity(Quantity::of("0.125")), QStringLiteral("0.125"));
        QCOMPARE(format::compact(35'700), QStringLiteral("35.7K"));
        QCOMPARE(format::compact(1'240'000), QStringLiteral("1.24M"));
        QCOMPARE(format::age(std::chrono::milliseconds(6400)), QStringLiteral("6.4 s"));
        QCOMPARE(format::countdown(std::chrono::seconds(19063)), QStringLiteral("05:17:43"));
        QCOMPARE(format::clock(Timestamp::of("2024-04-03T14:42:17.381Z"), true),
                 QStringLiteral("10:42:17.381"));
        QCOMPARE(format::dateAndMinute(Timestamp::of("2024-04-03T13:28:00Z")),
                 QStringLiteral("Wed 03 Apr 09:28"));
    }

    void hostileTextLosesItsTricks()
    {
        QCOMPARE(format::plain("a\u202Eb\u0007c\n"), QStringLiteral("abc"));
        QCOMPARE(format::plain(std::string(5000, 'x'), 10).size(), 10);
        QCOMPARE(format::plain("<b>x</b>"), QStringLiteral("<b>x</b>"));
    }
};

QD_QT_SUITE(RowModelTest)

#include "row_model_test.moc"
