#include <memory>

#include <QApplication>
#include <QDockWidget>
#include <QDragEnterEvent>
#include <QLineEdit>
#include <QMimeData>
#include <QPushButton>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include "tests/qt/suite.h"
#include "tests/ui/shell/terminal_stage.h"
#include "ui/charts/chart_panel.h"
#include "ui/market/watchlist_view.h"
#include "ui/orders/order_ticket.h"
#include "ui/orders/trace_dialog.h"
#include "ui/shell/status_line.h"

using namespace qd;
using namespace qd::ui;

using qd::ui::test::TerminalStage;

/// The terminal as a person meets it: by keyboard, with trouble, and from one run to the next.
class TerminalTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void anOrderCanBeSentWithoutAMouse()
    {
        TerminalStage stage;
        QTest::keyClick(&stage.window, Qt::Key_F10);
        QTRY_COMPARE(QApplication::focusWidget(), stage.find<QLineEdit>("ticketQuantity"));
        QTest::keyClicks(QApplication::focusWidget(), QStringLiteral("700"));
        QTest::keyClick(QApplication::focusWidget(), Qt::Key_Tab);
        QCOMPARE(QApplication::focusWidget(), stage.find<QLineEdit>("ticketLimitPrice"));
        QTRY_VERIFY(stage.find<QPushButton>("ticketSubmit")->isEnabled());
        QTest::keyClick(QApplication::focusWidget(), Qt::Key_Return);
        QTRY_COMPARE(stage.session.submitted().size(), 1UL);
        QVERIFY(stage.session.submitted()[0].side == Side::Sell);
        QCOMPARE(stage.session.submitted()[0].quantity, Quantity::of("700"));
    }

    void thePaletteFindsSymbolsAndCommands()
    {
        TerminalStage stage;
        QTest::keyClick(&stage.window, Qt::Key_K, Qt::ControlModifier);
        auto* edit = stage.find<QLineEdit>("paletteEdit");
        QTRY_VERIFY(edit->isVisible() && edit->hasFocus());
        QTest::keyClicks(edit, QStringLiteral("micros"));
        QTRY_COMPARE(stage.window.palette().model().rowCount(), 1);
        QTest::keyClick(edit, Qt::Key_Return);
        QCOMPARE(stage.desk.symbol(), Symbol::of("MSFT"));
        QVERIFY(!stage.window.palette().isVisible());
        stage.window.palette().popUp(QStringLiteral("positions"));
        QTRY_VERIFY(stage.window.palette().model().rowCount() > 0);
        QTest::keyClick(edit, Qt::Key_Return);
        QCOMPARE(stage.window.blotter().page(), Blotter::PositionsPage);
        QTest::keyClick(&stage.window, Qt::Key_K, Qt::ControlModifier);
        QTest::keyClick(edit, Qt::Key_Escape);
        QTRY_VERIFY(!stage.window.palette().isVisible());
    }

    void haltAsksOnceAndCancelsEverything()
    {
        TerminalStage stage;
        stage.session.goStale(std::chrono::seconds(6)); // must work all the same
        QTest::keyClick(&stage.window, Qt::Key_H, Qt::ControlModifier);
        auto* dialog = stage.dialog<QDialog>("haltDialog");
        QVERIFY(dialog);
        QTest::keyClick(dialog, Qt::Key_Return);
        QTRY_VERIFY(stage.desk.trading().isHalted());
        QTRY_COMPARE(stage.desk.orders().openCount(), 0);
        QTRY_VERIFY(stage.window.banner().text().startsWith(QStringLiteral("TRADING HALTED")));
    }

    void resumingNeedsAReason()
    {
        TerminalStage stage;
        stage.session.setTrading(client::TradingState::Halted, "drill", &stage.window, [](auto) {});
        stage.window.openHaltDialog();
        auto* dialog = stage.dialog<QDialog>("haltDialog");
        QVERIFY(dialog);
        auto* resume = dialog->findChild<QPushButton*>(QStringLiteral("haltResume"));
        QVERIFY(!resume->isEnabled());
        QTest::keyClicks(dialog->findChild<QLineEdit*>(QStringLiteral("haltReason")), QStringLiteral("checked"));
        QVERIFY(resume->isEnabled());
        resume->click();
        QTRY_VERIFY(!stage.desk.trading().isHalted());
    }

    void confirmingTakesADeliberatePress()
    {
        TerminalStage stage;
        stage.session.askOnce({"precaution.size", "100,000 is 20 times your usual size"});
        stage.window.ticket().begin(Side::Buy);
        stage.window.ticket().setQuantity(QStringLiteral("100000"));
        QTRY_VERIFY(stage.find<QPushButton>("ticketSubmit")->isEnabled());
        stage.window.ticket().submit();
        auto* dialog = stage.dialog<QDialog>("confirmationDialog");
        QVERIFY(dialog);
        QTest::keyClick(dialog, Qt::Key_Return); // the default keeps editing
        QTRY_VERIFY(!dialog->isVisible());
        QVERIFY(stage.session.submitted().empty());
        stage.window.ticket().submit();
        dialog = nullptr;
        QTRY_VERIFY((dialog = stage.find<QDialog>("confirmationDialog")) && dialog->isVisible());
        dialog->findChild<QPushButton*>(QStringLiteral("confirmSend"))->click();
        QTRY_COMPARE(stage.session.submitted().size(), 1UL);
    }

    void troubleIsToldInOneBannerAndTheStatusLine()
    {
        TerminalStage stage;
        QVERIFY(stage.window.banner().text().isEmpty());
        stage.session.goStale(std::chrono::milliseconds(6400));
        QVERIFY(stage.window.banner().text().contains(QStringLiteral("STALE")));
        QVERIFY(stage.window.statusLine().text().contains(QStringLiteral("STALE")));
        stage.session.openBreaker();
        QVERIFY(stage.window.statusLine().text().contains(QStringLiteral("BREAKER OPEN")));
        stage.session.goOffline("connection refused");
        QVERIFY(stage.window.banner().text().startsWith(QStringLiteral("OFFLINE")));
        stage.session.goOnline();
        QVERIFY(stage.window.banner().text().isEmpty());
        QVERIFY(stage.window.statusLine().text().contains(QStringLiteral("reconnects 1")));
        QVERIFY(stage.window.toasts().count() > 0);
    }

    void theWatchlistFlashesAndLetsRowsBeMoved()
    {
        TerminalStage stage;
        WatchlistTableModel& model = stage.window.watchlist().model();
        client::MarketBatch batch = stage.session.world().step(1);
        batch.quotes[0].last = batch.quotes[0].last + Price::of("1");
        const int item = model.itemOf(batch.quotes[0].symbol);
        Q_EMIT stage.session.marketArrived(batch);
        QCOMPARE(model.cellOf(item, WatchlistTableModel::LastColumn).flash, Flash::Up);
        stage.clock.advance(std::chrono::milliseconds(300));
        QTRY_COMPARE(model.cellOf(item, WatchlistTableModel::LastColumn).flash, Flash::None);
        const Symbol first = stage.desk.watchlist()[0];
        model.move(0, 2);
        QCOMPARE(stage.desk.watchlist()[2], first);
        DataTable& table = stage.window.watchlist().table();
        table.setCurrentIndex(model.index(2, 0));
        QTest::keyClick(&table, Qt::Key_Up, Qt::AltModifier);
        QCOMPARE(stage.desk.watchlist()[1], first);
        QTest::keyClick(&table, Qt::Key_Delete);
        QVERIFY(std::find(stage.desk.watchlist().begin(), stage.desk.watchlist().end(), first) ==
                stage.desk.watchlist().end());
    }

    void aDraggedRowLandsWhereItIsDropped()
    {
        TerminalStage stage;
        WatchlistTableModel& model = stage.window.watchlist().model();
        DataTable& table = stage.window.watchlist().table();
        QVERIFY(table.dragEnabled() && table.acceptDrops());
        const auto before = stage.desk.watchlist();
        const auto dropAt = [&](int from, int y) {
            const std::unique_ptr<QMimeData> mime(model.mimeData({model.index(from, 0)}));
            const QPoint at(30, y);
            QDragEnterEvent enter(at, Qt::MoveAction, mime.get(), Qt::LeftButton, Qt::NoModifier);
            QApplication::sendEvent(table.viewport(), &enter);
            QDragMoveEvent move(at, Qt::MoveAction, mime.get(), Qt::LeftButton, Qt::NoModifier);
            QApplication::sendEvent(table.viewport(), &move);
            QVERIFY(move.isAccepted());
            QDropEvent drop(at, Qt::MoveAction, mime.get(), Qt::LeftButton, Qt::NoModifier);
            QApplication::sendEvent(table.viewport(), &drop);
        };
        const int row = table.rowHeight(0);
        dropAt(0, row * 3); // between the third and the fourth
        QCOMPARE(stage.desk.watchlist()[2], before[0]);
        QCOMPARE(stage.desk.watchlist()[0], before[1]);
        dropAt(2, 0);
        QCOMPARE(stage.desk.watchlist(), before);
        QCOMPARE(stage.desk.watchlist().size(), before.size()); // nothing was lost or doubled
        model.sort(WatchlistTableModel::LastColumn, Qt::AscendingOrder);
        QVERIFY(!(model.flags(model.index(0, 0)) & Qt::ItemIsDragEnabled)); // its order is the column's
    }

    void aDifferenceIsAcceptedWithAReason()
    {
        TerminalStage stage;
        stage.session.disagree(ScriptedWorld::differences(stage.clock.now()));
        QVERIFY(stage.window.banner().text().startsWith(QStringLiteral("NEW POSITIONS BLOCKED")));
        QTest::mouseClick(&stage.window.banner(), Qt::LeftButton);
        QCOMPARE(stage.window.blotter().page(), Blotter::DifferencesPage);
        DataTable& table = stage.window.blotter().table(Blotter::DifferencesPage);
        table.setCurrentIndex(table.model()->index(0, 0));
        QTest::keyClick(&table, Qt::Key_Return);
        auto* dialog = stage.dialog<QDialog>("acceptDialog");
        QVERIFY(dialog);
        auto* accept = dialog->findChild<QPushButton*>(QStringLiteral("acceptSend"));
        auto* reason = dialog->findChild<QLineEdit*>(QStringLiteral("acceptReason"));
        QVERIFY(!accept->isEnabled());
        QTest::keyClicks(reason, QStringLiteral("ab"));
        QVERIFY(!accept->isEnabled()); // three characters at the least
        QTest::keyClicks(reason, QStringLiteral("c"));
        QVERIFY(accept->isEnabled());
        accept->click();
        QTRY_COMPARE(stage.session.acceptReasons(), std::vector<std::string>{"abc"});
        QTRY_VERIFY(!stage.desk.trading().isBlocked());
        QTRY_VERIFY(stage.window.banner().text().startsWith(QStringLiteral("RECONCILIATION")));
    }

    void aDifferenceThatChangesIsNotAcceptedUnseen()
    {
        TerminalStage stage;
        auto differences = ScriptedWorld::differences(stage.clock.now());
        stage.session.disagree(differences);
        auto& view = stage.window.blotter().differences();
        stage.window.blotter().show(Blotter::DifferencesPage);
        view.table().setCurrentIndex(view.model().index(0, 0));
        view.acceptSelected();
        auto* dialog = stage.dialog<QDialog>("acceptDialog");
        QVERIFY(dialog);
        QTest::keyClicks(dialog->findChild<QLineEdit*>(QStringLiteral("acceptReason")),
                         QStringLiteral("checked"));
        auto* accept = dialog->findChild<QPushButton*>(QStringLiteral("acceptSend"));
        QVERIFY(accept->isEnabled());
        differences[0].id = "another";
        differences[0].theirs = "300";
        stage.session.disagree(differences);
        QVERIFY(!accept->isEnabled());
    }

    void aStepOfTheTimelineOpensItsTrace()
    {
        TerminalStage stage;
        OrdersView& orders = stage.window.blotter().orders();
        orders.table().setCurrentIndex(orders.model().index(0, 0));
        QTRY_VERIFY(orders.timeline().model().rowCount() > 0);
        Q_EMIT orders.timeline().table().itemActivated(0);
        auto* dialog = stage.dialog<TraceDialog>("traceDialog");
        QVERIFY(dialog);
        QTRY_COMPARE(dialog->model().rowCount(), 6);
        QVERIFY(dialog->headline().contains(QStringLiteral("steps: 6")));
        QCOMPARE(dialog->model().depthOf(0), 0); // the caller's span is not kept here
        QCOMPARE(dialog->model().depthOf(3), 1);
        QCOMPARE(dialog->model().depthOf(4), 2); // the call below the submit
        const Cell bar = dialog->model().cellOf(4, TraceTableModel::BarColumn);
        QVERIFY(bar.offset > 0.1 && bar.fraction > 0.7 && bar.offset + bar.fraction <= 1.0);
        QVERIFY(bar.tone == Tone::Crit); // it ended in an error
    }

    void aNoticeOpensTheTraceBehindIt()
    {
        TerminalStage stage;
        client::StreamEvent event;
        event.kind = "notice";
        event.notice = client::Notice{client::Severity::Warning, "Slow broker", "33 ms", {}};
        stage.session.sendEvent(event);
        stage.window.blotter().show(Blotter::AlertsPage);
        DataTable& table = stage.window.blotter().table(Blotter::AlertsPage);
        table.setCurrentIndex(table.model()->index(0, 0));
        QTest::keyClick(&table, Qt::Key_Return);
        auto* dialog = stage.dialog<TraceDialog>("traceDialog");
        QVERIFY(dialog);
        QTRY_COMPARE(dialog->model().rowCount(), 6);
        QTRY_COMPARE(dialog->log().rowCount(), 1);
        QVERIFY(dialog->log().cellOf(0, TraceLogModel::DetailColumn).text.contains(
            QStringLiteral("Slow broker")));
    }

    void aBracketCanBeSentWithoutAMouse()
    {
        TerminalStage stage;
        QTest::keyClick(&stage.window, Qt::Key_F9);
        QTRY_COMPARE(QApplication::focusWidget(), stage.find<QLineEdit>("ticketQuantity"));
        QTest::keyClicks(QApplication::focusWidget(), QStringLiteral("300"));
        QTest::keyClick(&stage.window, Qt::Key_B, Qt::AltModifier);
        QTRY_COMPARE(QApplication::focusWidget(), stage.find<QLineEdit>("ticketTakeProfit"));
        QTest::keyClicks(QApplication::focusWidget(), QStringLiteral("1%"));
        QTest::keyClick(QApplication::focusWidget(), Qt::Key_Tab);
        QCOMPARE(QApplication::focusWidget(), stage.find<QLineEdit>("ticketStopLoss"));
        QTest::keyClicks(QApplication::focusWidget(), QStringLiteral("50t"));
        QTRY_VERIFY(stage.find<QPushButton>("ticketSubmit")->isEnabled());
        QTest::keyClick(QApplication::focusWidget(), Qt::Key_Return);
        QTRY_COMPARE(stage.session.submitted().size(), 1UL);
        const OrderRequest& sent = stage.session.submitted()[0];
        QVERIFY(sent.orderClass == OrderClass::Bracket);
        QVERIFY(sent.takeProfit->limitPrice > *sent.limitPrice);
        QCOMPARE(*sent.limitPrice - sent.stopLoss->stopPrice, Price::of("0.50"));
    }

    void everythingThatTakesTheFocusHasAName()
    {
        TerminalStage stage;
        QStringList nameless;
        for (const QWidget* widget : stage.window.findChildren<QWidget*>()) {
            const bool internal = widget->objectName().startsWith(QStringLiteral("qt_")) ||
                                  QByteArray(widget->metaObject()->className()) == "QMenu" ||
                                  QByteArray(widget->metaObject()->className()).startsWith("QComboBox");
            if (internal || widget->focusProxy() || widget->focusPolicy() == Qt::NoFocus) continue;
            if (widget->inherits("QHeaderView") || widget->inherits("QComboBoxListView")) continue;
            if (widget->accessibleName().isEmpty() || widget->objectName().isEmpty()) {
                nameless << QString::fromLatin1(widget->metaObject()->className()) +
                                QStringLiteral(" in ") +
                                QString::fromLatin1(widget->parent()->metaObject()->className());
            }
        }
        QVERIFY2(nameless.isEmpty(), qPrintable(nameless.join(QStringLiteral(", "))));
    }

    void noLabelEverReadsRichText()
    {
        TerminalStage stage;
        for (const QLabel* label : stage.window.findChildren<QLabel*>()) {
            QVERIFY2(label->textFormat() == Qt::PlainText, qPrintable(label->text()));
        }
    }

    void tabLeavesEveryTable()
    {
        TerminalStage stage;
        for (DataTable* table : stage.window.findChildren<DataTable*>()) {
            QVERIFY2(!table->tabKeyNavigation(), qPrintable(table->objectName()));
        }
    }

    void everyShortcutIsShownAndUsedOnce()
    {
        TerminalStage stage;
        QStringList seen;
        for (const Command& command : stage.window.commands()) {
            QVERIFY(!command.title.isEmpty());
            if (command.shortcut.isEmpty()) continue;
            QVERIFY2(!seen.contains(command.shortcut), qPrintable(command.shortcut));
            seen << command.shortcut;
        }
        QVERIFY(seen.contains(QStringLiteral("Ctrl+K")) && seen.contains(QStringLiteral("F9")));
    }

    void aWorkspaceComesBackAsItWas()
    {
        const QTemporaryDir folder;
        const QString path = folder.filePath(QStringLiteral("deep/trading.json"));
        {
            TerminalStage stage;
            stage.desk.setWatchlist({Symbol::of("XLE")});
            QVERIFY(stage.desk.addWatchlist(QStringLiteral("Havens")));
            stage.desk.setWatchlist({Symbol::of("TLT"), Symbol::of("GLD")});
            stage.desk.select(Symbol::of("GLD"));
            stage.desk.setInterval(BarInterval::Hour1);
            stage.find<QDockWidget>("quoteDock")->hide();
            stage.find<QDockWidget>("watchlistDock")->setFloating(true);
            QVERIFY(stage.window.workspace().save(path));
        }
        TerminalStage stage;
        stage.window.restore(WorkspaceFile::load(path));
        QCOMPARE(stage.desk.watchlist(), (std::vector<Symbol>{Symbol::of("TLT"), Symbol::of("GLD")}));
        QCOMPARE(stage.desk.watchlists()[1].name, QStringLiteral("Havens"));
        QCOMPARE(stage.desk.watchlists()[0].symbols, std::vector<Symbol>{Symbol::of("XLE")});
        QVERIFY(stage.find<QPushButton>("watchlistName")->text().startsWith(QStringLiteral("Havens")));
        QCOMPARE(stage.desk.symbol(), Symbol::of("GLD"));
        QVERIFY(stage.desk.interval() == BarInterval::Hour1);
        QVERIFY(stage.find<QDockWidget>("quoteDock")->isHidden());
        QVERIFY(stage.find<QDockWidget>("watchlistDock")->isFloating());
    }

    void aBrokenWorkspaceFileIsForgotten()
    {
        const QTemporaryDir folder;
        const QString path = folder.filePath(QStringLiteral("trading.json"));
        QFile file(path);
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write("{\"version\":1,\"docks\":\"////\",\"watchlist\":[7,\"NO SUCH!!\"");
        file.close();
        TerminalStage stage;
        const auto before = stage.desk.watchlist();
        stage.window.restore(WorkspaceFile::load(path));
        QCOMPARE(stage.desk.watchlist(), before);
        QVERIFY(!stage.find<QDockWidget>("ticketDock")->isHidden());
    }

    void aSmallWindowKeepsWhatMatters()
    {
        TerminalStage stage(QSize(1024, 640));
        for (const char* name : {"haltAll", "searchButton", "ticketQuantity"}) {
            QVERIFY2(stage.find<QWidget>(name)->isVisible(), name);
        }
        QVERIFY(stage.window.width() <= 1024);
        QVERIFY(stage.find<QWidget>("haltAll")->mapTo(&stage.window, QPoint()).x() > 700);
    }
};

QD_QT_SUITE(TerminalTest)

#include "terminal_test.moc"
