#include "services/brokers/ibkr/session_keeper.h"

#include <algorithm>
#include <utility>

#include "services/brokers/ibkr/order_json.h"

namespace qd::brokers::ibkr {

namespace {

/// What the answer of a question about the session means: a document, or why there is none. Nothing
/// that waits for the session has been sent, so no failure here leaves an outcome open.
Result<json::Document> readSessionAnswer(const Result<wire::HttpResponse>& result)
{
    const auto unsent = [](Error error) {
        if (error.kind == ErrorKind::OutcomeUnknown) error.kind = ErrorKind::Unavailable;
        return tl::unexpected(std::move(error));
    };
    if (!result) return unsent(result.error());
    if (result->status >= 400) return unsent(readErrorBody(result->status, result->body));
    auto document = json::Document::parse(result->body);
    if (!document) return unsent(document.error());
    return document;
}

} // namespace

SessionKeeper::SessionKeeper(const IbkrSettings& settings, RequestGate& gate, runtime::Executor& core,
                             std::function<void(const std::string&)> lost)
    : m_settings(settings), m_gate(gate), m_core(core), m_lost(std::move(lost)),
      m_tickle(gate, core, {Purpose::Query, "POST", "/tickle", {}, {}}, kTickleMin),
      m_portfolio(gate, core, {Purpose::Query, "GET", "/portfolio/accounts", {}, {}},
                  std::chrono::milliseconds(5100)),
      m_takesFirst(settings.takeOver)
{
}

SessionKeeper::~SessionKeeper()
{
    *m_alive = false;
}

void SessionKeeper::stop()
{
    m_timer.cancel();
    m_isStopped = true;
}

void SessionKeeper::whenUp(Done done)
{
    if (m_isUp) return done({});
    verify(std::move(done));
}

void SessionKeeper::verify(Done done)
{
    if (m_waiting.size() >= kWaitingMax)
        return done(fail(ErrorKind::Unavailable, "ibkr.session_not_ready",
                         "too many wait for IBKR's session"));
    m_isStopped = false;
    m_waiting.push_back(std::move(done));
    if (!std::exchange(m_opening, true)) open();
}

void SessionKeeper::takeOver(Done done)
{
    if (m_opening) // it may have looked already
        return verify([this, alive = m_alive, done = std::move(done)](const Result<void>&) {
            if (*alive) takeOver(done);
        });
    m_takesNow = true;
    verify(std::move(done));
}

void SessionKeeper::open()
{
    m_tickle.ask([this, alive = m_alive](const Result<wire::HttpResponse>& result) {
        if (*alive) tickled(result);
    });
}

void SessionKeeper::tickled(const Result<wire::HttpResponse>& result)
{
    const auto document = readSessionAnswer(result);
    if (!document) return opened(tl::unexpected(document.error()));
    const auto root = document->root();
    if (root["session"].stringOr({}) != m_sessionId) m_since = m_core.clock().now();
    m_sessionId = std::string(root["session"].stringOr({}));
    const auto status = readStatus(root["iserver"]["authStatus"]);
    if (status && m_isUp) return opened({});
    if (status) return askAccounts();
    if (m_competing && !m_takesFirst && !m_takesNow) return opened(status);
    init();
}

Result<void> SessionKeeper::readStatus(const json::Value& status)
{
    m_competing = status["competing"].booleanOr(false);
    if (m_competing)
        return fail(ErrorKind::Denied, "ibkr.competing_session",
                    "another program of the same user has IBKR's session; take it over, or close that");
    if (!status["authenticated"].booleanOr(false) || !status["connected"].booleanOr(false))
        return fail(ErrorKind::Unavailable, "ibkr.session_not_ready",
                    "IBKR's session is not open: " + status.dump().substr(0, 200));
    return {};
}

void SessionKeeper::init()
{
    const bool compete = m_takesFirst || m_takesNow;
    RequestGate::Request request;
    request.method = "POST";
    request.path = "/iserver/auth/ssodh/init";
    request.body = compete ? R"({"publish":true,"compete":true})" : R"({"publish":true,"compete":false})";
    ask(std::move(request), [this](Result<json::Document> document) {
        if (!document) return opened(tl::unexpected(document.error()));
        if (auto status = readStatus(document->root()); !status) return opened(std::move(status));
        m_since = m_core.clock().now();
        askAccounts();
    });
}

/// IBKR answers nothing about orders before it was asked for the accounts.
void SessionKeeper::askAccounts()
{
    RequestGate::Request request;
    request.path = "/iserver/accounts";
    ask(std::move(request), [this](Result<json::Document> document) {
        if (!document) return opened(tl::unexpected(document.error()));
        auto chosen = chooseAccount(document->root());
        if (!chosen) return opened(tl::unexpected(chosen.error()));
        m_account = std::move(*chosen);
        askPortfolio();
    });
}

Result<std::string> SessionKeeper::chooseAccount(const json::Value& accounts) const
{
    const auto ids = accounts["accounts"].strings().value_or(std::vector<std::string>());
    std::string chosen = m_settings.venueAccount;
    if (chosen.empty()) chosen = accounts["selectedAccount"].stringOr(ids.empty() ? "" : ids.front());
    if (std::ranges::find(ids, chosen) == ids.end())
        return fail(ErrorKind::Denied, "ibkr.unknown_account",
                    "the user at IBKR's gateway has no account " + chosen);
    if (isPaperAccount(chosen) == m_settings.live)
        return fail(ErrorKind::Denied, "ibkr.wrong_account",
                    chosen + (m_settings.live ? " is a paper account, and trading.live is on"
                                              : " has real money, and trading.live is off"));
    return chosen;
}

void SessionKeeper::askPortfolio()
{
    m_portfolio.ask([this, alive = m_alive](const Result<wire::HttpResponse>& result) {
        if (!*alive) return;
        const auto document = readSessionAnswer(result);
        if (!document) return opened(tl::unexpected(document.error()));
        opened({});
    });
}

void SessionKeeper::opened(Result<void> result)
{
    m_opening = false;
    const bool isSure = result || (result.error().kind == ErrorKind::Denied ||
                                   result.error().code == "ibkr.session_not_ready");
    const bool isBack = result && !m_isUp;
    m_takesNow = false;
    if (result) {
        m_isUp = true;
        m_takesFirst = false;
        m_failures = 0;
        m_trouble = {};
    } else if (isSure || !m_isUp || ++m_failures >= kFailuresMax) {
        lose(result.error());
    } else {
        result = {}; // one tickle that was lost says nothing of the session
    }
    if (m_isUp && !m_isStopped && !m_timer.isActive())
        m_timer = m_core.after(kTickleEvery, [this] { look(); });
    const auto alive = m_alive;
    for (const auto& done : std::exchange(m_waiting, {})) {
        done(result);
        if (!*alive) return;
    }
    if (!isBack) return;
    for (const auto& call : m_back) {
        call();
        if (!*alive) return;
    }
}

void SessionKeeper::look()
{
    verify([](const Result<void>&) {}); // who is concerned is told by `lost`
}

void SessionKeeper::lose(Error why)
{
    m_timer.cancel();
    // That the gateway is not asked for a while says less than what it said before.
    const bool saysMore = m_isUp || why.code != "resilience.breaker_open";
    if (saysMore) m_trouble = std::move(why);
    if (std::exchange(m_isUp, false)) m_lost(m_trouble.detail);
}

void SessionKeeper::noteStatus(const json::Value& status)
{
    if (status["authenticated"].isMissing() && status["competing"].isMissing()) return;
    // Some messages tell of one of them only.
    const bool isFine = status["authenticated"].booleanOr(true) && status["connected"].booleanOr(true) &&
                        !status["competing"].booleanOr(false);
    if (status["competing"].isBoolean()) m_competing = status["competing"].booleanOr(false);
    if (!isFine && m_isUp && !m_opening)
        lose(m_competing ? Error{ErrorKind::Denied, "ibkr.competing_session",
                                 "another program of the same user has taken IBKR's session", {}}
                         : Error{ErrorKind::Unavailable, "ibkr.session_not_ready",
                                 "IBKR has ended the session", {}});
}

void SessionKeeper::noteRefusal(const Error& error)
{
    if (error.code == "ibkr.unauthorized" || error.code == "ibkr.no_bridge" || error.code == "ibkr.gone")
        lose(error);
}

void SessionKeeper::ask(RequestGate::Request request, std::function<void(Result<json::Document>)> done)
{
    m_gate.send(std::move(request), [alive = m_alive, done = std::move(done)](
                                        const Result<wire::HttpResponse>& result) {
        if (*alive) done(readSessionAnswer(result));
    });
}

} // namespace qd::brokers::ibkr
