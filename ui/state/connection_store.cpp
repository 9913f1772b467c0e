#include "ui/state/connection_store.h"

#include <algorithm>

namespace qd::ui {

namespace {

QString textOf(const client::Problem& problem)
{
    const std::string& text = problem.detail.empty() ? problem.title : problem.detail;
    return QString::fromStdString(text.substr(0, 300));
}

} // namespace

ConnectionStore::ConnectionStore(client::Caller& caller, StatusStore& status,
                                 client::ConsentFlow::OpenBrowser openBrowser, QObject* parent)
    : QObject(parent), m_api(caller), m_status(status), m_flow(caller, std::move(openBrowser))
{
    connect(&m_flow, &client::ConsentFlow::connected, this,
            [this](const client::ConnectionFacts& connection) {
                Q_EMIT told(true, tr("Connected"),
                            QString::fromStdString(connection.link.broker.text()));
                refresh();
            });
    connect(&m_flow, &client::ConsentFlow::stageChanged, this, &ConnectionStore::changed);
    connect(&m_status, &StatusStore::statusChanged, this, &ConnectionStore::changed);
    connect(&m_status, &StatusStore::linkChanged, this, [this] {
        if (m_status.isOnline() && m_phase != Phase::Unasked) refresh();
        Q_EMIT changed();
    });
}

void ConnectionStore::refresh()
{
    if (m_waiting > 0) return;
    if (m_phase != Phase::Ready) m_phase = Phase::Loading; // what is shown stays meanwhile
    m_waiting = 2;
    m_api.offered(this, [this](client::Answer<std::vector<client::OfferedBroker>> offered) {
        --m_waiting;
        if (!offered) return fail(offered.error());
        m_offered = std::move(*offered);
        arrange();
    });
    m_api.list(this, [this](client::Answer<std::vector<client::ConnectionFacts>> connections) {
        --m_waiting;
        if (!connections) return fail(connections.error());
        m_connections = std::move(*connections);
        arrange();
    });
    Q_EMIT changed();
}

void ConnectionStore::fail(const client::Problem& problem)
{
    m_phase = Phase::Failed;
    m_problem = textOf(problem);
    Q_EMIT changed();
}

/// One line a broker and method, in the order they are offered; connections to what is not offered
/// any more come last, for they can still be ended.
void ConnectionStore::arrange()
{
    if (m_waiting > 0 || m_phase == Phase::Failed) {
        if (m_waiting == 0) Q_EMIT changed();
        return;
    }
    m_phase = Phase::Ready;
    m_problem.clear();
    m_lines.clear();
    for (const auto& offered : m_offered) m_lines.push_back({offered, std::nullopt});
    for (const auto& connection : m_connections) {
        const auto line = std::find_if(m_lines.begin(), m_lines.end(), [&](const Line& one) {
            return one.offered.broker == connection.link.broker &&
                   one.offered.method == connection.link.method;
        });
        if (line != m_lines.end()) {
            line->connection = connection;
            continue;
        }
        client::OfferedBroker gone;
        gone.broker = connection.link.broker;
        gone.name = connection.link.broker.text();
        gone.method = connection.link.method;
        m_lines.push_back({gone, connection});
    }
    Q_EMIT rearranged();
    Q_EMIT changed();
}

int ConnectionStore::itemOf(const BrokerId& broker, std::optional<LinkMethod> method) const
{
    for (int item = 0; item < count(); ++item) {
        const client::OfferedBroker& offered = at(item).offered;
        if (offered.broker == broker && (!method || offered.method == *method)) return item;
    }
    return -1;
}

bool ConnectionStore::isTradedBy(int item) const
{
    const Line& line = at(item);
    if (line.connection) return line.connection->trades;
    if (line.offered.method == LinkMethod::OAuth || !statusOf(line.offered.broker)) return false;
    return std::none_of(m_lines.begin(), m_lines.end(), [&](const Line& other) {
        return other.offered.broker == line.offered.broker && other.connection &&
               other.connection->trades;
    });
}

const client::BrokerFacts* ConnectionStore::statusOf(const BrokerId& broker) const
{
    for (const auto& facts : m_status.report().brokers) {
        if (facts.name == broker.text() || facts.name == "broker." + broker.text()) return &facts;
    }
    return nullptr;
}

void ConnectionStore::revoke(const BrokerId& broker)
{
    m_api.end(broker, this, [this](const client::Answer<client::EndedFacts>& ended) {
        if (!ended) {
            Q_EMIT told(false, tr("NOT revoked"), textOf(ended.error()));
        } else if (ended->manageUrl.empty()) {
            Q_EMIT told(true, tr("Revoked"),
                        tr("It is used no more. The broker is being asked to confirm."));
        } else {
            Q_EMIT told(true, tr("Used no more"),
                        tr("This broker cannot be asked to revoke it: remove the access at %1")
                            .arg(QString::fromStdString(ended->manageUrl)));
        }
        refresh();
    });
}

void ConnectionStore::takeOver()
{
    m_api.takeOver(this, [this](const client::Answer<bool>& taken) {
        if (taken) Q_EMIT told(true, tr("Session taken over"), tr("The other one was ended."));
        else Q_EMIT told(false, tr("NOT taken over"), textOf(taken.error()));
    });
}

} // namespace qd::ui
