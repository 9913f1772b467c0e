#include "services/client/stream_frames.h"

#include "services/client/facts_json.h"
#include "services/client/market_rows.h"

namespace qd::client {

namespace {

constexpr int kDepthMax = 16;
constexpr std::size_t kValuesMax = 1'000'000;

Snapshot readSnapshot(FieldReader& read, const json::Value& root)
{
    Snapshot snapshot;
    snapshot.sequence = read.sequence(root["sequence"]);
    snapshot.orders = readAll(read, root["orders"], readOrder);
    snapshot.fills = readAll(read, root["fills"], readFill);
    snapshot.positions = readAll(read, root["positions"], readPosition);
    if (!root["account"].isAbsent()) snapshot.account = readAccount(read, root["account"]);
    if (!root["trading"].isAbsent()) snapshot.trading = readTrading(read, root["trading"]);
    if (!root["market"].isAbsent()) snapshot.market = readMarket(read, root["market"]);
    return snapshot;
}

ChainedEvent readEvent(FieldReader& read, const json::Value& root)
{
    ChainedEvent chained;
    chained.previous = read.sequence(root["previous"]);
    auto& event = chained.event;
    event.sequence = read.sequence(root["sequence"]);
    read.members(root, "kind", event.kind, "time", event.time);
    if (!root["order"].isAbsent()) event.order = readOrder(read, root["order"]);
    if (!root["fill"].isAbsent()) event.fill = readFill(read, root["fill"]);
    if (!root["position"].isAbsent()) event.position = readPosition(read, root["position"]);
    if (!root["account"].isAbsent()) event.account = readAccount(read, root["account"]);
    if (!root["trading"].isAbsent()) event.trading = readTrading(read, root["trading"]);
    if (!root["notice"].isAbsent()) event.notice = readNotice(read, root["notice"], event.time);
    return chained;
}

Frame readKind(FieldReader& read, const json::Value& root)
{
    const auto type = root["type"].stringOr({});
    if (type == "market") return readMarketFrame(read, root);
    if (type == "event") return readEvent(read, root);
    if (type == "status") return readStatus(read, root);
    if (type == "snapshot") return readSnapshot(read, root);
    if (type == "pong") {
        Pong pong;
        read.members(root, "id", pong.id);
        return pong;
    }
    if (type == "welcome") {
        Welcome welcome{read.sequence(root["sequence"]), {}};
        read.members(root, "version", welcome.version);
        return welcome;
    }
    if (type == "error") {
        Farewell farewell;
        read.members(root, "detail", farewell.detail);
        return farewell;
    }
    return UnknownFrame{};
}

} // namespace

Result<Frame> readFrame(std::string_view text, std::size_t sizeBytesMax)
{
    const auto document = json::Document::parse(
        text, {.sizeBytesMax = sizeBytesMax, .depthMax = kDepthMax, .valuesMax = kValuesMax});
    if (!document) return tl::unexpected(document.error());
    const auto root = document->root();
    if (!root.isObject() || !root["type"].isString())
        return fail(ErrorKind::Invalid, "client.frame", "expected an object with a type");
    FieldReader read;
    auto frame = readKind(read, root);
    return read.finish(std::move(frame));
}

} // namespace qd::client
