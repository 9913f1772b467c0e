#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "services/exchange/simulated_market.h"
#include "services/json/json.h"
#include "services/sandbox/alpaca/admin_api.h"
#include "services/sandbox/alpaca/alpaca_venue.h"
#include "tests/support/sim_world.h"

namespace qd::sandbox::test {

using namespace std::chrono_literals;

/// The venue's end of a WebSocket in memory: keeps what was sent.
class MemorySocket final : public wire::WebSocket {
public:
    bool send(wire::WebSocketMessage message) override
    {
        if (!open)
            return false;
        sent.push_back(std::move(message));
        return true;
    }
    bool sendShared(std::shared_ptr<const std::string> payload, bool binary) override
    {
        return send({binary, *payload});
    }
    std::size_t queuedBytes() const override { return queued; }
    void close(wire::CloseReason reason) override
    {
        if (!open)
            return;
        open = false;
        closed = std::move(reason);
        if (events.onClosed)
            events.onClosed(closed);
    }
    bool isOpen() const override { return open; }

    /// A message from the client.
    void say(std::string text, bool binary = false)
    {
        events.onMessage({binary, std::move(text)});
    }
    /// Everything sent since the last call, one text after the other.
    std::string take()
    {
        std::string all;
        for (const auto& message : sent)
            all += message.payload + "\n";
        sent.clear();
        return all;
    }
    bool saw(std::string_view text) const
    {
        for (const auto& message : sent)
            if (message.payload.find(text) != std::string::npos)
                return true;
        return false;
    }
    int count(std::string_view text) const
    {
        int found = 0;
        for (const auto& message : sent)
            found += message.payload.find(text) != std::string::npos;
        return found;
    }

    wire::WebSocketEvents events;
    std::vector<wire::WebSocketMessage> sent;
    std::size_t queued = 0;
    bool open = true;
    wire::CloseReason closed;
};

/// An answer and its body, read.
struct Answer {
    bool came = false;
    int status = 0;
    wire::Headers headers;
    std::string text;
    std::shared_ptr<json::Document> document;

    json::Value operator[](std::string_view key) const
    {
        return document ? document->root()[key] : json::Value();
    }
    json::Value at(std::size_t index) const
    {
        return document ? document->root().at(index) : json::Value();
    }
    std::size_t size() const { return document ? document->root().size() : 0; }
    std::string string(std::string_view key) const
    {
        return std::string((*this)[key].stringOr("<none>"));
    }
};

/// The Alpaca venue on virtual time over a small quiet market, and a customer of it.
class VenueTest : public testing::Test {
protected:
    static alpaca::AlpacaOptions defaults()
    {
        alpaca::AlpacaOptions options;
        options.exchange.partialFillShare = 0;
        options.requestsPerMinute = 100'000;
        return options;
    }
    explicit VenueTest(alpaca::AlpacaOptions options = defaults())
        : random(11), venue(executor, random, market(), std::move(options)), admin(venue)
    {
        alpaca::ApiKey key;
        key.keyId = "PKTEST";
        key.secret = runtime::Secret("sesame");
        key.token = runtime::Secret("token-1");
        key.account = AccountId("paper");
        venue.addKey(std::move(key));
        venue.start();
        world.run(200ms);
    }
    static std::unique_ptr<exchange::MarketSource> market()
    {
        exchange::SimulationOptions options;
        options.symbols = 30;
        options.updatesPerSecond = 300;
        options.halts = false;
        return std::make_unique<exchange::SimulatedMarket>(options);
    }

    static wire::Headers credentials()
    {
        return {{"APCA-API-KEY-ID", "PKTEST"}, {"APCA-API-SECRET-KEY", "sesame"}};
    }
    std::shared_ptr<Answer> begin(wire::Service& service, std::string method, std::string target,
                                  std::string body, wire::Headers headers)
    {
        auto answer = std::make_shared<Answer>();
        wire::HttpRequest request;
        request.method = std::move(method);
        request.target = std::move(target);
        request.body = std::move(body);
        request.headers = std::move(headers);
        service.handle(std::move(request), [answer](wire::HttpResponse response) {
            EXPECT_FALSE(answer->came) << "answered twice";
            answer->came = true;
            answer->status = response.status;
            answer->headers = response.headers;
            answer->text = response.body;
            if (auto document = json::Document::parse(response.body))
                answer->document = std::make_shared<json::Document>(std::move(*document));
        });
        return answer;
    }
    Answer ask(std::string method, std::string target, std::string body = {})
    {
        return *begin(venue, std::move(method), std::move(target), std::move(body), credentials());
    }
    Answer drill(std::string method, std::string target, std::string body = {})
    {
        return *begin(admin, std::move(method), std::move(target), std::move(body), {});
    }
    void fault(const std::string& body)
    {
        const Answer answer = drill("POST", "/faults", body);
        ASSERT_EQ(answer.status, 201) << answer.text;
    }
    /// Pin a symbol's market.
    void price(const std::string& symbol, const std::string& bid, const std::string& ask)
    {
        const Answer answer = drill("POST", "/market/price",
                                    fmt::format(R"({{"symbol":"{}","bid":"{}","ask":"{}"}})",
                                                symbol, bid, ask));
        ASSERT_EQ(answer.status, 200) << answer.text;
        world.run(20ms);
    }
    Answer order(const std::string& side, const std::string& quantity, const std::string& symbol,
                 const std::string& more = R"("type":"market","time_in_force":"day")")
    {
        return ask("POST", "/v2/orders",
                   fmt::format(R"({{"symbol":"{}","qty":"{}","side":"{}",{}}})", symbol, quantity,
                               side, more));
    }
    std::string statusOf(const std::string& id) { return ask("GET", "/v2/orders/" + id).string("status"); }

    std::shared_ptr<MemorySocket> connect(const std::string& path, wire::Headers headers = {})
    {
        wire::HttpRequest request;
        request.target = path;
        request.headers = std::move(headers);
        auto accepted = venue.upgrade(request);
        if (!accepted) {
            refusedStatus = accepted.error().status;
            return nullptr;
        }
        auto socket = std::make_shared<MemorySocket>();
        socket->events = std::move(*accepted);
        sockets.push_back(socket);
        socket->events.onOpen(socket);
        return socket;
    }
    std::shared_ptr<MemorySocket> listenToTrades()
    {
        auto socket = connect("/stream");
        socket->say(R"({"action":"authenticate","data":{"key_id":"PKTEST","secret_key":"sesame"}})");
        socket->say(R"({"action":"listen","data":{"streams":["trade_updates"]}})");
        socket->take();
        return socket;
    }
    std::shared_ptr<MemorySocket> openData(const std::string& path = "/v2/iex")
    {
        auto socket = connect(path);
        socket->say(R"({"action":"auth","key":"PKTEST","secret":"sesame"})");
        return socket;
    }

    qd::test::SimWorld world;
    qd::test::SimExecutor executor{world};
    runtime::SeededRandom random;
    alpaca::AlpacaVenue venue;
    alpaca::AdminApi admin;
    std::vector<std::shared_ptr<MemorySocket>> sockets;
    int refusedStatus = 0;
};

} // namespace qd::sandbox::test
