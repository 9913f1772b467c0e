#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "services/gateway/api.h"
#include "services/gateway/market_api.h"
#include "services/gateway/orders_api.h"
#include "services/gateway/stream_hub.h"
#include "services/json/json.h"
#include "tests/services/market/fake_feed.h"
#include "tests/services/market/fake_source.h"
#include "tests/support/orders_backend.h"

namespace qd::gateway::test {

/// "trader" has proven who it is just now, "tired" a while ago.
struct TwoTraders final : Authenticator {
    Result<Caller> authenticate(std::string_view token) const override
    {
        return Caller{"user:" + std::string(token), {Role::Trader}, token == "trader"};
    }
};

/// Tokens are the names of roles; others are for `people` to know. The administrator is the owner.
class RoleTokens final : public Authenticator {
public:
    Result<Caller> authenticate(std::string_view token) const override
    {
        for (const auto role :
             {Role::Viewer, Role::Trader, Role::Support, Role::Operator, Role::Admin})
            if (token == toString(role))
                return Caller{role == Role::Admin ? "user:owner" : "user:" + std::string(token),
                              {role}, isSteppedUp, /*isOwner=*/role == Role::Admin};
        if (people != nullptr) return people->authenticate(token);
        return fail(ErrorKind::Denied, "auth.invalid_token", "unknown token");
    }
    std::optional<Roles> rolesNow(const Caller& caller) const override
    {
        if (people == nullptr || !caller.session) return caller.roles;
        return people->rolesNow(caller);
    }

    const Authenticator* people = nullptr;
    bool isSteppedUp = true;
};

/// A socket that keeps what it is given, as far as its queue goes.
class FakeSocket final : public wire::WebSocket {
public:
    bool send(wire::WebSocketMessage message) override
    {
        return sendShared(std::make_shared<const std::string>(std::move(message.payload)),
                          message.binary);
    }
    bool sendShared(std::shared_ptr<const std::string> payload, bool) override
    {
        if (!isOpen() || queued + payload->size() > queueMax) return false;
        if (stuck) queued += payload->size();
        sent.push_back(std::move(payload));
        return true;
    }
    std::size_t queuedBytes() const override { return queued; }
    void close(wire::CloseReason reason) override
    {
        if (!closed) closed = std::move(reason);
    }
    bool isOpen() const override { return !closed; }

    /// All messages of `type`, parsed; all of them if empty.
    std::vector<json::Document> messages(std::string_view type = {}) const
    {
        std::vector<json::Document> found;
        for (const auto& text : sent) {
            auto document = json::Document::parse(*text);
            EXPECT_TRUE(document) << *text;
            if (document && (type.empty() || document->root()["type"].stringOr({}) == type))
                found.push_back(std::move(*document));
        }
        return found;
    }

    std::vector<std::shared_ptr<const std::string>> sent;
    std::optional<wire::CloseReason> closed;
    bool stuck = false; ///< nothing leaves the queue
    std::size_t queued = 0, queueMax = 1 << 20;
};

/// The API and the stream over the order room with its real database, a market room with a feed
/// that says what the test says, and a venue that does as it is told; all in virtual time.
class Desk {
public:
    explicit Desk(StreamSettings stream = {})
        : backend({}, 1, /*started=*/false),
          gate((backend.boot(), backend.core())),
          market(market::MarketSettings{}, {&feed}, gate, instruments),
          quotes(market, gate),
          api({}, tokens, gate, backend.world.random())
    {
        std::vector<Instrument> listed;
        for (const char* symbol : {"SPY", "SPYG", "AAPL", "ACME"}) {
            Instrument instrument;
            instrument.symbol = Symbol::of(symbol);
            instrument.name = std::string(symbol) + " Fund";
            listed.push_back(instrument);
        }
        instruments.load(std::move(listed));
        market.start();
        feed.connect();
        m_stream = std::move(stream);
        restartHub();
        OrdersApi{backend.service(),     market, quotes,
                  backend.world.clock(), false,  backend.link.get()}
            .addTo(api);
        source.answersAtOnce = true;
        MarketApi{market, instruments, quotes, backend.world.clock(), &lookup}.addTo(api);
        QD_ASSERT(backend.world.runUntil([this] { return backend.isReady(); }));
        run(std::chrono::seconds(2)); // the account is told
    }

    /// A hub that has seen nothing, over rooms that have.
    void restartHub()
    {
        if (hub) m_formerHubs.push_back(std::move(hub)); // the rooms go on telling it
        hub = std::make_unique<StreamHub>(
            StreamHub::Dependencies{gate, backend.world.random(), tokens, backend.service(), market,
                                    [] { return std::string("\"feeds\":[]"); }},
            m_stream);
    }
    void run(Duration time) { backend.run(time); }
    Timestamp now() { return backend.world.now(); }

    wire::HttpResponse call(const std::string& method, const std::string& target,
                            const std::string& body = {}, const wire::Headers& more = {},
                            const std::string& token = "trader")
    {
        return callTo(api, {method, target, more, body, std::chrono::seconds(10), "127.0.0.1"},
                      token);
    }
    /// The same of another API over this desk.
    wire::HttpResponse callTo(Api& of, wire::HttpRequest request, const std::string& token)
    {
        request.headers.set("Authorization", "Bearer " + token);
        std::optional<wire::HttpResponse> answer;
        gate.post([&] {
            of.handle(request, [&](wire::HttpResponse response) { answer = std::move(response); });
        });
        backend.world.runUntil([&] { return answer.has_value(); }, std::chrono::minutes(1));
        EXPECT_TRUE(answer) << request.method << " " << request.target << " was never answered";
        return answer.value_or(wire::HttpResponse{});
    }
    static json::Document parse(const wire::HttpResponse& response)
    {
        auto document = json::Document::parse(response.body);
        EXPECT_TRUE(document) << response.body;
        return document ? std::move(*document) : std::move(*json::Document::parse("{}"));
    }

    /// One end of an open stream.
    struct Client {
        std::shared_ptr<FakeSocket> socket = std::make_shared<FakeSocket>();
        wire::WebSocketEvents events;
        void say(std::string text) { events.onMessage({false, std::move(text)}); }
        void end() { events.onClosed({1000, {}}); }
    };
    Client open(std::optional<Caller> caller = {})
    {
        Client client;
        auto events = hub->open({}, std::move(caller));
        EXPECT_TRUE(events);
        if (events) client.events = std::move(*events);
        client.events.onOpen(client.socket);
        return client;
    }
    /// Open and greeted as a trader.
    Client greet(const std::string& after = "null")
    {
        auto client = open();
        client.say(R"({"type":"hello","token":"trader","after":)" + after + "}");
        return client;
    }

    qd::test::Backend backend;
    qd::test::SimExecutor& gate; ///< the core, as in the program
    market::test::FakeFeed feed{"fake", FeedClass::Simulated};
    market::InstrumentDirectory instruments;
    market::test::FakeSource source;
    market::InstrumentLookup lookup{instruments, source, gate};
    market::MarketData market;
    QuoteWatch quotes;
    RoleTokens tokens;
    Api api;
    std::unique_ptr<StreamHub> hub;

private:
    StreamSettings m_stream;
    std::vector<std::unique_ptr<StreamHub>> m_formerHubs;
};

} // namespace qd::gateway::test
