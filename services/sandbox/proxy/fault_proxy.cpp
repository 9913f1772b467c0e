#include "services/sandbox/proxy/fault_proxy.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <pthread.h>

#include <future>
#include <map>
#include <thread>

#include <fmt/format.h>

#include "models/base/whole_number.h"
#include "services/sandbox/proxy/connection.h"

namespace qd::sandbox {

namespace {

namespace asio = boost::asio;
using Tcp = asio::ip::tcp;
using boost::system::error_code;

/// HOST:PORT with a numeric address or "localhost".
Result<Tcp::endpoint> parseEndpoint(const std::string& text)
{
    const auto colon = text.rfind(':');
    error_code failed;
    if (colon != std::string::npos) {
        std::string host = text.substr(0, colon);
        if (host.empty() || host == "localhost")
            host = "127.0.0.1";
        if (host.starts_with('[') && host.ends_with(']'))
            host = host.substr(1, host.size() - 2);
        const auto address = asio::ip::make_address(host, failed);
        const auto port = wholeNumber<unsigned short>(std::string_view(text).substr(colon + 1));
        if (!failed && port)
            return Tcp::endpoint(address, *port);
    }
    return fail(ErrorKind::Invalid, "proxy.address",
                fmt::format("expected ADDRESS:PORT with a numeric address, was \"{}\"", text));
}

/// One proxy at work: its listener and connections.
struct Running {
    explicit Running(asio::io_context& context) : acceptor(context) {}
    ProxySpec spec;
    Tcp::acceptor acceptor;
    Tcp::endpoint upstream;
    ProxyStats stats;
    std::vector<std::shared_ptr<ProxyConnection>> connections;
};

void sweep(Running& running)
{
    std::erase_if(running.connections, [](const auto& one) { return one->isClosed(); });
}

} // namespace

struct FaultProxy::State {
    explicit State(runtime::Random& randomness)
        : random(randomness), work(asio::make_work_guard(context))
    {
        thread = std::thread([this] {
            pthread_setname_np(pthread_self(), "proxy");
            context.run();
        });
    }

    /// Run on the proxy's thread and wait for the answer.
    template <typename Function>
    auto call(Function function) -> decltype(function())
    {
        std::packaged_task<decltype(function())()> task(std::move(function));
        auto answer = task.get_future();
        asio::post(context, [&task] { task(); });
        return answer.get();
    }

    Result<std::shared_ptr<Running>> require(const std::string& name)
    {
        const auto found = proxies.find(name);
        if (found == proxies.end())
            return fail(ErrorKind::NotFound, "proxy.unknown", "proxy not found");
        return found->second;
    }

    Result<void> listen(Running& running)
    {
        const auto endpoint = parseEndpoint(running.spec.listen);
        const auto upstream = parseEndpoint(running.spec.upstream);
        if (!endpoint || !upstream)
            return tl::unexpected(endpoint ? upstream.error() : endpoint.error());
        running.upstream = *upstream;
        if (!running.spec.enabled)
            return {};
        error_code failed;
        running.acceptor.open(endpoint->protocol(), failed);
        if (!failed)
            running.acceptor.set_option(Tcp::acceptor::reuse_address(true), failed);
        if (!failed)
            running.acceptor.bind(*endpoint, failed);
        if (!failed)
            running.acceptor.listen(asio::socket_base::max_listen_connections, failed);
        if (failed) {
            error_code ignored;
            running.acceptor.close(ignored);
            return fail(ErrorKind::Unavailable, "proxy.bind",
                        fmt::format("listen {}: {}", running.spec.listen, failed.message()));
        }
        const auto bound = running.acceptor.local_endpoint();
        running.spec.listen =
            fmt::format(fmt::runtime(bound.address().is_v6() ? "[{}]:{}" : "{}:{}"),
                        bound.address().to_string(), bound.port());
        return {};
    }

    void accept(const std::shared_ptr<Running>& running)
    {
        running->acceptor.async_accept([this, running](error_code failed, Tcp::socket socket) {
            if (failed)
                return;
            auto connection = std::make_shared<ProxyConnection>(
                std::move(socket), random, running->stats, [running] { sweep(*running); });
            running->connections.push_back(connection);
            connection->start(running->upstream, running->spec.toxics);
            accept(running);
        });
    }

    Result<ProxySpec> start(const std::shared_ptr<Running>& running)
    {
        if (auto listening = listen(*running); !listening)
            return tl::unexpected(listening.error());
        if (running->spec.enabled)
            accept(running);
        return running->spec;
    }

    void halt(Running& running)
    {
        error_code ignored;
        running.acceptor.close(ignored);
        const auto open = std::move(running.connections);
        running.connections.clear();
        for (const auto& connection : open)
            connection->close();
    }

    void setToxics(Running& running, std::vector<Toxic> toxics)
    {
        running.spec.toxics = std::move(toxics);
        sweep(running);
        const auto open = running.connections;
        for (const auto& connection : open)
            connection->setToxics(running.spec.toxics);
    }

    runtime::Random& random;
    asio::io_context context;
    asio::executor_work_guard<asio::io_context::executor_type> work;
    std::map<std::string, std::shared_ptr<Running>> proxies;
    std::thread thread;
};

FaultProxy::FaultProxy(runtime::Random& random) : m_state(std::make_unique<State>(random)) {}

FaultProxy::~FaultProxy()
{
    m_state->call([this] {
        for (auto& [name, running] : m_state->proxies)
            m_state->halt(*running);
        m_state->proxies.clear();
    });
    m_state->work.reset();
    m_state->context.stop();
    m_state->thread.join();
}

std::vector<ProxySpec> FaultProxy::all() const
{
    return m_state->call([this] {
        std::vector<ProxySpec> specs;
        for (const auto& [name, running] : m_state->proxies)
            specs.push_back(running->spec);
        return specs;
    });
}

std::optional<ProxySpec> FaultProxy::find(const std::string& name) const
{
    return m_state->call([&]() -> std::optional<ProxySpec> {
        const auto running = m_state->require(name);
        return running ? std::optional((*running)->spec) : std::nullopt;
    });
}

Result<ProxySpec> FaultProxy::create(ProxySpec spec)
{
    return m_state->call([&]() -> Result<ProxySpec> {
        if (m_state->proxies.contains(spec.name))
            return fail(ErrorKind::Conflict, "proxy.exists", "proxy already exists");
        auto running = std::make_shared<Running>(m_state->context);
        running->spec = std::move(spec);
        auto started = m_state->start(running);
        if (started)
            m_state->proxies[running->spec.name] = running;
        return started;
    });
}

Result<ProxySpec> FaultProxy::update(const ProxySpec& spec)
{
    return m_state->call([&]() -> Result<ProxySpec> {
        const auto running = m_state->require(spec.name);
        if (!running)
            return tl::unexpected(running.error());
        ProxySpec& now = (*running)->spec;
        if (now.listen == spec.listen && now.upstream == spec.upstream
            && now.enabled == spec.enabled)
            return now;
        m_state->halt(**running);
        now.listen = spec.listen;
        now.upstream = spec.upstream;
        now.enabled = spec.enabled;
        return m_state->start(*running);
    });
}

Result<void> FaultProxy::remove(const std::string& name)
{
    return m_state->call([&]() -> Result<void> {
        const auto running = m_state->require(name);
        if (!running)
            return tl::unexpected(running.error());
        m_state->halt(**running);
        m_state->proxies.erase(name);
        return {};
    });
}

Result<void> FaultProxy::setToxics(const std::string& name, std::vector<Toxic> toxics)
{
    return m_state->call([&]() -> Result<void> {
        const auto running = m_state->require(name);
        if (!running)
            return tl::unexpected(running.error());
        m_state->setToxics(**running, std::move(toxics));
        return {};
    });
}

void FaultProxy::reset()
{
    m_state->call([this] {
        for (auto& [name, running] : m_state->proxies) {
            m_state->setToxics(*running, {});
            if (running->spec.enabled)
                continue;
            running->spec.enabled = true;
            if (!m_state->start(running))
                running->spec.enabled = false;
        }
    });
}

Result<ProxyStats> FaultProxy::stats(const std::string& name) const
{
    return m_state->call([&]() -> Result<ProxyStats> {
        const auto running = m_state->require(name);
        if (!running)
            return tl::unexpected(running.error());
        return (*running)->stats;
    });
}

} // namespace qd::sandbox
