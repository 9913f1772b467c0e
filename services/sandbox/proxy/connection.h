#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "services/sandbox/proxy/fault_proxy.h"
#include "services/sandbox/proxy/toxic_chain.h"

namespace qd::sandbox {

/// One client connection and its twin to the upstream server. Lives as long as its socket work;
/// the proxy's thread only.
class ProxyConnection : public std::enable_shared_from_this<ProxyConnection> {
public:
    using Tcp = boost::asio::ip::tcp;

    ProxyConnection(Tcp::socket client, runtime::Random& random, ProxyStats& stats,
                    std::function<void()> onClosed);

    void start(const Tcp::endpoint& upstream, const std::vector<Toxic>& toxics);
    void setToxics(const std::vector<Toxic>& toxics);
    void close();
    bool isClosed() const { return m_closed; }

private:
    /// One direction: what is read from `source` goes through `chain` to `sink`.
    struct Lane {
        Lane(Tcp::socket& from, Tcp::socket& to, Direction direction, runtime::Random& random,
             std::uint64_t& count);
        Tcp::socket& source;
        Tcp::socket& sink;
        ToxicChain chain;
        boost::asio::steady_timer timer;
        std::uint64_t& bytes;
        std::array<char, 32 << 10> buffer{};
        bool reading = false, writing = false, sourceEnded = false, sinkEnded = false;
    };

    void read(Lane& lane);
    void onRead(Lane& lane, std::size_t size, bool ended);
    void drain(Lane& lane);
    void carryOut(Lane& lane, ToxicChain::Step step);
    void write(Lane& lane, std::string bytes);
    void reset();
    Lane& other(Lane& lane) { return &lane == &m_up ? m_down : m_up; }

    Tcp::socket m_client, m_server;
    ProxyStats& m_stats;
    std::function<void()> m_onClosed;
    Lane m_up, m_down;
    bool m_closed = false;
};

} // namespace qd::sandbox
