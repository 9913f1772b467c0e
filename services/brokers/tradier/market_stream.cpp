#include "services/brokers/tradier/market_stream.h"

#include <utility>

#include "services/brokers/tradier/market_json.h"

namespace qd::brokers::tradier {

MarketStream::MarketStream(std::string url, std::chrono::milliseconds idleTimeout,
                           wire::WebSocketClient& sockets, runtime::Executor& core,
                           runtime::Executor& io, runtime::Random& random)
    : m_url(std::move(url)), m_idleTimeout(idleTimeout), m_core(core), m_io(io),
      m_line(terms(), sockets, io, random)
{
}

StreamLine::Terms MarketStream::terms()
{
    return {
        .connect = [this](const StreamLine::Attempt& attempt) { connect(attempt); },
        .opened = [this] { onOpened(); },
        .message = [this](std::string_view payload) { onMessage(payload); },
        .changed =
            [this](ConnectionChange change) {
                if (!change.connected) m_settled.cancel();
                hand({std::move(change)});
            },
        .silent = "Tradier's market stream did not open within 10 s",
        .silentFarewell = "leaving",
    };
}

void MarketStream::start(Owner owner)
{
    m_coreOwner = std::move(owner);
    m_io.post([self = shared_from_this()] {
        self->m_isRunning = true;
        if (!self->m_wanted.empty()) return self->m_line.start();
        self->hand({ConnectionChange{true, "nothing is followed yet", {}}});
    });
}

void MarketStream::subscribe(std::set<std::string> symbols)
{
    m_io.post([self = shared_from_this(), symbols = std::move(symbols)]() mutable {
        self->want(std::move(symbols));
    });
}

void MarketStream::accessChanged()
{
    m_io.post([self = shared_from_this()] {
        if (self->m_isRunning && self->m_line.isRunning()) self->m_line.start();
    });
}

void MarketStream::want(std::set<std::string> symbols)
{
    if (symbols == m_wanted) return;
    m_wanted = std::move(symbols);
    if (!m_isRunning) return;
    if (m_wanted.empty()) {
        m_settled.cancel();
        m_line.stop();
        return hand({ConnectionChange{true, "nothing is followed", {}}});
    }
    if (!m_line.isRunning()) return m_line.start();
    if (m_line.isListening()) sayWishes();
}

void MarketStream::rest()
{
    m_isRunning = false;
    m_settled.cancel();
    m_line.stop();
}

void MarketStream::connect(const StreamLine::Attempt& attempt)
{
    m_core.post([self = shared_from_this(), attempt] {
        if (!self->m_coreOwner.askSession) return;
        self->m_coreOwner.askSession([self, attempt](Result<wire::HttpResponse> result) {
            self->m_io.post([self, attempt, result = std::move(result)] {
                if (attempt.isCurrent()) self->onSession(attempt, result);
            });
        });
    });
}

void MarketStream::onSession(const StreamLine::Attempt& attempt,
                             const Result<wire::HttpResponse>& result)
{
    if (!result) return attempt.fail(describe(result.error()));
    const auto document = json::Document::parse(result->body);
    m_sessionId =
        document ? document->root()["stream"]["sessionid"].stringOr({}) : std::string_view();
    if (result->status == 401)
        return attempt.fail("Tradier refused the token; connect the broker again");
    if (result->status >= 400 || m_sessionId.empty())
        return attempt.fail("no session for market events was given");
    wire::WebSocketOptions options;
    options.url = m_url + "/v1/markets/events";
    options.idleTimeout = m_idleTimeout;
    attempt.open(std::move(options));
}

void MarketStream::onOpened()
{
    sayWishes();
    m_settled = m_io.after(kRefusedWithin, [this] {
        if (!m_line.isListening()) m_line.listening("market data connected");
    });
}

void MarketStream::sayWishes()
{
    json::Writer out;
    out.beginObject().array("symbols", m_wanted).member("sessionid", m_sessionId);
    out.array("filter", std::vector<std::string>{"quote", "timesale"});
    out.member("linebreak", true).member("validOnly", true).endObject();
    m_line.sendText(out.take());
}

/// One event a line.
void MarketStream::onMessage(std::string_view payload)
{
    const auto attempt = m_line.attempt();
    std::vector<MarketEvent> batch;
    while (!payload.empty() && attempt.isCurrent()) {
        const auto end = payload.find('\n');
        const auto text = payload.substr(0, end);
        payload.remove_prefix(end == std::string_view::npos ? payload.size() : end + 1);
        if (!text.empty()) onEvent(text, batch);
    }
    if (!batch.empty()) hand(std::move(batch));
}

void MarketStream::onEvent(std::string_view text, std::vector<MarketEvent>& batch)
{
    const auto document = json::Document::parse(text);
    if (!document) {
        batch.emplace_back(m_line.malformed(text, document.error()));
        return;
    }
    const auto root = document->root();
    if (root.contains("error")) {
        const std::string why(root["error"].stringOr("").substr(0, 200));
        return m_line.leave("Tradier's market stream refused the session: " + why, "refused");
    }
    if (!m_line.isListening()) {
        m_settled.cancel();
        const auto attempt = m_line.attempt();
        m_line.listening("market data connected");
        if (!attempt.isCurrent()) return;
    }
    auto event = readMarketEvent(root, m_io.clock().now());
    if (!event)
        batch.emplace_back(m_line.malformed(text, std::move(event.error())));
    else if (*event)
        batch.push_back(std::move(**event));
}

void MarketStream::hand(std::vector<MarketEvent> batch)
{
    m_core.post([self = shared_from_this(), batch = std::move(batch)]() mutable {
        if (self->m_coreOwner.events) self->m_coreOwner.events(std::move(batch));
    });
}

} // namespace qd::brokers::tradier
