#include "tests/support/sim_network_core.h"

#include <algorithm>

namespace qd::test {

using wire::CloseReason;
using wire::WebSocketMessage;

SimSocket::SimSocket(std::shared_ptr<SimNetwork::Core> core, std::shared_ptr<SimEndpoint> endpoint,
                     std::string authority, wire::WebSocketEvents events,
                     wire::WebSocketOptions options)
    : m_core(std::move(core)),
      m_endpoint(std::move(endpoint)),
      m_authority(std::move(authority)),
      m_events(std::make_shared<wire::WebSocketEvents>(std::move(events))),
      m_options(std::move(options))
{
}

void SimSocket::join(const std::shared_ptr<SimSocket>& client, const std::shared_ptr<SimSocket>& server)
{
    client->m_peer = server;
    server->m_peer = client;
    server->open();
    if (client->m_ended) return server->drop("the client has gone");
    // The handshake's answer travels like everything the server sends after it.
    server->transmit([](SimSocket& arrived) { arrived.open(); });
}

void SimSocket::open()
{
    if (m_ended) return;
    m_open = true;
    m_endpoint->post([self = shared_from_this(), events = m_events, to = m_endpoint] {
        if (to->open && events->onOpen) events->onOpen(self);
    });
}

bool SimSocket::send(WebSocketMessage message)
{
    const std::size_t bytes = message.payload.size();
    if (!m_open || m_queuedBytes + bytes > m_options.queueBytesMax) return false;
    ++m_core->counts.messages;
    const bool dropped = m_core->happens(m_core->faults.socketDropped);
    const bool lost = m_core->happens(m_core->faults.messageLost);
    const bool doubled = m_core->happens(m_core->faults.messageDuplicated);
    if (dropped) {
        drop("the connection was reset");
        return true;
    }
    m_queuedBytes += bytes;
    m_core->counts.messagesLost += lost;
    m_core->counts.messagesDuplicated += doubled;
    const auto held = std::make_shared<WebSocketMessage>(std::move(message));
    transmit([self = shared_from_this(), held, bytes, lost, doubled](SimSocket& arrived) {
        self->m_queuedBytes -= bytes;
        if (!lost) arrived.receive(*held);
        if (doubled) arrived.receive(*held);
    });
    return true;
}

bool SimSocket::sendShared(std::shared_ptr<const std::string> payload, bool binary)
{
    return send({binary, *payload});
}

void SimSocket::receive(const WebSocketMessage& message)
{
    if (!m_open) return;
    m_endpoint->post([events = m_events, message, to = m_endpoint] {
        if (to->open && events->onMessage) events->onMessage(message);
    });
}

void SimSocket::transmit(std::function<void(SimSocket&)> arrival)
{
    const Duration now = m_core->executor.clock().steady();
    m_lastDue = std::max(m_lastDue, now + m_core->delay());
    m_underWay.push_back(std::move(arrival));
    m_core->later(m_lastDue - now, [self = shared_from_this()] { self->arriveNext(); });
}

void SimSocket::arriveNext()
{
    const auto arrival = std::move(m_underWay.front());
    m_underWay.pop_front();
    if (m_core->isCut(m_authority))
        m_stalled.push_back(arrival);
    else if (m_peer)
        arrival(*m_peer);
}

void SimSocket::flush()
{
    for (const auto& arrival : std::exchange(m_stalled, {})) {
        if (m_peer) arrival(*m_peer);
    }
}

void SimSocket::close(CloseReason reason)
{
    if (m_ended) return;
    m_open = false;
    if (m_peer) transmit([reason](SimSocket& arrived) { arrived.finish(reason); });
    m_core->later(m_core->delay() * 2, [self = shared_from_this(), reason] { self->finish(reason); });
}

void SimSocket::finish(CloseReason reason)
{
    if (m_ended) return;
    m_ended = true;
    m_open = false;
    m_endpoint->post([events = std::exchange(m_events, std::make_shared<wire::WebSocketEvents>()),
                      reason = std::move(reason), to = m_endpoint] {
        if (to->open && events->onClosed) events->onClosed(reason);
    });
    if (m_peer && m_peer->m_ended) { // let go of each other
        m_peer->m_peer.reset();
        m_peer.reset();
    }
}

void SimSocket::letGo()
{
    m_events = std::make_shared<wire::WebSocketEvents>();
    m_underWay.clear();
    m_stalled.clear();
    m_peer.reset();
}

void SimSocket::drop(const std::string& why)
{
    if (m_ended) return;
    m_open = false;
    ++m_core->counts.socketsDropped;
    const CloseReason reason{1006, why};
    m_core->later(m_core->delay(), [self = shared_from_this(), reason] { self->finish(reason); });
    if (!m_peer) return;
    m_core->later(m_core->delay(), [peer = m_peer, reason] { peer->finish(reason); });
}

void SimSocket::dieIfStillCut()
{
    if (m_ended) return;
    m_core->later(m_options.idleTimeout, [self = shared_from_this()] {
        if (self->m_core->isCut(self->m_authority)) self->finish({1006, "nothing heard for too long"});
    });
}

} // namespace qd::test
