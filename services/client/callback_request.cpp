#include "services/client/callback_request.h"

#include <algorithm>

#include <QUrl>
#include <QUrlQuery>

namespace qd::client {

namespace {

constexpr int kStateMin = 16, kStateMax = 256, kCodeMax = 4'096;

bool isStateShaped(const QString& state)
{
    if (state.size() < kStateMin || state.size() > kStateMax) return false;
    return std::all_of(state.begin(), state.end(), [](QChar c) {
        return (c >= u'a' && c <= u'z') || (c >= u'A' && c <= u'Z') || (c >= u'0' && c <= u'9') ||
               c == u'-' || c == u'_' || c == u'.' || c == u'~';
    });
}

/// RFC 6749 §4.1.2: a state, and either a code or an error; none of them twice.
bool isAnswerShaped(const QUrlQuery& query)
{
    const auto count = [&](const char* name) {
        return query.allQueryItemValues(QLatin1String(name)).size();
    };
    if (count("state") != 1 || count("code") + count("error") != 1) return false;
    if (query.queryItemValue(QStringLiteral("code")).size() > kCodeMax) return false;
    return isStateShaped(query.queryItemValue(QStringLiteral("state")));
}

QByteArray headerOf(const QByteArray& head, const QByteArray& name)
{
    for (const QByteArray& line : head.split('\n')) {
        const auto colon = line.indexOf(':');
        if (colon > 0 && line.left(colon).trimmed().toLower() == name) {
            return line.mid(colon + 1).trimmed();
        }
    }
    return {};
}

/// A page elsewhere may resolve its own name to this machine; it is not whom we wait for.
bool isOurHost(const QByteArray& host, quint16 port)
{
    const QByteArray end = ':' + QByteArray::number(port);
    return host == "127.0.0.1" + end || host == "localhost" + end || host == "[::1]" + end;
}

} // namespace

CallbackVerdict judgeCallback(const QByteArray& head, const QString& path, quint16 port)
{
    const auto first = head.left(head.indexOf('\r')).split(' ');
    if (first.size() != 3 || first[0] != "GET" || !first[1].startsWith('/')) return {405, {}};
    if (!isOurHost(headerOf(head, "host"), port)) return {403, {}};
    const QUrl target(QString::fromLatin1(first[1]), QUrl::StrictMode);
    if (target.path() != path) return {404, {}};
    if (!isAnswerShaped(QUrlQuery(target))) return {400, {}};
    return {200, target.query(QUrl::FullyEncoded)};
}

} // namespace qd::client
