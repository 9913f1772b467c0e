#include "tests/contract/broker/harness.h"

namespace qd::brokers::test {

using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

/// Makes `call`, waits for its one answer, and a little longer for a second one.
template <typename T, typename Call>
T answerOf(qd::test::SimWorld& world, Call call)
{
    auto answers = std::make_shared<std::vector<T>>();
    call([answers](T given) { answers->push_back(std::move(given)); });
    world.runUntil([&] { return !answers->empty(); }, std::chrono::minutes(5));
    EXPECT_EQ(answers->size(), 1u);
    QD_ASSERT(!answers->empty());
    return answers->front();
}

} // namespace

void BrokerContract::begin(std::uint64_t seed)
{
    m_harness = GetParam()(seed);
    events.clear();
}

void BrokerContract::listen()
{
    broker().start([this](BrokerEvent event) { events.push_back(std::move(event)); });
    run(seconds(1));
    ASSERT_FALSE(connections().empty());
    ASSERT_TRUE(connections().back().connected);
}

OrderRequest BrokerContract::request(Side side, const char* quantity, const char* limit,
                                     const char* symbol)
{
    OrderRequest request;
    request.clientOrderId = ClientOrderId(the().world().random().uuidV4());
    request.account = AccountId("paper");
    request.symbol = Symbol::of(symbol);
    request.side = side;
    request.quantity = Quantity::of(quantity);
    if (limit != nullptr) {
        request.type = OrderType::Limit;
        request.limitPrice = Price::of(limit);
    }
    return request;
}

OrderRequest BrokerContract::buy(const char* quantity, const char* limit, const char* symbol)
{
    return request(Side::Buy, quantity, limit, symbol);
}

OrderRequest BrokerContract::sell(const char* quantity, const char* limit, const char* symbol)
{
    return request(Side::Sell, quantity, limit, symbol);
}

Outcome BrokerContract::submit(const OrderRequest& request)
{
    return answerOf<Outcome>(the().world(),
                             [&](auto done) { broker().submit(request, {}, std::move(done)); });
}

Outcome BrokerContract::cancel(const VenueOrderId& id)
{
    return answerOf<Outcome>(the().world(),
                             [&](auto done) { broker().cancel(id, {}, std::move(done)); });
}

Outcome BrokerContract::modify(const VenueOrderId& id, const Modification& change)
{
    return answerOf<Outcome>(the().world(),
                             [&](auto done) { broker().modify(id, change, {}, std::move(done)); });
}

Result<OrderReport> BrokerContract::find(const ClientOrderId& id)
{
    return answerOf<Result<OrderReport>>(
        the().world(), [&](auto done) { broker().findByClientId(id, std::move(done)); });
}

std::vector<OrderReport> BrokerContract::list(const OrderQuery& query)
{
    const auto result = answerOf<Result<std::vector<OrderReport>>>(
        the().world(), [&](auto done) { broker().listOrders(query, std::move(done)); });
    EXPECT_TRUE(result) << describe(result.error());
    return result.value_or(std::vector<OrderReport>());
}

std::vector<Fill> BrokerContract::executions(Timestamp since)
{
    const auto result = answerOf<Result<std::vector<Fill>>>(
        the().world(), [&](auto done) { broker().listExecutions(since, std::move(done)); });
    EXPECT_TRUE(result) << describe(result.error());
    return result.value_or(std::vector<Fill>());
}

std::vector<Position> BrokerContract::positions()
{
    const auto result = answerOf<Result<std::vector<Position>>>(
        the().world(), [&](auto done) { broker().listPositions(std::move(done)); });
    EXPECT_TRUE(result) << describe(result.error());
    return result.value_or(std::vector<Position>());
}

AccountSnapshot BrokerContract::account()
{
    const auto result = answerOf<Result<AccountSnapshot>>(
        the().world(), [&](auto done) { broker().account(std::move(done)); });
    EXPECT_TRUE(result) << describe(result.error());
    return result.value_or(AccountSnapshot());
}

OrderReport BrokerContract::place(const OrderRequest& request)
{
    const auto outcome = submit(request);
    EXPECT_STREQ(wordOf(outcome), "accepted")
        << (std::holds_alternative<Accepted>(outcome) ? "" : describe(errorOf(outcome)));
    run(milliseconds(200));
    const auto* accepted = std::get_if<Accepted>(&outcome);
    return accepted ? accepted->report : OrderReport();
}

std::vector<OrderUpdate> BrokerContract::updates(const ClientOrderId& id) const
{
    std::vector<OrderUpdate> found;
    for (const auto& event : events)
        if (const auto* update = std::get_if<OrderUpdate>(&event);
            update && update->report.clientOrderId == id)
            found.push_back(*update);
    return found;
}

std::vector<OrderEventKind> BrokerContract::kinds(const ClientOrderId& id) const
{
    std::vector<OrderEventKind> found;
    for (const auto& update : updates(id)) found.push_back(update.kind);
    return found;
}

std::vector<ConnectionChange> BrokerContract::connections() const
{
    std::vector<ConnectionChange> found;
    for (const auto& event : events)
        if (const auto* change = std::get_if<ConnectionChange>(&event)) found.push_back(*change);
    return found;
}

int BrokerContract::malformed() const
{
    int count = 0;
    for (const auto& event : events) count += std::holds_alternative<Malformed>(event) ? 1 : 0;
    return count;
}

const char* wordOf(const Outcome& outcome)
{
    if (std::holds_alternative<Accepted>(outcome)) return "accepted";
    return std::holds_alternative<Refused>(outcome) ? "refused" : "unknown";
}

const Error& errorOf(const Outcome& outcome)
{
    if (const auto* refused = std::get_if<Refused>(&outcome)) return refused->error;
    return std::get<Unknown>(outcome).error;
}

} // namespace qd::brokers::test
