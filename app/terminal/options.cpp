#include "app/terminal/options.h"

#include <QCommandLineParser>
#include <QCoreApplication>
#include <QUrl>

#include "models/base/network_address.h"

namespace qd {

namespace {

/// A token or a password goes there.
bool isConfidentialBackend(const QUrl& url)
{
    const QString scheme = url.scheme();
    return url.isValid() && !url.host().isEmpty() &&
           (scheme == QLatin1String("https") || scheme == QLatin1String("http")) &&
           isConfidential(scheme.toStdString(), url.host().toStdString());
}

} // namespace

Options readOptions(const QCoreApplication& application)
{
    QCommandLineParser parser;
    parser.setApplicationDescription(QStringLiteral(
        "Quarterdeck, a terminal for people who trade.\n"
        "Started alone it runs its own paper market and backend; nothing leaves this machine."));
    parser.addHelpOption();
    parser.addVersionOption();
    const QCommandLineOption connect(
        QStringLiteral("connect"),
        QStringLiteral("Use the backend at <url> instead of starting one: https, or http to this "
                       "machine."),
        QStringLiteral("url"));
    const QCommandLineOption token(QStringLiteral("token-file"),
                                   QStringLiteral("Private file with that backend's owner token; without it one signs in."),
                                   QStringLiteral("file"));
    const QCommandLineOption ca(
        QStringLiteral("ca-file"),
        QStringLiteral("PEM <file> with the authorities to trust over https; else the machine's."),
        QStringLiteral("file"));
    const QCommandLineOption replay(
        QStringLiteral("replay"),
        QStringLiteral("Let the market replay this recording (several: a,b,c)."),
        QStringLiteral("file"));
    const QCommandLineOption simulate(QStringLiteral("simulate"),
                                      QStringLiteral("Let the market make its prices up."));
    const QCommandLineOption seed(
        QStringLiteral("seed"),
        QStringLiteral("With --simulate: the same <number>, the same market."),
        QStringLiteral("number"));
    const QCommandLineOption symbols(
        QStringLiteral("symbols"), QStringLiteral("With --simulate: how many symbols are traded."),
        QStringLiteral("number"));
    const QCommandLineOption shoot(
        QStringLiteral("shoot"),
        QStringLiteral("Render every view and state to PNG files in <folder>."),
        QStringLiteral("folder"));
    const QCommandLineOption resetPaper(
        QStringLiteral("reset-paper"),
        QStringLiteral("Forget the paper account and start with a new one."));
    const QCommandLineOption noKeyring(
        QStringLiteral("no-keyring"),
        QStringLiteral("Keep keys in private files instead of the desktop's keyring."));
    parser.addOptions({connect, token, ca, replay, simulate, seed, symbols, shoot, resetPaper,
                       noKeyring});
    parser.process(application);
    return {parser.value(connect), parser.value(token),   parser.value(ca),
            parser.value(replay),  parser.value(shoot),   parser.isSet(simulate),
            parser.value(seed),    parser.value(symbols), parser.isSet(resetPaper),
            parser.isSet(noKeyring)};
}

QString complaintAbout(const Options& options)
{
    if (options.simulate && !options.replay.isEmpty())
        return QObject::tr("--simulate does not go with --replay: give one of the two.");
    if (!options.simulate && !(options.seed + options.symbols).isEmpty())
        return QObject::tr("--seed and --symbols go with --simulate.");
    if (const QUrl url(options.connectUrl);
        !options.connectUrl.isEmpty() && !isConfidentialBackend(url))
        return QObject::tr("--connect expects an https address, or http to this machine by its "
                           "number, e.g. http://127.0.0.1:8080; was \"%1\"")
            .arg(url.isValid() ? url.toDisplayString() : QString());
    for (const QString& number : {options.seed, options.symbols}) {
        bool isNumber = true;
        if (!number.isEmpty()) (void)number.toUInt(&isNumber);
        if (!isNumber) return QObject::tr("expected a number, was \"%1\"").arg(number);
    }
    return {};
}

} // namespace qd
