#include "services/gateway/fault_api.h"

#include <condition_variable>
#include <mutex>

namespace qd::gateway {

namespace {

/// A disk that takes its time: holds up the thread that asks, which is what the drill is about.
void stall(Duration duration)
{
    std::mutex mutex;
    std::condition_variable never;
    std::unique_lock lock(mutex);
    never.wait_for(lock, duration, [] { return false; });
}

std::string faultsJson(const resilience::FaultPoints& points)
{
    json::Writer out;
    out.beginObject().key("faults").beginArray();
    for (const auto& point : points.describe()) {
        out.beginObject()
            .member("name", point.name)
            .member("meaning", point.meaning)
            .member("armed", point.armed)
            .member("passed", point.passed)
            .member("acted", point.acted)
            .endObject();
    }
    return out.endArray().endObject().take();
}

resilience::Fault readFault(const json::Value& body)
{
    resilience::Fault fault;
    const auto kind = body["kind"].stringOr({});
    fault.kind = kind == "delay"   ? resilience::FaultKind::Delay
                 : kind == "crash" ? resilience::FaultKind::Crash
                                   : resilience::FaultKind::Fail;
    fault.delay = std::chrono::milliseconds(body["delayMs"].integerOr(0));
    fault.skip = static_cast<int>(body["skip"].integerOr(0));
    fault.times = static_cast<int>(body["times"].integerOr(1));
    if (body["corrupt"].booleanOr(false)) fault.error.kind = ErrorKind::Corrupt;
    return fault;
}

} // namespace

void FaultApi::addTo(Api& api) const
{
    auto& faults = points;
    api.add({.method = "GET", .path = "/v1/faults", .role = Role::Admin,
             .summary = "Steps that a drill can break", .query = {}, .body = {}, .errors = {}},
            [&faults](const CallPtr& call) { call->answer(200, faultsJson(faults)); });
    api.add({.method = "PUT", .path = "/v1/faults/{name}", .role = Role::Admin,
             .summary = "Arm one", .query = {},
             .body = {{.name = "kind", .required = true, .allowed = {"fail", "delay", "crash"}},
                      {.name = "delayMs", .type = FieldType::Integer},
                      {.name = "skip", .type = FieldType::Integer},
                      {.name = "times", .type = FieldType::Integer},
                      {.name = "corrupt", .type = FieldType::Boolean}},
             .errors = {404}},
            [&faults](const CallPtr& call) {
                const auto armed = faults.arm(call->parameter("name"), readFault(call->body()));
                if (!armed) return call->answer(problemOf(armed.error(), "Not armed"));
                call->answer(200, faultsJson(faults));
            });
    api.add({.method = "DELETE", .path = "/v1/faults", .role = Role::Admin,
             .summary = "Disarm all", .query = {}, .body = {}, .errors = {}},
            [&faults](const CallPtr& call) {
                faults.disarmAll();
                call->answer(200, faultsJson(faults));
            });
}

std::function<Result<void>(std::string_view)> storageFaultHook(resilience::FaultPoints& points)
{
    points.declare("storage.before-commit", "the writer is about to commit a batch");
    points.declare("storage.after-commit", "a batch is on disk and nobody has been told yet");
    return [&points](std::string_view point) -> Result<void> {
        const auto effect = points.pass("storage." + std::string(point));
        if (effect.delay > Duration{}) stall(effect.delay);
        if (effect.error) return tl::unexpected(*effect.error);
        return {};
    };
}

namespace {

std::function<Result<void>()> hookAt(resilience::FaultPoints& points, const std::string& name)
{
    return [&points, name]() -> Result<void> {
        const auto effect = points.pass(name);
        if (effect.delay > Duration{}) stall(effect.delay);
        if (effect.error) return tl::unexpected(*effect.error);
        return {};
    };
}

} // namespace

std::function<Result<void>()> vaultFaultHook(resilience::FaultPoints& points)
{
    points.declare("vault.read", "the vault is about to read a secret from the database");
    return hookAt(points, "vault.read");
}

std::function<Result<void>()> consentFaultHook(resilience::FaultPoints& points)
{
    points.declare("oauth.store", "a verifier or a broker's tokens are about to be stored");
    return hookAt(points, "oauth.store");
}

} // namespace qd::gateway
