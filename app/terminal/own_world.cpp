#include "app/terminal/own_world.h"

#include <QCoreApplication>
#include <QFileInfo>
#include <QMessageBox>
#include <QPushButton>
#include <QTimer>

namespace qd {

using client::EmbeddedBackend;
using client::LinkState;
using client::NetSession;

namespace {

constexpr int kListEveryMs = 500, kListTries = 60, kListedMax = 25;

} // namespace

bool programsExist()
{
    const QString folder = QCoreApplication::applicationDirPath();
    return QFileInfo(folder + QStringLiteral("/quarterdeck-sandbox")).isExecutable() &&
           QFileInfo(folder + QStringLiteral("/quarterdeckd")).isExecutable();
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
    if (options.simulate)
        embedded.marketOptions << QStringLiteral("--simulate") << QStringLiteral("true");
    if (!options.seed.isEmpty()) embedded.marketOptions << QStringLiteral("--seed") << options.seed;
    if (!options.symbols.isEmpty()) {
        embedded.marketOptions << QStringLiteral("--symbols") << options.symbols;
    }
    return embedded;
}

std::unique_ptr<EmbeddedBackend> embed(NetSession& session, ui::Desk& desk,
                                       EmbeddedBackend::Options options,
                                       std::function<bool()> isOwner)
{
    auto embedded = std::make_unique<EmbeddedBackend>(std::move(options));
    EmbeddedBackend* backend = embedded.get();
    QObject::connect(backend, &EmbeddedBackend::progressed, &session,
                     [&session](const QString& text) {
                         session.announce(LinkState::Connecting, text.toStdString());
                     });
    const auto meet = [&session, &desk, backend, isOwner = std::move(isOwner)] {
        auto address = backend->address();
        if (address && isOwner && !isOwner()) address->token = {};
        if (address) return session.setServer(std::move(*address));
        desk.tell(client::Severity::Critical, QObject::tr("The backend cannot be used"),
                  QString::fromStdString(address.error().detail));
    };
    QObject::connect(backend, &EmbeddedBackend::ready, &session, meet);
    QObject::connect(backend, &EmbeddedBackend::childLost, &desk, [&desk](const QString& text) {
        desk.tell(client::Severity::Warning, QObject::tr("Started again"), text);
    });
    QObject::connect(backend, &EmbeddedBackend::held, &session,
                     [&session, &desk](const QString& text) {
                         session.announce(LinkState::Offline, text.toStdString());
                         desk.tell(client::Severity::Critical,
                                   QObject::tr("The backend waits for the vault's key"), text);
                     });
    QObject::connect(backend, &EmbeddedBackend::failed, &session,
                     [&session, &desk](const QString& text) {
                         session.announce(LinkState::Offline, text.toStdString());
                         desk.tell(client::Severity::Critical,
                                   QObject::tr("The backend could not be started"), text);
                     });
    return embedded;
}

void askWhenHeld(QWidget& window, EmbeddedBackend& backend)
{
    QObject::connect(&backend, &EmbeddedBackend::held, &window,
                     [&window, &backend](const QString& text) {
                         auto* question = new QMessageBox(
                             QMessageBox::Warning, QObject::tr("Vault's key"), text,
                             QMessageBox::NoButton, &window);
                         question->setTextFormat(Qt::PlainText);
                         question->setAttribute(Qt::WA_DeleteOnClose);
                         auto* retry = question->addButton(QObject::tr("Try again"),
                                                           QMessageBox::AcceptRole);
                         question->addButton(QObject::tr("Close"), QMessageBox::RejectRole);
                         QObject::connect(retry, &QPushButton::clicked, &backend,
                                          &EmbeddedBackend::retry);
                         question->open(); // the window stays alive behind it
                     });
}

std::vector<Symbol> firstWatchlist()
{
    std::vector<Symbol> symbols;
    for (const char* text : {"SPY", "QQQ", "IWM", "DIA", "AAPL", "MSFT", "NVDA", "AMZN", "GOOGL",
                             "META", "TSLA", "AMD", "JPM", "XOM", "BTC/USD", "ETH/USD"}) {
        symbols.push_back(Symbol::of(text));
    }
    return symbols;
}

void listWhatIsTraded(NetSession& session, ui::Desk& desk)
{
    auto* asking = new QTimer(&desk);
    QObject::connect(asking, &QTimer::timeout, &desk,
                     [&session, &desk, asking, tries = 0]() mutable {
                         if (!desk.isSynchronised()) return;
                         if (++tries >= kListTries) asking->stop();
                         session.findInstruments(
                             {}, kListedMax, asking,
                             [&desk, asking](client::Answer<std::vector<Instrument>> answer) {
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
                                 for (const Instrument& one : *answer)
                                     symbols.push_back(one.symbol);
                                 desk.setWatchlist(symbols);
                                 desk.select(symbols.front());
                             });
                     });
    asking->start(kListEveryMs);
}

} // namespace qd
