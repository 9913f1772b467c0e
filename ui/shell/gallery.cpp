#include "ui/shell/gallery.h"

#include <QApplication>
#include <QDir>
#include <QPainter>
#include <QTextStream>

#include "ui/charts/chart_panel.h"
#include "ui/market/watchlist_view.h"
#include "ui/orders/order_ticket.h"
#include "ui/shell/gallery_stage.h"

namespace qd::ui {

namespace {

using Stage = GalleryStage;

class Shooter {
public:
    Shooter(Theme& theme, const QString& folder) : m_theme(theme), m_folder(folder) {}

    void all()
    {
        for (const ThemeKind kind : {ThemeKind::Dark, ThemeKind::Light, ThemeKind::HighContrast}) {
            use(kind);
            trading(QSize(1920, 1080), nameOf(kind));
            if (kind != ThemeKind::Dark) shootPeopleInTheme(m_theme, nameOf(kind), shooting());
        }
        use(ThemeKind::Dark);
        trading(QSize(1440, 900), QStringLiteral("dark-1440x900"));
        troubles();
        dialogs();
        exits();
        differences();
        traces();
        blotterPages();
        shootPeople(m_theme, shooting());
    }

    int failures() const { return m_failures; }

private:
    void use(ThemeKind kind)
    {
        m_theme.setKind(kind);
        m_theme.apply(*qApp);
    }

    void shoot(QWidget& window, const QString& name)
    {
        settle(3);
        const QString path = QDir(m_folder).filePath(name + QStringLiteral(".png"));
        QPixmap picture(window.size());
        window.render(&picture);
        // A dialog is a window of its own; it is shown where it would stand.
        QPainter painter(&picture);
        for (QDialog* dialog : window.findChildren<QDialog*>()) {
            if (!dialog->isVisible()) continue;
            painter.fillRect(picture.rect(), QColor(0, 0, 0, 110));
            QPoint at((window.width() - dialog->width()) / 2, (window.height() - dialog->height()) / 2);
            if (dialog->windowFlags().testFlag(Qt::FramelessWindowHint)) at.setY(52);
            painter.drawPixmap(at, dialog->grab());
        }
        painter.end();
        if (!picture.save(path)) ++m_failures;
        QTextStream(stdout) << path << Qt::endl;
    }

    Shoot shooting()
    {
        return [this](QWidget& window, const QString& name) { shoot(window, name); };
    }

    void trading(QSize size, const QString& name)
    {
        Stage stage(m_theme, size);
        stage.typeOrder(Side::Buy, "300");
        shoot(stage.window, QStringLiteral("trading-") + name);
        stage.clock.advance(std::chrono::milliseconds(6396));
        stage.session.goStale(std::chrono::milliseconds(6400));
        settle(8);
        shoot(stage.window, QStringLiteral("stale-") + name);
    }

    void troubles()
    {
        const QSize size(1920, 1080);
        {
            Stage stage(m_theme, size, false);
            shoot(stage.window, QStringLiteral("loading"));
        }
        {
            Stage stage(m_theme, size);
            stage.session.goOffline("connection refused by 127.0.0.1");
            stage.clock.advance(std::chrono::seconds(2));
            settle(8);
            shoot(stage.window, QStringLiteral("offline"));
            stage.clock.advance(std::chrono::seconds(3));
            stage.session.goOnline();
            settle(8);
            shoot(stage.window, QStringLiteral("reconnected"));
        }
        {
            Stage stage(m_theme, size);
            stage.session.openBreaker();
            settle(4);
            shoot(stage.window, QStringLiteral("breaker-open"));
        }
        {
            Stage stage(m_theme, size);
            stage.session.setTrading(client::TradingState::Halted, "operator: unexplained fills",
                                     &stage.window, [](auto) {});
            settle(4);
            shoot(stage.window, QStringLiteral("halted"));
        }
        {
            Stage stage(m_theme, size);
            stage.desk.select(Symbol::of("ZZZZ"));
            settle(4);
            shoot(stage.window, QStringLiteral("empty-symbol"));
        }
    }

    void dialogs()
    {
        const QSize size(1440, 900);
        {
            Stage stage(m_theme, size);
            stage.typeOrder(Side::Sell, "12.5");
            stage.window.ticket().setPrice(Price::of("511.865"));
            settle(4);
            shoot(stage.window, QStringLiteral("ticket-errors"));
        }
        {
            Stage stage(m_theme, size);
            client::Problem refusal;
            refusal.status = 422;
            refusal.title = "Order refused";
            refusal.detail = "buying power 2,110,884.10 does not cover 51,186,000.00";
            refusal.fields = {{"quantity", "risk.buying_power", "more than the account can pay for"}};
            stage.session.refuseOnce(refusal);
            stage.typeOrder(Side::Buy, "100000");
            stage.window.ticket().submit();
            settle(8);
            shoot(stage.window, QStringLiteral("order-rejected"));
        }
        {
            Stage stage(m_theme, size);
            stage.session.askOnce({"precaution.percent_off_market",
                                   "The limit 471.86 is 7.9% below the last trade 512.31."});
            stage.typeOrder(Side::Buy, "300");
            stage.window.ticket().submit();
            settle(8);
            shoot(stage.window, QStringLiteral("confirmation"));
        }
        {
            Stage stage(m_theme, size);
            stage.window.openHaltDialog();
            settle(4);
            shoot(stage.window, QStringLiteral("halt-dialog"));
        }
        {
            Stage stage(m_theme, size);
            stage.window.palette().popUp(QStringLiteral("s"));
            settle();
            shoot(stage.window, QStringLiteral("palette"));
        }
    }

    void exits()
    {
        const auto type = [](Stage& stage, const char* profit, const char* loss) {
            stage.window.ticket().setExitPrices(QString::fromLatin1(profit),
                                                QString::fromLatin1(loss));
            settle();
        };
        {
            Stage stage(m_theme, QSize(1920, 1080));
            stage.typeOrder(Side::Buy, "300");
            stage.window.ticket().setExits(OrderClass::Bracket);
            type(stage, "0.25%", "80t");
            shoot(stage.window, QStringLiteral("ticket-bracket"));
            type(stage, "511.00", "512.00");
            shoot(stage.window, QStringLiteral("ticket-bracket-errors"));
        }
        Stage stage(m_theme, QSize(1440, 900));
        stage.typeOrder(Side::Sell, "500");
        stage.window.ticket().setExits(OrderClass::Oco);
        type(stage, "513.10", "511.05");
        shoot(stage.window, QStringLiteral("ticket-oco-1440x900"));
    }

    void differences()
    {
        Stage stage(m_theme, QSize(1920, 1080));
        stage.window.blotter().show(Blotter::DifferencesPage);
        shoot(stage.window, QStringLiteral("differences-none"));
        stage.session.disagree(ScriptedWorld::differences(stage.clock.now()));
        DataTable& table = stage.window.blotter().table(Blotter::DifferencesPage);
        table.setCurrentIndex(table.model()->index(0, 0));
        settle(8);
        shoot(stage.window, QStringLiteral("differences"));
        stage.window.blotter().differences().acceptSelected();
        settle(8);
        shoot(stage.window, QStringLiteral("difference-accept"));
    }

    /// The log lines of the scripted trace, as the backend writes them for one order.
    static void keepTrace(ScriptedSession& session)
    {
        const auto keep = [&](const char* kind, const char* actor, const char* detail) {
            client::LogEvent event;
            event.kind = kind;
            event.actor = actor;
            event.traceId = ScriptedWorld::kTraceId;
            event.detail = detail;
            session.keepInLog(std::move(event));
        };
        keep("order.submitted", "user:owner", "buy 300 SPY at 511.86, day; 26 checks passed");
        keep("order.accepted", "broker:alpaca", "venue order A-10482, after 38 ms");
    }

    void traces()
    {
        const QSize size(1440, 900);
        {
            Stage stage(m_theme, size);
            keepTrace(stage.session);
            stage.window.openTrace(QString::fromLatin1(ScriptedWorld::kTraceId), 813);
            settle(8);
            shoot(stage.window, QStringLiteral("trace"));
        }
        Stage stage(m_theme, size);
        stage.window.openTrace(QStringLiteral("00000000000000000000000000000001"), 813);
        settle(8);
        shoot(stage.window, QStringLiteral("trace-gone"));
    }

    void blotterPages()
    {
        const QSize size(1920, 1080);
        Stage stage(m_theme, size);
        stage.window.blotter().show(Blotter::PositionsPage);
        shoot(stage.window, QStringLiteral("positions"));
        stage.window.blotter().show(Blotter::FillsPage);
        shoot(stage.window, QStringLiteral("fills"));
        stage.window.blotter().show(Blotter::OrdersPage);
        DataTable& orders = stage.window.blotter().table(Blotter::OrdersPage);
        orders.setCurrentIndex(orders.model()->index(3, 0));
        Q_EMIT orders.itemActivated(orders.currentItem());
        settle(10);
        shoot(stage.window, QStringLiteral("timeline"));
        stage.session.cancelAll({}, &stage.window, [](auto) {});
        stage.window.blotter().show(Blotter::EventsPage);
        settle(6);
        shoot(stage.window, QStringLiteral("event-log"));
        stage.window.chartPanel().chart().zoom(5, 700);
        stage.window.chartPanel().chart().setCrosshair(QPointF(640, 220));
        shoot(stage.window, QStringLiteral("chart-crosshair"));
    }

    Theme& m_theme;
    QString m_folder;
    int m_failures = 0;
};

} // namespace

int shootGallery(Theme& theme, const QString& folder)
{
    if (!QDir().mkpath(folder)) return 1;
    Shooter shooter(theme, folder);
    shooter.all();
    return shooter.failures();
}

} // namespace qd::ui
