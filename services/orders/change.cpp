#include "services/orders/change.h"

#include "services/orders/order_json.h"

namespace qd::orders {

namespace {

void writeOpenings(json::Writer& writer, const std::vector<Position>& openings)
{
    if (openings.empty()) return;
    writer.key("openings").beginArray();
    for (const Position& opening : openings) writePosition(writer, opening, {});
    writer.endArray();
}

void writeExplained(json::Writer& writer, const std::vector<ExplainedExecution>& explained)
{
    if (explained.empty()) return;
    writer.key("explained").beginArray();
    for (const ExplainedExecution& execution : explained) {
        writer.beginObject()
            .member("executionId", execution.executionId.text())
            .member("clientOrderId", execution.clientOrderId.text())
            .member("quantity", execution.quantity)
            .endObject();
    }
    writer.endArray();
}

} // namespace

std::string payloadOf(const Entry& entry)
{
    constexpr std::size_t kUsualSize = 1'536;
    json::Writer writer;
    writer.reserve(kUsualSize);
    writer.beginObject();
    writer.member("eventTime", entry.source.eventTime);
    writer.key("detail");
    writer.raw(entry.source.detail.empty() ? std::string_view("{}") : entry.source.detail);
    const Committed& fact = entry.fact;
    if (fact.order) {
        writer.key("order");
        writeOrder(writer, *fact.order, Detail::Log);
    }
    if (!entry.requestHash.empty()) writer.member("requestHash", entry.requestHash);
    if (fact.fill) {
        writer.key("fill");
        writeFill(writer, *fact.fill, Detail::Log);
    }
    if (fact.position) {
        writer.key("position");
        writePosition(writer, *fact.position, {});
    }
    if (fact.account) {
        writer.key("account");
        writeAccount(writer, *fact.account);
    }
    if (fact.trading) {
        writer.key("trading");
        writeTrading(writer, *fact.trading);
    }
    if (fact.report) {
        writer.key("report");
        writeReport(writer, *fact.report);
    }
    if (fact.notice) {
        writer.key("notice");
        writeNotice(writer, *fact.notice);
    }
    if (entry.quarantined) {
        writer.key("quarantined")
            .beginObject()
            .member("origin", entry.quarantined->origin)
            .member("message", entry.quarantined->message)
            .member("reason", entry.quarantined->reason)
            .endObject();
    }
    writeOpenings(writer, entry.openings);
    writeExplained(writer, entry.explained);
    writer.endObject();
    return writer.take();
}

} // namespace qd::orders
