#include "tests/support/sim_network.h"

#include <algorithm>

#include "tests/support/sim_network_core.h"

namespace qd::test {

using wire::HttpRequest;
using wire::HttpResponse;

Duration SimNetwork::Core::delay()
{
    const auto span = (faults.delayMax - faults.delayMin).count();
    if (span <= 0) return faults.delayMin;
    return faults.delayMin + Duration(static_cast<std::int64_t>(
                                 random.below(static_cast<std::uint64_t>(span) + 1)));
}

void SimNetwork::Core::later(Duration wait, runtime::Task task)
{
    executor.post([self = shared_from_this(), wait, task = std::move(task)] {
        if (!self->open) return;
        const std::uint64_t id = self->nextTimer++;
        self->timers.emplace(id, self->executor.after(wait, [core = self.get(), id, task] {
            const auto alive = core->shared_from_this();
            core->timers.erase(id);
            task();
        }));
    });
}

std::shared_ptr<SimEndpoint> SimNetwork::Core::server(const std::string& authority) const
{
    const auto found = servers.find(authority);
    return found == servers.end() ? nullptr : found->second;
}

void SimNetwork::Core::forEachSocket(const std::string& authority, void (*use)(SimSocket&))
{
    std::erase_if(sockets, [](const auto& weak) { return weak.expired(); });
    for (const auto& weak : std::vector(sockets)) {
        const auto socket = weak.lock();
        if (socket && socket->authority() == authority) use(*socket);
    }
}

namespace {

/// One request on its way, there and back.
struct SimExchange : std::enable_shared_from_this<SimExchange> {
    std::shared_ptr<SimNetwork::Core> core;
    std::shared_ptr<SimEndpoint> client;
    std::string authority;
    HttpRequest request;
    wire::HttpClient::Callback done;

    void start();
    /// What becomes of the answer of a request that was delivered.
    struct AnswerLuck {
        bool lost = false, reset = false, replaced = false, cut = false;
    };
    void deliver(AnswerLuck luck);
    void finish(Result<HttpResponse> result);
    void finishLater(Result<HttpResponse> result)
    {
        core->later(core->delay(), [self = shared_from_this(), result] { self->finish(result); });
    }
};

void SimExchange::finish(Result<HttpResponse> result)
{
    if (!done) return;
    client->post([callback = std::exchange(done, nullptr), result = std::move(result),
                  to = client] {
        if (to->open) callback(result);
    });
}

void SimExchange::start()
{
    ++core->counts.requests;
    core->later(request.timeout, [self = shared_from_this()] {
        if (!self->done) return;
        ++self->core->counts.timeouts;
        self->finish(fail(ErrorKind::OutcomeUnknown, "wire.timeout", "no answer from " + self->authority));
    });
    const SimFaults& faults = core->faults;
    // Every fault is drawn for every request, so that one rate does not shift the others' luck.
    const bool refused = core->happens(faults.connectRefused);
    const bool lost = core->happens(faults.requestLost);
    const bool reset = core->happens(faults.requestReset);
    const bool replaced = core->happens(faults.serverError);
    const bool slow = core->happens(faults.slow);
    AnswerLuck luck;
    luck.lost = core->happens(faults.answerLost);
    luck.reset = core->happens(faults.answerReset);
    luck.replaced = core->happens(faults.serverErrorAfter);
    luck.cut = core->happens(faults.answerCut);
    if (core->isCut(authority) || lost) {
        ++core->counts.lost;
        return;
    }
    if (refused || !core->server(authority)) {
        ++core->counts.refused;
        return finishLater(fail(ErrorKind::Unavailable, "wire.connect", "connect " + authority + ": refused"));
    }
    if (reset) {
        ++core->counts.reset;
        return finishLater(fail(ErrorKind::OutcomeUnknown, "wire.reset", "the connection was reset"));
    }
    if (replaced) {
        ++core->counts.replaced;
        return finishLater(HttpResponse{503, {}, "unavailable"});
    }
    core->later(core->delay() + (slow ? faults.slowBy : Duration::zero()), [=, self = shared_from_this()] {
        self->deliver(luck);
    });
}

void SimExchange::deliver(AnswerLuck luck)
{
    const auto server = core->server(authority);
    if (!server || core->isCut(authority)) { // gone while the request was on its way
        ++core->counts.lost;
        return;
    }
    ++core->counts.delivered;
    const auto respond = [=, self = shared_from_this()](HttpResponse response) {
        if (luck.lost || self->core->isCut(self->authority)) {
            ++self->core->counts.lost;
        } else if (luck.reset) {
            ++self->core->counts.reset;
            self->finishLater(fail(ErrorKind::OutcomeUnknown, "wire.reset", "the connection was reset"));
        } else if (luck.replaced) {
            ++self->core->counts.replaced;
            self->finishLater(HttpResponse{502, {}, "bad gateway"});
        } else {
            if (self->request.method == "HEAD") response.body.clear();
            if (luck.cut) response.body.resize(response.body.size() / 2);
            self->finishLater(std::move(response));
        }
    };
    server->post([server, request = request, respond] {
        if (server->open) server->service->handle(request, respond);
    });
}

class SimHttpClient final : public wire::HttpClient {
public:
    SimHttpClient(std::shared_ptr<SimNetwork::Core> core, runtime::Executor& executor)
        : m_core(std::move(core)), m_endpoint(std::make_shared<SimEndpoint>())
    {
        m_endpoint->executor = &executor;
    }
    ~SimHttpClient() override { m_endpoint->open = false; }

    void send(HttpRequest request, Callback done) override
    {
        auto exchange = std::make_shared<SimExchange>();
        exchange->core = m_core;
        exchange->client = m_endpoint;
        exchange->done = std::move(done);
        const auto url = wire::Url::parse(request.target);
        if (!url) return exchange->finish(tl::unexpected(url.error()));
        exchange->authority = url->authority();
        request.target = url->target;
        if (!request.headers.contains("Host")) request.headers.add("Host", exchange->authority);
        request.peerAddress = "127.0.0.1";
        exchange->request = std::move(request);
        exchange->start();
    }

private:
    std::shared_ptr<SimNetwork::Core> m_core;
    std::shared_ptr<SimEndpoint> m_endpoint;
};

class SimWebSocketClient final : public wire::WebSocketClient {
public:
    SimWebSocketClient(std::shared_ptr<SimNetwork::Core> core, runtime::Executor& executor)
        : m_core(std::move(core)), m_endpoint(std::make_shared<SimEndpoint>())
    {
        m_endpoint->executor = &executor;
    }
    ~SimWebSocketClient() override
    {
        m_endpoint->open = false;
        for (const auto& weak : std::vector(m_core->sockets)) {
            const auto socket = weak.lock();
            if (socket && socket->endpoint() == m_endpoint.get()) socket->drop("the client has gone");
        }
    }

    std::shared_ptr<wire::WebSocket> connect(wire::WebSocketOptions options,
                                             wire::WebSocketEvents events) override;

private:
    static void upgrade(const std::shared_ptr<SimNetwork::Core>& core,
                        const std::shared_ptr<SimSocket>& client, const HttpRequest& request);

    std::shared_ptr<SimNetwork::Core> m_core;
    std::shared_ptr<SimEndpoint> m_endpoint;
};

std::shared_ptr<wire::WebSocket> SimWebSocketClient::connect(wire::WebSocketOptions options,
                                                             wire::WebSocketEvents events)
{
    const auto url = wire::Url::parse(options.url);
    const std::string authority = url ? url->authority() : std::string();
    const auto timeout = options.connectTimeout;
    HttpRequest request;
    request.target = url ? url->target : std::string();
    request.headers = options.headers;
    request.headers.set("Host", authority);
    request.peerAddress = "127.0.0.1";
    const auto client = std::make_shared<SimSocket>(m_core, m_endpoint, authority, std::move(events),
                                                    std::move(options));
    m_core->sockets.push_back(client);
    const bool refused = m_core->happens(m_core->faults.connectRefused);
    if (m_core->isCut(authority)) {
        m_core->later(timeout, [client] { client->finish({1006, "no answer in time"}); });
    } else if (refused || !m_core->server(authority)) {
        ++m_core->counts.refused;
        m_core->later(m_core->delay(), [client] { client->finish({1006, "connect: refused"}); });
    } else {
        m_core->later(m_core->delay(), [core = m_core, client, request] { upgrade(core, client, request); });
    }
    return client;
}

void SimWebSocketClient::upgrade(const std::shared_ptr<SimNetwork::Core>& core,
                                 const std::shared_ptr<SimSocket>& client, const HttpRequest& request)
{
    const auto server = core->server(client->authority());
    if (client->isEnded()) return;
    if (!server) return client->finish({1006, "connect: refused"});
    server->post([core, client, request, server] {
        if (!server->open) return;
        auto decision = server->service->upgrade(request);
        if (!decision) {
            const std::string why = "the server answered " + std::to_string(decision.error().status);
            core->later(core->delay(), [client, why] { client->finish({1006, why}); });
            return;
        }
        const auto accepted = std::make_shared<SimSocket>(
            core, server, client->authority(), std::move(*decision), wire::WebSocketOptions());
        core->sockets.push_back(accepted);
        SimSocket::join(client, accepted);
    });
}

} // namespace

SimNetwork::SimNetwork(runtime::Executor& executor, runtime::Random& random)
    : m_core(std::make_shared<Core>(executor, random))
{
}

SimNetwork::~SimNetwork()
{
    m_core->open = false;
    // Nothing that is under way arrives; the tasks hold the core, so let go of them here.
    const auto timers = std::exchange(m_core->timers, {});
    for (const auto& weak : std::exchange(m_core->sockets, {}))
        if (const auto socket = weak.lock()) socket->letGo();
}

void SimNetwork::serve(const std::string& authority, wire::Service& service, runtime::Executor& executor)
{
    auto endpoint = std::make_shared<SimEndpoint>();
    endpoint->executor = &executor;
    endpoint->service = &service;
    m_core->servers[authority] = std::move(endpoint);
}

void SimNetwork::unserve(const std::string& authority)
{
    const auto found = m_core->servers.find(authority);
    if (found == m_core->servers.end()) return;
    found->second->open = false;
    m_core->servers.erase(found);
    dropSockets(authority);
}

std::unique_ptr<wire::HttpClient> SimNetwork::makeHttpClient(runtime::Executor& executor)
{
    return std::make_unique<SimHttpClient>(m_core, executor);
}

std::unique_ptr<wire::WebSocketClient> SimNetwork::makeWebSocketClient(runtime::Executor& executor)
{
    return std::make_unique<SimWebSocketClient>(m_core, executor);
}

SimFaults& SimNetwork::faults()
{
    return m_core->faults;
}

void SimNetwork::cut(const std::string& authority)
{
    m_core->cutOff.insert(authority);
    m_core->forEachSocket(authority, [](SimSocket& socket) { socket.dieIfStillCut(); });
}

void SimNetwork::heal(const std::string& authority)
{
    m_core->cutOff.erase(authority);
    m_core->forEachSocket(authority, [](SimSocket& socket) { socket.flush(); });
}

void SimNetwork::dropSockets(const std::string& authority)
{
    m_core->forEachSocket(authority, [](SimSocket& socket) { socket.drop("the connection was reset"); });
}

const SimNetwork::Counts& SimNetwork::counts() const
{
    return m_core->counts;
}

} // namespace qd::test
