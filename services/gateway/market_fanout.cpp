#include "services/gateway/market_fanout.h"

#include <algorithm>

#include "services/gateway/quote_json.h"

namespace qd::gateway {

namespace {

/// A socket whose queue passes this waits for it to drain: at 50,000 updates a second that is about
/// a quarter of a second behind.
constexpr std::size_t kQueueMax = 256 << 10;
constexpr std::size_t kQueueDrained = 32 << 10;

void normalise(market::Interest& interest)
{
    const auto tidy = [](auto& list) {
        std::ranges::sort(list);
        list.erase(std::unique(list.begin(), list.end()), list.end());
    };
    tidy(interest.quotes);
    tidy(interest.trades);
    tidy(interest.bars);
}

std::string keyOf(const market::Interest& interest)
{
    std::string key;
    for (const auto& symbol : interest.quotes) key += symbol.text() + ",";
    key += '|';
    for (const auto& symbol : interest.trades) key += symbol.text() + ",";
    key += '|';
    for (const auto& [symbol, interval] : interest.bars)
        key += symbol.text() + "@" + std::string(toString(interval)) + ",";
    return key;
}

std::string header(std::int64_t sequence, bool snapshot)
{
    return "{\"type\":\"market\",\"sequence\":" + std::to_string(sequence) +
           (snapshot ? ",\"snapshot\":true" : "");
}

/// `,"name":[row,row]`; nothing when there are no rows.
template <typename Range, typename Append>
void appendRows(std::string& out, const char* name, const Range& rows, Append append)
{
    if (rows.empty()) return;
    out += ",\"";
    out += name;
    out += "\":[";
    bool first = true;
    for (const auto* row : rows) {
        if (!first) out += ',';
        first = false;
        append(out, *row);
    }
    out += ']';
}

} // namespace

struct MarketFanout::Membership::Member {
    std::shared_ptr<wire::WebSocket> socket;
    std::shared_ptr<Group> group;
    bool behind = false; ///< skipped; gets the whole picture when its queue has drained
};

struct MarketFanout::Group {
    using Member = Membership::Member;

    explicit Group(MarketFanout& owner) : fanout(owner) {}

    void onUpdate(const market::MarketUpdate& update);
    void sendPicture(Member& member);
    /// Bring a member that was skipped up to date, if its queue has drained.
    bool catchUp(Member& member);

    MarketFanout& fanout;
    market::Interest interest;
    market::MarketData::Subscription subscription;
    std::vector<Member*> members;
    std::int64_t sequence = 0;
    std::size_t lastSize = 0;
};

void MarketFanout::Group::onUpdate(const market::MarketUpdate& update)
{
    if (update.symbols.empty() && update.trades.empty() && update.bars.empty()) return;
    auto payload = std::make_shared<std::string>(header(++sequence, false));
    payload->reserve(lastSize + lastSize / 4 + 256);
    appendRows(*payload, "quotes", update.symbols, appendQuoteRow);
    appendRows(*payload, "trades", update.trades, appendTradeRow);
    appendRows(*payload, "bars", update.bars, appendBarRow);
    *payload += ",\"conflated\":" + std::to_string(update.conflated) + "}";
    lastSize = payload->size();

    const std::shared_ptr<const std::string> shared = std::move(payload);
    for (Member* member : members) {
        if (!member->socket->isOpen()) continue;
        if (catchUp(*member)) continue; // the picture holds what is new too
        if (member->behind || member->socket->queuedBytes() > kQueueMax ||
            !member->socket->sendShared(shared, /*binary=*/true)) {
            member->behind = true;
            ++fanout.m_stats.conflated;
            continue;
        }
        ++fanout.m_stats.frames;
    }
}

void MarketFanout::Group::sendPicture(Member& member)
{
    std::string payload = header(sequence, true) + ",\"quotes\":[";
    for (const auto& symbol : interest.quotes) {
        if (payload.back() != '[') payload += ',';
        appendQuoteRow(payload, fanout.m_market.view(symbol));
    }
    payload += "],\"conflated\":0}";
    member.behind = !member.socket->send({true, std::move(payload)});
    ++(member.behind ? fanout.m_stats.conflated : fanout.m_stats.frames);
}

bool MarketFanout::Group::catchUp(Member& member)
{
    if (!member.behind || member.socket->queuedBytes() > kQueueDrained) return false;
    sendPicture(member);
    return true;
}

MarketFanout::MarketFanout(market::MarketData& market) : m_market(market) {}
MarketFanout::~MarketFanout() = default;

void MarketFanout::catchUp()
{
    for (const auto& [wish, weak] : m_groups)
        if (const auto group = weak.lock())
            for (auto* member : group->members)
                if (member->socket->isOpen()) group->catchUp(*member);
}

MarketFanout::Membership::Membership(Membership&&) noexcept = default;

MarketFanout::Membership& MarketFanout::Membership::operator=(Membership&& other) noexcept
{
    std::swap(m_member, other.m_member);
    return *this;
}

MarketFanout::Membership::~Membership()
{
    if (!m_member) return;
    auto& group = *m_member->group;
    std::erase(group.members, m_member.get());
    --group.fanout.m_stats.members;
    // The last member takes the group and its subscription along.
}

std::shared_ptr<MarketFanout::Group> MarketFanout::groupOf(const market::Interest& interest,
                                                           Result<void>& subscribed)
{
    const auto key = keyOf(interest);
    if (auto existing = m_groups[key].lock()) return existing;
    std::erase_if(m_groups, [](const auto& entry) { return entry.second.expired(); });
    auto group = std::make_shared<Group>(*this);
    group->interest = interest;
    group->subscription = m_market.subscribe(
        [raw = group.get()](const market::MarketUpdate& update) { raw->onUpdate(update); });
    subscribed = group->subscription.replace(interest);
    m_groups[key] = group;
    m_stats.groups = m_groups.size();
    return group;
}

Result<MarketFanout::Membership> MarketFanout::join(market::Interest interest,
                                                    std::shared_ptr<wire::WebSocket> socket)
{
    normalise(interest);
    Result<void> subscribed;
    auto group = groupOf(interest, subscribed);
    if (!subscribed) return tl::unexpected(subscribed.error());
    Membership membership;
    membership.m_member = std::make_shared<Membership::Member>(
        Membership::Member{std::move(socket), group, false});
    group->members.push_back(membership.m_member.get());
    ++m_stats.members;
    group->sendPicture(*membership.m_member);
    return membership;
}

} // namespace qd::gateway
