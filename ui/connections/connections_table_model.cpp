#include "ui/connections/connections_table_model.h"

#include "ui/widgets/format.h"

namespace qd::ui {

namespace {

ConnectionWord wordOf(const client::ConnectionFacts& connection)
{
    if (!connection.statusWord.empty()) {
        return {format::plain(connection.statusWord, 24).toUpper(), Tone::Warn};
    }
    switch (connection.link.status) {
    case LinkStatus::Connected: return {ConnectionsTableModel::tr("CONNECTED"), Tone::Up};
    case LinkStatus::Failing: return {ConnectionsTableModel::tr("FAILING"), Tone::Warn};
    case LinkStatus::ReauthNeeded: return {ConnectionsTableModel::tr("SIGN IN AGAIN"), Tone::Crit};
    case LinkStatus::RevocationPending: return {ConnectionsTableModel::tr("REVOKING"), Tone::Muted};
    }
    return {};
}

QString endText(const ConnectionStore::Line& line, Timestamp now)
{
    if (!line.connection) return QStringLiteral("–");
    const Timestamp end = line.connection->link.expiresAt;
    if (!end.isSet()) return ConnectionsTableModel::tr("no end");
    const Duration left = end - now;
    if (left <= Duration{}) return ConnectionsTableModel::tr("ended");
    return ConnectionsTableModel::tr("in %1").arg(format::age(left));
}

} // namespace

bool isTakenElsewhere(const ConnectionStore& store, int item)
{
    const ConnectionStore::Line& line = store.at(item);
    const client::BrokerFacts* facts = store.statusOf(line.offered.broker);
    return facts && facts->sessionTaken && line.offered.method == LinkMethod::Session;
}

ConnectionWord connectionWord(const ConnectionStore& store, int item)
{
    const ConnectionStore::Line& line = store.at(item);
    if (isTakenElsewhere(store, item)) {
        return {ConnectionsTableModel::tr("TAKEN ELSEWHERE"), Tone::Crit};
    }
    if (line.connection) return wordOf(*line.connection);
    const client::BrokerFacts* facts = store.statusOf(line.offered.broker);
    if (line.offered.method != LinkMethod::OAuth) {
        if (!store.isTradedBy(item)) return {ConnectionsTableModel::tr("NOT IN USE"), Tone::Muted};
        return facts->connected ? ConnectionWord{ConnectionsTableModel::tr("CONNECTED"), Tone::Up}
                                : ConnectionWord{ConnectionsTableModel::tr("DISCONNECTED"), Tone::Warn};
    }
    if (line.offered.method == LinkMethod::OAuth && !line.offered.isConfigured) {
        return {ConnectionsTableModel::tr("NOT SET UP"), Tone::Muted};
    }
    return {ConnectionsTableModel::tr("NOT CONNECTED"), Tone::Muted};
}

QString methodText(const client::OfferedBroker& broker)
{
    if (!broker.methodWord.empty()) return format::plain(broker.methodWord, 24);
    switch (broker.method) {
    case LinkMethod::OAuth: return ConnectionsTableModel::tr("OAuth");
    case LinkMethod::Key: return ConnectionsTableModel::tr("Key");
    case LinkMethod::Session: return ConnectionsTableModel::tr("Session");
    }
    return {};
}

QString troubleText(const ConnectionStore& store, int item)
{
    const ConnectionStore::Line& line = store.at(item);
    const client::BrokerFacts* facts = store.statusOf(line.offered.broker);
    const bool isItsTrouble = facts && !facts->connected && !facts->reason.empty();
    if (isItsTrouble && store.isTradedBy(item)) return format::plain(facts->reason, 160);
    if (line.connection && !line.connection->link.lastError.empty()) {
        const std::string& code = line.connection->link.lastError;
        if (code == "oauth.reauth_needed") {
            return ConnectionsTableModel::tr("The broker takes the access no more");
        }
        return format::plain(code, 80);
    }
    if (!line.offered.missingKeys.empty() && !line.offered.isConfigured) {
        QStringList keys;
        for (const std::string& key : line.offered.missingKeys) keys << format::plain(key, 80);
        return ConnectionsTableModel::tr("Missing settings: %1").arg(keys.join(QStringLiteral(", ")));
    }
    return {};
}

ConnectionsTableModel::ConnectionsTableModel(ConnectionStore& store, const runtime::Clock& clock,
                                             QObject* parent)
    : RowModel({{QStringLiteral("broker"), tr("Broker"), 170, Qt::AlignLeft},
                {QStringLiteral("method"), tr("Method"), 80, Qt::AlignLeft},
                {QStringLiteral("status"), tr("Status"), 136, Qt::AlignLeft},
                {QStringLiteral("use"), tr("Orders go by it"), 104, Qt::AlignLeft, false, 2},
                {QStringLiteral("ends"), tr("Access ends"), 92, Qt::AlignLeft},
                {QStringLiteral("scopes"), tr("Scopes"), 190, Qt::AlignLeft, false, 3},
                {QStringLiteral("trouble"), tr("Last error"), 220, Qt::AlignLeft, true, 1}},
               parent),
      m_store(store), m_clock(clock)
{
    connect(&store, &ConnectionStore::rearranged, this, &RowModel::restart);
    connect(&store, &ConnectionStore::changed, this, [this] {
        for (int item = 0; item < m_store.count(); ++item) touch(item, ~0U);
    });
    restart();
}

Cell ConnectionsTableModel::cellOf(int item, int column) const
{
    const ConnectionStore::Line& line = m_store.at(item);
    Cell cell;
    switch (column) {
    case BrokerColumn:
        cell.text = format::plain(line.offered.name, 48);
        cell.weight = TypeWeight::SemiBold;
        break;
    case MethodColumn: cell.text = methodText(line.offered); break;
    case StatusColumn: {
        const ConnectionWord word = connectionWord(m_store, item);
        cell.kind = CellKind::Pill;
        cell.text = word.text;
        cell.tone = word.tone;
        break;
    }
    case UseColumn: {
        const bool trades = m_store.isTradedBy(item);
        cell.text = trades ? tr("yes") : QStringLiteral("–");
        if (!trades) cell.tone = Tone::Muted;
        break;
    }
    case EndsColumn:
        cell.text = endText(line, m_clock.now());
        if (cell.text == tr("ended")) cell.tone = Tone::Warn;
        break;
    case ScopesColumn: {
        QStringList scopes;
        if (line.connection) {
            for (const auto& scope : line.connection->link.scopes) scopes << format::plain(scope, 40);
        }
        cell.text = scopes.isEmpty() ? QStringLiteral("–") : scopes.join(QStringLiteral(", "));
        cell.tone = Tone::Muted;
        QStringList missing;
        if (line.connection) {
            for (const auto& scope : line.connection->missingScopes) missing << format::plain(scope, 40);
        }
        if (missing.isEmpty()) break;
        cell.text = tr("%1; not granted: %2").arg(cell.text, missing.join(QStringLiteral(", ")));
        cell.tone = Tone::Warn;
        break;
    }
    default:
        cell.text = troubleText(m_store, item);
        cell.tone = Tone::Warn;
    }
    return cell;
}

SortKey ConnectionsTableModel::sortKeyOf(int item, int column) const
{
    if (column == EndsColumn && m_store.at(item).connection) {
        return SortKey::of(double(m_store.at(item).connection->link.expiresAt.millis()));
    }
    return SortKey::of(cellOf(item, column).text);
}

} // namespace qd::ui
