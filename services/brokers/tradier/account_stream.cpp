#include "services/brokers/tradier/account_stream.h"

#include "services/json/json.h"

namespace qd::brokers::tradier {

AccountStream::AccountStream(const TradierSettings& settings, RequestGate& gate,
                             wire::WebSocketClient& sockets, runtime::Executor& core,
                             runtime::Random& random)
    : m_settings(settings), m_gate(gate), m_line(terms(), sockets, core, random)
{
}

StreamLine::Terms AccountStream::terms()
{
    return {
        .connect = [this](const StreamLine::Attempt& attempt) { connect(attempt); },
        .opened = [this] { nameSession(); },
        .message = [this](std::string_view payload) { onMessage(payload); },
        .changed = [this](ConnectionChange change) { m_listener.changed(std::move(change)); },
        .silent = "the venue sent no heartbeat within 10 s",
        .silentFarewell = "no heartbeat",
    };
}

void AccountStream::start(Listener listener)
{
    m_listener = std::move(listener);
    m_line.start();
}

void AccountStream::stop()
{
    m_line.stop();
}

void AccountStream::tokenChanged(bool isDead)
{
    const bool mustLeave = isDead && !m_letInWith.empty() &&
                           !m_letInWith.matches(m_settings.token.revealForUse());
    if ((m_unauthorized || mustLeave) && m_line.isRunning()) m_line.start();
}

void AccountStream::connect(const StreamLine::Attempt& attempt)
{
    m_letInWith = runtime::Secret();
    if (m_settings.token.empty()) {
        m_unauthorized = true;
        return m_listener.changed({false, "there is no token for Tradier", {}});
    }
    RequestGate::Request request;
    request.method = "POST";
    request.path = "/v1/accounts/events/session";
    m_gate.send(std::move(request), [this, attempt](const Result<wire::HttpResponse>& result) {
        if (attempt.isCurrent()) onSession(attempt, result);
    });
}

void AccountStream::onSession(const StreamLine::Attempt& attempt,
                              const Result<wire::HttpResponse>& result)
{
    if (!result) return attempt.fail(describe(result.error()));
    m_unauthorized = result->status == 401;
    const auto document = json::Document::parse(result->body);
    m_sessionId =
        document ? document->root()["stream"]["sessionid"].stringOr({}) : std::string_view();
    if (result->status >= 400 || m_sessionId.empty())
        return attempt.fail(m_unauthorized ? "Tradier refused the token; connect the broker again"
                                           : "no session for account events was given");
    m_letInWith = m_settings.token.clone();
    wire::WebSocketOptions options;
    options.url = m_settings.streamUrl + "/v1/accounts/events";
    options.idleTimeout = m_settings.streamIdleTimeout;
    attempt.open(std::move(options));
}

void AccountStream::nameSession()
{
    json::Writer out;
    out.beginObject().key("events").beginArray().value("order").endArray();
    out.member("sessionid", m_sessionId).key("excludeAccounts").beginArray().endArray().endObject();
    m_line.sendText(out.take());
}

void AccountStream::onMessage(std::string_view payload)
{
    const auto attempt = m_line.attempt();
    if (!m_line.isListening()) {
        const auto document = json::Document::parse(payload);
        if (document && document->root().contains("error"))
            return m_line.leave(
                "the session was refused: " +
                    std::string(document->root()["error"].stringOr("").substr(0, 200)),
                "refused");
        m_line.listening("listening to account events");
    }
    if (attempt.isCurrent()) m_listener.message(payload);
}

} // namespace qd::brokers::tradier
