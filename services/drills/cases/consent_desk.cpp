#include "services/drills/cases/consent_desk.h"

namespace qd::drills {

namespace {

using namespace std::chrono_literals;

constexpr auto kLongestFinish = 100s; ///< twice the broker's half a minute, and some

} // namespace

ConsentDesk::ConsentDesk(Stage& stage, const Options& options)
    : m_stage(stage), m_broker(stage.options().broker)
{
    const std::string client = "oauth-" + m_broker;
    for (const auto& option : options.sandbox) stage.addSandboxOption(option);
    stage.startSandbox();
    stage.addBackendOption("broker-method=oauth");
    stage.addBackendOption(m_broker + "-credentials-file=");
    stage.addBackendOption(client + "-server-url=" + stage.consentServer());
    stage.addBackendOption(client + "-client-id=quarterdeck");
    stage.addBackendOption(client + "-redirect-uri=http://127.0.0.1/callback");
    for (const auto& option : options.backend) stage.addBackendOption(option);
    stage.startBackend();
}

Answer ConsentDesk::tryToBegin(const std::string& broker, const std::string& body)
{
    return m_stage.call("POST", "/v1/connections/" + broker + "/begin", body);
}

std::string ConsentDesk::begin()
{
    const auto begun = tryToBegin();
    require(begun.status == 201, "expected consent to begin (201), was {} {}", begun.status,
            begun.body);
    require(begun.text("method") == "oauth", "the answer says the method \"{}\"",
            begun.text("method"));
    return begun.text("authorizeUrl");
}

Answer ConsentDesk::finish(const std::string& redirect, const std::string& broker)
{
    json::Writer out;
    out.beginObject().member("redirect", redirect).endObject();
    return m_stage.call("POST", "/v1/connections/" + broker + "/finish", out.take(),
                        {.headers = {}, .timeout = kLongestFinish});
}

void ConsentDesk::connect()
{
    const auto connected = finish(browse(begin()));
    require(connected.status == 200, "expected to be connected, was {} {}", connected.status,
            connected.body);
    require(connected.text("status") == "connected", "the connection is {}",
            connected.text("status"));
    awaitTrading();
}

std::string ConsentDesk::connection(const char* member)
{
    const auto answer = m_stage.get("/v1/connections");
    if (answer["connections"].size() == 0) return "none";
    return std::string(answer["connections"].at(0)[member].stringOr({}));
}

std::vector<std::string> ConsentDesk::events(const std::string& kind)
{
    std::vector<std::string> found;
    std::int64_t after = 0;
    for (;;) {
        const auto page =
            m_stage.get("/v1/events?limit=500&after=" + std::to_string(after));
        const auto events = page["events"].items();
        if (events.empty()) return found;
        for (const auto& event : events) {
            after = event["sequence"].integerOr(after);
            if (event["kind"].stringOr({}) == kind) found.push_back(event["payload"].dump());
        }
    }
}

std::string ConsentDesk::metric(const std::string& series)
{
    const auto text = m_stage.call("GET", "/metrics").body;
    const auto at = text.find("\n" + series + " ");
    if (at == std::string::npos) return {};
    const auto from = at + series.size() + 2;
    return text.substr(from, text.find('\n', from) - from);
}

std::vector<std::string> ConsentDesk::secrets(const std::string& prefix)
{
    std::vector<std::string> found;
    const auto answer = m_stage.get("/v1/vault");
    for (const auto& secret : answer["secrets"].items())
        if (secret["id"].stringOr({}).starts_with(prefix))
            found.emplace_back(secret["id"].stringOr({}));
    return found;
}

Answer ConsentDesk::server(const std::string& method, const std::string& path,
                           const std::string& body)
{
    return m_stage.admin(method, "/oauth" + path, body);
}

void ConsentDesk::awaitTrading()
{
    m_stage.awaitSettled(60s);
    m_stage.awaitLiveQuote("SPY");
}

void ConsentDesk::fillOne(const std::string& symbol)
{
    m_stage.awaitState(m_stage.place({.symbol = symbol}), "filled");
}

std::string ConsentDesk::requireRefused(const std::string& why)
{
    const auto id = Stage::newId();
    const auto answer = m_stage.submit({.symbol = "SPY", .id = id});
    require(answer.status == 401, "{}: expected 401 for an order, was {} {}", why, answer.status,
            answer.body);
    const auto way = answer.text("reauthorizeBy");
    require(way.find("/v1/connections/" + m_broker + "/begin") != std::string::npos,
            "{}: the way to connect again is not told: {}", why, answer.body);
    return id;
}

} // namespace qd::drills
