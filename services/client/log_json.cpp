// What the backend remembers of its own doings: timelines, the log, traces.
#include "services/client/facts_json.h"

namespace qd::client {

TimelineEvent readTimelineEvent(FieldReader& read, const json::Value& value)
{
    TimelineEvent event;
    event.sequence = read.sequence(value["sequence"]);
    read.members(value, "time", event.time, "eventTime", event.eventTime, "kind", event.kind,
                 "actor", event.actor, "traceId", event.traceId);
    event.detail = pairsOf(value["detail"]);
    return event;
}

LogEvent readLogEvent(FieldReader& read, const json::Value& value)
{
    LogEvent event;
    event.sequence = read.sequence(value["sequence"]);
    read.members(value, "time", event.time, "kind", event.kind, "subject", event.subject, "actor",
                 event.actor, "traceId", event.traceId);
    const auto payload = value["payload"];
    if (const auto notice = payload["notice"]; notice.isObject())
        event.notice = readNotice(read, notice, event.time);
    else
        event.detail = pairsOf(payload);
    return event;
}

Span readSpan(FieldReader& read, const json::Value& value)
{
    Span span;
    std::int64_t nanoseconds = 0;
    read.members(value, "spanId", span.id, "parentSpanId", span.parent, "name", span.name, "start",
                 span.start, "durationNs", nanoseconds, "status", span.status, "statusMessage",
                 span.message);
    span.duration = Duration(nanoseconds);
    span.attributes = pairsOf(value["attributes"]);
    return span;
}

std::string pairsOf(const json::Value& object)
{
    std::string pairs;
    for (const auto& member : object.members()) {
        const bool nested = member.value.isObject() || member.value.isArray();
        if (member.value.isAbsent() || (nested && member.value.size() == 0)) continue;
        const std::string text =
            member.value.isString() ? std::string(member.value.stringOr({})) : member.value.dump();
        if (text.empty()) continue;
        if (!pairs.empty()) pairs += ", ";
        pairs.append(member.key).append(": ").append(text);
    }
    return pairs;
}

} // namespace qd::client
