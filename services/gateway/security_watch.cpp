#include "services/gateway/security_watch.h"

#include <algorithm>
#include <array>

#include "models/base/network_address.h"

namespace qd::gateway {
namespace {

constexpr std::chrono::minutes kMinute{1};

/// Kinds of events that people are told about, each time.
struct Told {
    std::string_view kind;
    orders::Severity severity;
    const char* title;
    const char* text;
    Role who = Role::Operator;
};
constexpr std::array kTold{
    Told{"session.replayed", orders::Severity::Critical, "A session's token was used twice",
         "somebody else has, or had, a refresh token; the session is ended"},
    Told{"vault.denied", orders::Severity::Critical, "A secret was asked for by the wrong party",
         "the vault refused it"},
    Told{"vault.put", orders::Severity::Info, "A secret was replaced", "see the vault's list"},
    Told{"vault.rotated", orders::Severity::Info, "Keys of the vault were rotated", "see the vault's list"},
    Told{"account.role_granted", orders::Severity::Warning, "A role was granted", "see the accounts"},
    Told{"account.role_revoked", orders::Severity::Info, "A role was taken away", "see the accounts"},
    Told{"account.disabled", orders::Severity::Info, "An account was disabled", "see the accounts"},
    Told{"account.password_changed", orders::Severity::Info, "A password was changed",
         "the account's other sessions are ended"},
    Told{"account.totp_removed", orders::Severity::Warning, "A second factor was removed",
         "a password alone lets in"},
    Told{"account.recovery_code_used", orders::Severity::Warning, "A recovery code was used",
         "a recovery code let somebody in instead of the authenticator"},
    Told{"oauth.reauth_needed", orders::Severity::Critical, "A broker must be connected again",
         "no orders go there until then: see the connections", Role::Trader},
    Told{"oauth.revocation_overdue", orders::Severity::Warning,
         "A broker does not confirm that access has ended",
         "remove it at the broker by hand: see the connections", Role::Trader},
};

const Told* toldOf(const storage::Event& event)
{
    const auto told = std::ranges::find(kTold, std::string_view(event.kind), &Told::kind);
    return told == kTold.end() ? nullptr : told;
}

bool isNewDevice(const storage::Event& event)
{
    const auto payload = json::Document::parse(event.payload);
    return payload && payload->root()["newDevice"].booleanOr(false);
}

bool isDenied(const FinishedCall& call)
{
    return call.code == "auth.invalid_token" || call.code == "auth.role" ||
           call.code == "auth.origin" || call.code == "gateway.rate_limited";
}

std::vector<std::string_view> partsOf(std::string_view key)
{
    std::vector<std::string_view> parts;
    for (std::size_t from = 0;;) {
        const auto bar = key.find('|', from);
        parts.push_back(key.substr(from, bar - from));
        if (bar == std::string_view::npos) return parts;
        from = bar + 1;
    }
}

} // namespace

SecurityWatch::SecurityWatch(Dependencies dependencies) : m_the(std::move(dependencies))
{
    using observability::MetricType;
    m_the.metrics.declare({
        {"security_events_total", MetricType::Counter,
         "Events that concern security, by kind.", {"kind"}, {}},
        {"security_alerts_total", MetricType::Counter,
         "Alerts that people were told, or not, as the same was told within the minute.",
         {"result"}, {}},
    });
    m_minute = m_the.core.after(kMinute, [this] { endMinute(); });
}

SecurityWatch::~SecurityWatch() = default;

bool SecurityWatch::concerns(const storage::Event& event)
{
    const std::string_view kind = event.kind;
    return kind.starts_with("session.") || kind.starts_with("account.") ||
           kind.starts_with("vault.") || kind.starts_with("access.") || toldOf(event) != nullptr;
}

void SecurityWatch::saw(const FinishedCall& call)
{
    if (!isDenied(call)) return;
    const std::string by = call.caller + '|' + networkOf(call.peerAddress);
    const std::string route = call.spec ? call.spec->method + ' ' + call.spec->path : "unmatched";
    const std::string key = by + '|' + route + '|' + call.code;
    if (m_denied.size() >= kWatchedMax && !m_denied.contains(key)) {
        m_the.metrics.counter("security_events_total", {"access.denied_unlisted"}).add();
        return;
    }
    Denied& denied = m_denied[key];
    if (++denied.count == 1) {
        denied.told = 1;
        writeDenied(key, 1, call.trace.traceIdHex());
    }
    if (++m_deniedBy[by] == kDeniedCallsMax)
        raise({orders::Severity::Warning, "Calls are being denied",
               call.caller + " from " + networkOf(call.peerAddress) + ": " + call.code +
                   " at " + route,
               "access/" + call.caller});
}

void SecurityWatch::writeDenied(const std::string& key, int count, const std::string& traceId)
{
    const auto parts = partsOf(key);
    json::Writer out;
    out.beginObject()
        .member("network", parts[1])
        .member("route", parts[2])
        .member("code", parts[3])
        .member("count", count)
        .endObject();
    storage::Event event;
    event.kind = "access.denied";
    event.subject = "access/" + std::string(parts[0]);
    event.actor = parts[0];
    event.traceId = traceId;
    event.payload = out.take();
    m_the.writer.submit(
        [event](storage::Transaction& transaction) -> Result<void> {
            const auto appended = transaction.append(event);
            if (!appended) return tl::unexpected(appended.error());
            return {};
        },
        m_the.core, [](const Result<std::int64_t>&) {});
}

void SecurityWatch::saw(const std::vector<storage::Event>& events)
{
    for (const storage::Event& event : events)
        if (concerns(event)) seeOne(event);
}

void SecurityWatch::seeOne(const storage::Event& event)
{
    m_the.metrics.counter("security_events_total", {event.kind}).add();
    if (event.kind == "session.refused" && ++m_refusedSignIns == kRefusedSignInsMax)
        raise({orders::Severity::Warning, "Sign-ins are being refused",
               "several within a minute; the last one by " + event.actor, event.subject});
    if (event.kind == "session.opened" && isNewDevice(event))
        raise({orders::Severity::Info, "Somebody signed in on a new device",
               event.actor + ": see their sessions", event.subject});
    if (const Told* told = toldOf(event))
        raise({told->severity, told->title,
               event.subject + ", by " + event.actor + ": " + told->text, event.subject},
              told->who);
}

void SecurityWatch::raise(const orders::Notice& notice, Role who)
{
    // Guesses name many accounts; of a desk's brokers each is a matter of its own.
    const bool isOfOneBroker = who == Role::Trader;
    const bool isFirst = ++m_raised[isOfOneBroker ? notice.title + notice.subject : notice.title] == 1;
    m_the.metrics.counter("security_alerts_total", {isFirst ? "told" : "held_back"}).add();
    if (isFirst) m_the.alert(notice, who);
}

void SecurityWatch::endMinute()
{
    for (const auto& [key, denied] : m_denied)
        if (denied.count > denied.told) writeDenied(key, denied.count - denied.told, {});
    m_denied.clear();
    m_deniedBy.clear();
    m_raised.clear();
    m_refusedSignIns = 0;
    m_minute = m_the.core.after(kMinute, [this] { endMinute(); });
}

} // namespace qd::gateway
