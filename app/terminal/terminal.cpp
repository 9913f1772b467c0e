#include "app/terminal/terminal.h"

#include <memory>

#include <QApplication>
#include <QStandardPaths>
#include <QTextStream>

#include "app/terminal/keys.h"
#include "app/terminal/live_shot.h"
#include "app/terminal/own_world.h"
#include "app/terminal/people.h"
#include "ui/shell/gallery.h"
#include "ui/shell/main_window.h"

namespace qd {

namespace {

QString workspacePath()
{
    return QStandardPaths::writableLocation(QStandardPaths::AppConfigLocation) +
           QStringLiteral("/trading.json");
}

int shoot(ui::Theme& theme, const Options& options)
{
    int failures = ui::shootGallery(theme, options.shootFolder);
    if (!programsExist()) {
        QTextStream(stdout) << "live.png: quarterdeck-sandbox and quarterdeckd are not beside this "
                               "program, left out"
                            << Qt::endl;
    } else if (!shootLive(theme, options)) {
        ++failures;
    }
    return failures == 0 ? 0 : 1;
}

int runWindow(QApplication& application, ui::Theme& theme, const Options& options)
{
    client::NetSession session({});
    ui::Desk desk(session, runtime::systemClock());
    TerminalKeys keys(options);
    std::unique_ptr<client::EmbeddedBackend> embedded;
    TerminalPeople people(session, options, keys.ofPeople());
    ui::MainWindow window(desk, theme, runtime::systemRandom(), people.forWindow(embedded));
    QObject::connect(&theme, &ui::Theme::changed, &application, [&] { theme.apply(application); });
    window.setWorkspacePath(workspacePath());
    const ui::WorkspaceFile workspace = ui::WorkspaceFile::load(workspacePath());
    if (workspace.geometry.isEmpty())
        window.showMaximized();
    else
        window.show();
    window.restore(workspace);
    if (desk.watchlist().empty()) desk.setWatchlist(firstWatchlist());
    if (desk.symbol().empty()) desk.select(desk.watchlist().front());

    const bool isOwner = options.connectUrl.isEmpty() || !options.tokenFile.isEmpty();
    if (options.connectUrl.isEmpty()) {
        client::EmbeddedBackend::Options own = embeddedOptions(options);
        own.keyring = keys.ofVault();
        embedded = embed(session, desk, std::move(own), [&people] {
            return people.identity().state() == client::Identity::State::Owner;
        });
        askWhenHeld(window, *embedded);
    } else if (isOwner) {
        auto token = client::readTokenFile(options.tokenFile);
        if (!token) {
            QTextStream(stderr) << QString::fromStdString(token.error().detail) << Qt::endl;
            return 2;
        }
        session.setServer({QUrl(options.connectUrl), std::move(*token), options.caFile});
    } else {
        session.setServer({QUrl(options.connectUrl), runtime::Secret(), options.caFile});
    }
    window.workspaces()->begin(isOwner);
    if (embedded) embedded->start();
    if (embedded && options.hasOwnSymbols()) listWhatIsTraded(session, desk);
    return QApplication::exec();
}

} // namespace

int runTerminal(int argc, char** argv)
{
    for (int i = 1; i < argc; ++i) {
        const QByteArray argument(argv[i]);
        const bool needsNoDisplay = argument.startsWith("--shoot") ||
                                    argument.startsWith("--help") || argument == "-h" ||
                                    argument == "--version" || argument == "-v";
        if (needsNoDisplay) qputenv("QT_QPA_PLATFORM", "offscreen");
    }
    QApplication application(argc, argv);
    QCoreApplication::setApplicationName(QStringLiteral("quarterdeck"));
    QCoreApplication::setApplicationVersion(QStringLiteral("0.1.0"));
    QGuiApplication::setDesktopFileName(QStringLiteral("org.quarterdeck.Quarterdeck"));
    const Options options = readOptions(application);
    if (const QString complaint = complaintAbout(options); !complaint.isEmpty()) {
        QTextStream(stderr) << complaint << Qt::endl;
        return 2;
    }
    ui::Theme theme;
    theme.apply(application);
    if (!options.shootFolder.isEmpty()) return shoot(theme, options);
    return runWindow(application, theme, options);
}

} // namespace qd
