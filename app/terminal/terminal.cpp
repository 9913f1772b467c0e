#include "app/terminal/terminal.h"

#include <functional>
#include <memory>
#include <optional>

#include <QApplication>
#include <QCommandLineParser>
#include <QElapsedTimer>
#include <QFileInfo>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QTextStream>
#include <QTimer>

#include "services/client/embedded_backend.h"
#include "ui/charts/chart_panel.h"
#include "ui/orders/order_ticket.h"
#include "ui/shell/gallery.h"
#include "ui/shell/main_window.h"

namespace qd {

namespace {

using client::EmbeddedBackend;
using client::LinkState;
using client::NetSession;

constexpr int kLiveShotWithinMs = 45'000;
constexpr int kOrderWithinMs = 10'000;
constexpr int kSettleMs = 8'000;
constexpr int kListEveryMs = 500, kListTries = 60, kListedMax = 25;

struct Options {
    QString connectUrl, tokenFile, replay, shootFolder;
    bool simulate = false;
    QString seed, symbols; ///< of a made-up market; empty: the market's own default
    bool resetPaper = false;
};

Options readOptions(const QCoreApplication& application)
{
    QCommandLineParser parser;
    parser.setApplicationDescription(QStringLiteral(
        "Quarterdeck, a terminal for people who trade.\n"
        "Started alone it runs its own paper market and backend; nothing leaves this machine."));
    parser.addHelpOption();
    parser.addVersionOption();
    const QCommandLineOption connect(QStringLiteral("connect"),
                                     QStringLiteral("Use the backend at <url> instead of starting one."),
                                     QStringLiteral("url"));
    const QCommandLineOption token(QStringLiteral("token-file"),
                                   QStringLiteral("Private file with that backend's owner token."),
                                   QStringLiteral("file"));
    const QCommandLineOption replay(QStringLiteral("replay"),
                                    QStringLiteral("Let the market replay this recording (several: a,b,c)."),
                                    QStringLiteral("file"));
    const QCommandLineOption simulate(QStringLiteral("simulate"),
                                      QStringLiteral("Let the market make its prices up."));
    const QCommandLineOption seed(QStringLiteral("seed"),
                                  QStringLiteral("With --simulate: the same <number>, the same market."),
                                  QStringLiteral("number"));
    const QCommandLineOption symbols(QStringLiteral("symbols"),
                                     QStringLiteral("With --simulate: how many symbols are traded."),
                                     QStringLiteral("number"));
    const QCommandLineOption shoot(QStringLiteral("shoot"),
                                   QStringLiteral("Render every view and state to PNG files in <folder>."),
                                   QStringLiteral("folder"));
    const QCommandLineOption resetPaper(
        QStringLiteral("reset-paper"),
        QStringLiteral("Forget the paper account and start with a new one."));
    parser.addOptions({connect, token, replay, simulate, seed, symbols, shoot, resetPaper});
    parser.process(application);
    return {parser.value(connect), parser.value(token), parser.value(replay), parser.value(shoot),
            parser.isSet(simulate), parser.value(seed), parser.value(symbols),
            parser.isSet(resetPaper)};
}

QString workspacePath()
{
    return QStandardPaths::writableLocation(QStandardPaths::AppConfigLocation) +
           QStringLiteral("/trading.json");
}

std::vector<Symbol> firstWatchlist()
{
    std::vector<Symbol> symbols;
    for (const char* text : {"SPY", "QQQ", "IWM", "DIA", "AAPL", "MSFT", "NVDA", "AMZN", "GOOGL", "META",
                             "TSLA", "AMD", "JPM", "XOM", "BTC/USD", "ETH/USD"}) {
        symbols.push_back(Symbol::of(text));
    }
    return symbols;
}

/// Start market and backend as children, and keep the session pointed at them.
std::unique_ptr<EmbeddedBackend> embed(NetSession& session, ui::Desk& desk,
                                       EmbeddedBackend::Options options)
{
    auto embedded = std::make_unique<EmbeddedBackend>(std::move(options));
    EmbeddedBackend* backend = embedded.get();
    QObject::connect(backend, &EmbeddedBackend::progressed, &session, [&session](const QString& text) {
        session.announce(LinkState::Connecting, text.toStdString());
    });
    QObject::connect(backend, &EmbeddedBackend::ready, &session, [&session, &desk, backend] {
        auto address = backend->address();
        if (address) return session.setServer(std::move(*address));
        desk.tell(client::Severity::Critical, QObject::tr("The backend cannot be used"),
                  QString::fromStdString(address.error().detail));
    });
    QObject::connect(backend, &EmbeddedBackend::childLost, &desk, [&desk](const QString& text) {
        desk.tell(client::Severity::Warning, QObject::tr("Started again"), text);
    });
    QObject::connect(backend, &EmbeddedBackend::failed, &session, [&session, &desk](const QString& text) {
        session.announce(LinkState::Offline, text.toStdString());
        desk.tell(client::Severity::Critical, QObject::tr("The backend could not be started"), text);
    });
    return embedded;
}

EmbeddedBackend::Options embeddedOptions(const Options& options)
{
    EmbeddedBackend::Options embedded;
    embedded.resetPaper = options.resetPaper;
    if (!options.replay.isEmpty()) {
        QStringList files;
        for (const QString& file : options.replay.split(QLatin1Char(',')))
            files << QFileInfo(file).absoluteFilePath();
        embedded.marketOptions << QStringLiteral("--replay") << files.join(QLatin1Char(','));
    }
    if (options.simulate) embedded.marketOptions << QStringLiteral("--simulate") << QStringLiteral("true");
    if (!options.seed.isEmpty()) embedded.marketOptions << QStringLiteral("--seed") << options.seed;
    if (!options.symbols.isEmpty()) {
        embedded.marketOptions << QStringLiteral("--symbols") << options.symbols;
    }
    return embedded;
}

/// Show the symbols that the market trades in a list of their own, once it can name them.
void listWhatIsTraded(NetSession& session, ui::Desk& desk)
{
    auto* asking = new QTimer(&desk);
    QObject::connect(asking, &QTimer::timeout, &desk, [&session, &desk, asking, tries = 0]() mutable {
        if (!desk.isSynchronised()) return;
        if (++tries >= kListTries) asking->stop();
        session.findInstruments({}, kListedMax, asking, [&desk, asking](
                                    client::Answer<std::vector<Instrument>> answer) {
            if (!answer || answer->empty() || !asking->isActive()) return;
            asking->stop();
            const QString name = QObject::tr("Market");
            if (!desk.addWatchlist(name)) {
                const auto& lists = desk.watchlists();
                for (std::size_t i = 0; i < lists.size(); ++i) {
                    if (lists[i].name == name) desk.showWatchlist(i);
                }
            }
            std::vector<Symbol> symbols;
            for (const Instrument& one : *answer) symbols.push_back(one.symbol);
            desk.setWatchlist(symbols);
            desk.select(symbols.front());
        });
    });
    asking->start(kListEveryMs);
}

/// Does the market trade something else than the first watchlist's symbols?
bool hasOwnSymbols(const Options& options)
{
    return !options.replay.isEmpty() || !options.symbols.isEmpty();
}

/// What is wrong with the options; empty: nothing.
QString complaintAbout(const Options& options)
{
    if (options.simulate && !options.replay.isEmpty())
        return QObject::tr("--simulate does not go with --replay: give one of the two.");
    if (!options.simulate && !(options.seed + options.symbols).isEmpty())
        return QObject::tr("--seed and --symbols go with --simulate.");
    for (const QString& number : {options.seed, options.symbols}) {
        bool isNumber = true;
        if (!number.isEmpty()) (void)number.toUInt(&isNumber);
        if (!isNumber) return QObject::tr("expected a number, was \"%1\"").arg(number);
    }
    return {};
}

bool programsExist()
{
    const QString folder = QCoreApplication::applicationDirPath();
    return QFileInfo(folder + QStringLiteral("/quarterdeck-sandbox")).isExecutable() &&
           QFileInfo(folder + QStringLiteral("/quarterdeckd")).isExecutable();
}

/// One picture of the terminal over its real backend; false if that never came to live prices.
bool shootLive(ui::Theme& theme, const Options& options)
{
    const QTemporaryDir data;
    EmbeddedBackend::Options settings = embeddedOptions(options);
    settings.dataFolder = data.path();
    NetSession session({});
    ui::Desk desk(session, runtime::systemClock());
    ui::MainWindow window(desk, theme, runtime::systemRandom());
    window.resize(1920, 1080);
    window.show();
    window.arrangeByDefault();
    desk.setWatchlist(firstWatchlist());
    desk.select(Symbol::of("SPY"));
    const auto embedded = embed(session, desk, std::move(settings));
    session.start();
    embedded->start();
    if (hasOwnSymbols(options)) listWhatIsTraded(session, desk);
    QElapsedTimer waiting;
    waiting.start();
    int ticks = 0;
    const int enough = options.replay.isEmpty() ? 100 : 2; // a minute's bar has few
    QObject::connect(&desk.quotes(), &ui::QuoteStore::quotesChanged, &window, [&] { ++ticks; });
    const auto isLive = [&] {
        const auto& series = desk.bars().series(desk.chartKey());
        return desk.status().isOnline() && series.phase == ui::BarStore::Phase::Ready && ticks > enough;
    };
    while (!isLive() && waiting.elapsed() < kLiveShotWithinMs) {
        QApplication::processEvents(QEventLoop::AllEvents | QEventLoop::WaitForMoreEvents, 100);
    }
    const auto waitFor = [](const std::function<bool()>& done, int withinMs) {
        QElapsedTimer patience;
        patience.start();
        while (!done() && patience.elapsed() < withinMs) {
            QApplication::processEvents(QEventLoop::AllEvents | QEventLoop::WaitForMoreEvents, 50);
        }
        return done();
    };
    ui::OrderTicket& ticket = window.ticket();
    const auto send = [&](OrderType type, const char* quantity, std::optional<Price> price) {
        const int before = desk.orders().count();
        ticket.setType(type);
        ticket.setQuantity(QString::fromLatin1(quantity));
        if (price) ticket.setPrice(*price);
        ticket.submit();
        // The ticket empties its quantity once the backend has taken charge.
        return waitFor([&] {
            return desk.orders().count() > before && ticket.draft().quantity.isEmpty();
        }, kOrderWithinMs);
    };
    const auto bid = [&] { return desk.quotes().at(desk.quotes().slotFor(desk.symbol())).quote.bid; };
    bool traded = waitFor([&] { return isLive() && ticket.lockReason().isEmpty(); }, kOrderWithinMs) &&
                  send(OrderType::Market, "100", std::nullopt) &&
                  send(OrderType::Limit, "150", bid() - Price::of("0.05"));
    traded = traded && waitFor([&] { return desk.fills().count() > 0; }, kOrderWithinMs);
    ticket.setExits(OrderClass::Bracket);
    ticket.setExitPrices(QStringLiteral("0.25%"), QStringLiteral("80t"));
    traded = traded && send(OrderType::Limit, "50", bid() - Price::of("0.25")) && waitFor([&] {
        const Order& bracket = desk.orders().at(desk.orders().count() - 1);
        return isOpen(bracket.state) || isClosed(bracket.state);
    }, kOrderWithinMs);
    ticket.setQuantity(QStringLiteral("150"));
    waitFor([] { return false; }, kSettleMs); // let preview, previous closes and some trades come
    window.arrangeByDefault();
    QApplication::processEvents();
    const QString path = options.shootFolder + QStringLiteral("/live.png");
    const bool saved = window.grab().save(path);
    QTextStream(stdout) << path
                        << (traded ? "" : isLive() ? "  (no fill came)" : "  (never became live)")
                        << Qt::endl;
    return saved && traded;
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
    NetSession session({});
    ui::Desk desk(session, runtime::systemClock());
    ui::MainWindow window(desk, theme, runtime::systemRandom());
    QObject::connect(&theme, &ui::Theme::changed, &application, [&] { theme.apply(application); });
    window.setWorkspacePath(workspacePath());
    const ui::WorkspaceFile workspace = ui::WorkspaceFile::load(workspacePath());
    if (workspace.geometry.isEmpty()) window.showMaximized();
    else window.show();
    window.restore(workspace);
    if (desk.watchlist().empty()) desk.setWatchlist(firstWatchlist());
    if (desk.symbol().empty()) desk.select(desk.watchlist().front());

    std::unique_ptr<EmbeddedBackend> embedded;
    if (!options.connectUrl.isEmpty()) {
        auto token = client::readTokenFile(options.tokenFile);
        if (!token) {
            QTextStream(stderr) << QString::fromStdString(token.error().detail) << Qt::endl;
            return 2;
        }
        session.setServer({QUrl(options.connectUrl), std::move(*token)});
    } else {
        embedded = embed(session, desk, embeddedOptions(options));
    }
    session.start();
    if (embedded) embedded->start();
    if (embedded && hasOwnSymbols(options)) listWhatIsTraded(session, desk);
    return QApplication::exec();
}

} // namespace

int runTerminal(int argc, char** argv)
{
    for (int i = 1; i < argc; ++i) {
        const QByteArray argument(argv[i]);
        const bool needsNoDisplay = argument.startsWith("--shoot") || argument.startsWith("--help") ||
                                    argument == "-h" || argument == "--version" || argument == "-v";
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
