#include "services/sandbox/proxy/connection.h"

#include <boost/asio/write.hpp>

#include <utility>

#include "services/runtime/clock.h"

namespace qd::sandbox {

namespace {

using boost::system::error_code;

Duration steadyNow()
{
    return runtime::systemClock().steady();
}

} // namespace

ProxyConnection::Lane::Lane(Tcp::socket& from, Tcp::socket& to, Direction direction,
                            runtime::Random& random, std::uint64_t& count)
    : source(from), sink(to), chain(direction, random), timer(from.get_executor()), bytes(count)
{
}

ProxyConnection::ProxyConnection(Tcp::socket client, runtime::Random& random, ProxyStats& stats,
                                 std::function<void()> onClosed)
    : m_client(std::move(client)),
      m_server(m_client.get_executor()),
      m_stats(stats),
      m_onClosed(std::move(onClosed)),
      m_up(m_client, m_server, Direction::Upstream, random, m_stats.bytesUpstream),
      m_down(m_server, m_client, Direction::Downstream, random, m_stats.bytesDownstream)
{
}

void ProxyConnection::start(const Tcp::endpoint& upstream, const std::vector<Toxic>& toxics)
{
    ++m_stats.connections;
    m_server.async_connect(upstream, [self = shared_from_this(), toxics](error_code failed) {
        if (failed || self->m_closed) {
            self->close();
            return;
        }
        error_code ignored;
        self->m_server.set_option(Tcp::no_delay(true), ignored);
        self->m_client.set_option(Tcp::no_delay(true), ignored);
        self->setToxics(toxics);
        self->read(self->m_up);
        self->read(self->m_down);
    });
}

void ProxyConnection::setToxics(const std::vector<Toxic>& toxics)
{
    for (Lane* lane : {&m_up, &m_down}) {
        lane->chain.setToxics(toxics, steadyNow());
        drain(*lane);
    }
}

void ProxyConnection::close()
{
    if (m_closed)
        return;
    m_closed = true;
    error_code ignored;
    m_up.timer.cancel();
    m_down.timer.cancel();
    m_client.close(ignored);
    m_server.close(ignored);
    // Whoever is told may hold the last reference to what `m_stats` points into.
    if (const auto told = std::exchange(m_onClosed, nullptr))
        told();
}

void ProxyConnection::reset()
{
    // SO_LINGER with a time of zero makes close() send RST instead of FIN.
    error_code ignored;
    m_client.set_option(boost::asio::socket_base::linger(true, 0), ignored);
    m_server.set_option(boost::asio::socket_base::linger(true, 0), ignored);
    close();
}

void ProxyConnection::read(Lane& lane)
{
    if (m_closed || lane.reading || lane.sourceEnded || lane.chain.isFull())
        return;
    lane.reading = true;
    lane.source.async_read_some(
        boost::asio::buffer(lane.buffer),
        [self = shared_from_this(), &lane](error_code failed, std::size_t size) {
            lane.reading = false;
            if (!self->m_closed)
                self->onRead(lane, size, static_cast<bool>(failed));
        });
}

void ProxyConnection::onRead(Lane& lane, std::size_t size, bool ended)
{
    lane.bytes += size;
    if (size > 0)
        lane.chain.push(std::string(lane.buffer.data(), size), steadyNow());
    if (ended) {
        lane.sourceEnded = true;
        lane.chain.end(steadyNow());
    }
    drain(lane);
    read(lane);
}

void ProxyConnection::drain(Lane& lane)
{
    while (!m_closed && !lane.writing && !lane.chain.isEmpty()) {
        const Duration wait = lane.chain.front().at - steadyNow();
        if (wait > Duration::zero()) {
            lane.timer.expires_after(wait);
            lane.timer.async_wait([self = shared_from_this(), &lane](error_code cancelled) {
                if (!cancelled)
                    self->drain(lane);
            });
            return;
        }
        carryOut(lane, lane.chain.take());
    }
}

void ProxyConnection::carryOut(Lane& lane, ToxicChain::Step step)
{
    error_code ignored;
    switch (step.kind) {
    case ToxicChain::Step::Kind::Data: write(lane, std::move(step.bytes)); break;
    case ToxicChain::Step::Kind::Answer:
        other(lane).chain.inject(std::move(step.bytes), steadyNow());
        drain(other(lane));
        break;
    case ToxicChain::Step::Kind::End:
        lane.sinkEnded = true;
        lane.sink.shutdown(Tcp::socket::shutdown_send, ignored);
        if (other(lane).sinkEnded)
            close();
        break;
    case ToxicChain::Step::Kind::Close: close(); break;
    case ToxicChain::Step::Kind::Reset: reset(); break;
    }
}

void ProxyConnection::write(Lane& lane, std::string bytes)
{
    lane.writing = true;
    auto held = std::make_shared<std::string>(std::move(bytes));
    boost::asio::async_write(
        lane.sink, boost::asio::buffer(*held),
        [self = shared_from_this(), &lane, held](error_code failed, std::size_t) {
            lane.writing = false;
            if (failed) {
                self->close();
                return;
            }
            self->drain(lane);
            self->read(lane);
        });
}

} // namespace qd::sandbox
