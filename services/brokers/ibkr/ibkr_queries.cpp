// What IBKR is asked for: orders, executions, positions, the account.

#include <algorithm>

#include "services/brokers/ibkr/ibkr_state.h"

namespace qd::brokers {

namespace {

constexpr json::Limits kAnswerLimits{.sizeBytesMax = 16 << 20, .depthMax = 16, .valuesMax = 2'000'000};
constexpr int kGatheringTriesMax = 4;
constexpr int kPositionPagesMax = 200;
constexpr std::size_t kPositionsPage = 100;

/// IBKR's times are in whole milliseconds.
Timestamp wholeMillis(Timestamp time)
{
    return Timestamp::fromMillis(time.millis());
}

/// An order that ended in an earlier session, of which nothing but its executions is left. What it was
/// for is only known as far as `known` says; else it was for what has traded: nothing of it works.
OrderReport endedReport(OrderReport known, const std::vector<Fill>& fills)
{
    OrderReport report = std::move(known);
    NotionalSum traded;
    Quantity executed;
    for (const auto& fill : fills) {
        traded.add(fill.price, fill.quantity);
        executed += fill.quantity;
    }
    if (report.venueOrderId.empty()) {
        report.venueOrderId = fills.front().venueOrderId;
        report.request.symbol = fills.front().symbol;
        report.request.side = fills.front().side;
        report.request.quantity = executed;
        report.createdAt = fills.front().eventTime;
    }
    report.clientOrderId = report.request.clientOrderId = fills.front().clientOrderId;
    report.request.account = fills.front().account;
    report.legs.clear(); // asked for by names of their own
    report.filledQuantity = executed;
    if (const auto average = traded.total().dividedBy(executed.value(), Rounding::HalfEven))
        report.averagePrice = Price(*average);
    report.state = executed >= report.request.quantity ? OrderState::Filled : OrderState::Canceled;
    report.venueStatus = "ended before this session";
    report.updatedAt = fills.back().eventTime;
    return report;
}

} // namespace

Result<json::Document> IbkrBroker::State::readDocument(const Result<wire::HttpResponse>& result)
{
    if (!result) return tl::unexpected(result.error());
    if (result->status < 400) return json::Document::parse(result->body, kAnswerLimits);
    const Error error = ibkr::readErrorBody(result->status, result->body);
    session.noteRefusal(error);
    return tl::unexpected(error);
}

void IbkrBroker::State::skip(const json::Value& item, const Error& error)
{
    constexpr std::size_t kTextMax = 4'096, kToldMax = 1'000;
    std::string text = item.dump().substr(0, kTextMax);
    if (told.size() >= kToldMax || !told.insert(text).second) return;
    ++malformed;
    if (events) events(Malformed{std::move(text), error});
}

Result<std::vector<std::string>> IbkrBroker::State::readLive(const json::Value& root)
{
    if (!root["orders"].isArray())
        return fail(ErrorKind::Invalid, "ibkr.schema", "expected a list of orders", "orders");
    std::vector<std::string> ids;
    for (const auto& item : root["orders"].items()) {
        const auto order = ibkr::readLiveOrder(item);
        const auto merged = order ? orders.merge(*order) : Result<void>(tl::unexpected(order.error()));
        if (merged)
            ids.push_back(order->orderId);
        else
            skip(item, merged.error());
    }
    return ids;
}

void IbkrBroker::State::listLive(int tries, Listed done)
{
    session.whenUp([this, tries, done = std::move(done)](const Result<void>& up) {
        if (!up) return done(tl::unexpected(up.error()));
        live.ask([this, tries, done](const Result<wire::HttpResponse>& result) {
            const auto document = readDocument(result);
            if (!document) return done(tl::unexpected(document.error()));
            // The first answer of a session is empty: IBKR only begins to gather.
            if (document->root()["snapshot"].booleanOr(true)) return done(readLive(document->root()));
            if (tries + 1 < kGatheringTriesMax) return listLive(tries + 1, done);
            done(fail(ErrorKind::Unavailable, "ibkr.orders_not_gathered",
                      "IBKR has not gathered the live orders yet"));
        });
    });
}

void IbkrBroker::State::fillGap()
{
    if (std::exchange(gapIsBeingFilled, true)) return;
    listLive(0, [this](const Result<std::vector<std::string>>& ids) {
        gapIsBeingFilled = false;
        if (!ids) return; // reconciliation asks again
        for (const auto& id : *ids) stream.tellNews(id);
    });
}

void IbkrBroker::findByClientId(const ClientOrderId& id, Callback<OrderReport> done)
{
    State& state = *m_state;
    state.listLive(0, [&state, id, done = std::move(done)](const Result<std::vector<std::string>>& ids) {
        if (!ids) return done(tl::unexpected(ids.error()));
        const auto report = state.orders.findByRef(id.text());
        const bool isListed =
            report && std::ranges::find(*ids, report->venueOrderId.text()) != ids->end();
        if (isListed) return done(*report);
        // An order that ended in an earlier session is not listed any more: what is known of it stays.
        if (report && isClosed(report->state)) return done(*report);
        state.findByExecutions(id, report, done);
    });
}

void IbkrBroker::State::findByExecutions(const ClientOrderId& id, std::optional<OrderReport> known,
                                         Callback<OrderReport> done)
{
    listFills({}, [this, id, known = std::move(known),
                   done = std::move(done)](Result<std::vector<Fill>> fills) {
        if (!fills) return done(tl::unexpected(fills.error()));
        std::erase_if(*fills, [&id](const Fill& fill) { return fill.clientOrderId != id; });
        if (fills->empty())
            return done(fail(ErrorKind::NotFound, "broker.order_not_found",
                             "IBKR lists no order of this client id, and none of its executions are known"));
        // Of the session under way the list only lags behind: it may work still.
        const Timestamp askedAt = known ? known->createdAt : Timestamp();
        if (std::max(askedAt, fills->back().eventTime) >= session.since())
            return done(fail(ErrorKind::Unavailable, "ibkr.order_not_listed",
                             "IBKR tells of executions of the order and does not list it yet"));
        done(endedReport(known.value_or(OrderReport()), *fills));
    });
}

void IbkrBroker::listOrders(const OrderQuery& query, Callback<std::vector<OrderReport>> done)
{
    State& state = *m_state;
    state.listLive(0, [&state, query, done = std::move(done)](const Result<std::vector<std::string>>& ids) {
        if (!ids) return done(tl::unexpected(ids.error()));
        std::vector<OrderReport> reports;
        for (const auto& id : *ids) {
            auto report = state.orders.find(id);
            const bool isExit = report && !report->parent.empty(); // told with its entry
            if (!report || isExit || (query.openOnly && isClosed(report->state))) continue;
            if (query.since.isSet() && report->createdAt < wholeMillis(query.since)) continue;
            reports.push_back(std::move(*report));
        }
        std::ranges::stable_sort(reports, std::greater<>(), &OrderReport::createdAt);
        if (reports.size() > query.limit) reports.resize(query.limit);
        done(std::move(reports));
    });
}

void IbkrBroker::State::listFills(Timestamp since, Callback<std::vector<Fill>> done)
{
    session.whenUp([this, since, done = std::move(done)](const Result<void>& up) {
        if (!up) return done(tl::unexpected(up.error()));
        trades.ask([this, since, done](const Result<wire::HttpResponse>& result) {
            auto document = readDocument(result);
            if (!document) return done(tl::unexpected(document.error()));
            std::vector<ibkr::Execution> executions;
            bool isComplete = true;
            for (const auto& item : document->root().items()) {
                auto execution = ibkr::readExecution(item, settings.account, core.clock().now());
                if (!execution) {
                    skip(item, execution.error());
                    continue;
                }
                if (execution->fill.eventTime < wholeMillis(since)) continue;
                isComplete = isComplete && orders.knowsRef(execution->fill.clientOrderId.text());
                executions.push_back(std::move(*execution));
            }
            const auto tell = [this, done](std::vector<ibkr::Execution> found) {
                std::vector<Fill> fills;
                for (auto& execution : found)
                    if (auto fill = orders.fillOf(std::move(execution))) fills.push_back(std::move(*fill));
                std::ranges::stable_sort(fills, {}, &Fill::eventTime);
                done(std::move(fills));
            };
            if (isComplete) return tell(std::move(executions));
            // Executions name no order id: the orders do.
            listLive(0, [tell, executions = std::move(executions)](const auto&) { tell(executions); });
        });
    });
}

void IbkrBroker::State::pagePositions(int page, std::vector<Position> sofar,
                                      Callback<std::vector<Position>> done)
{
    session.whenUp([this, page, sofar = std::move(sofar), done = std::move(done)](const Result<void>& up) {
        if (!up) return done(tl::unexpected(up.error()));
        RequestGate::Request request;
        request.path = "/portfolio/" + session.account() + "/positions/" + std::to_string(page);
        gate.send(std::move(request), [this, page, sofar,
                                       done](const Result<wire::HttpResponse>& result) mutable {
            const auto document = readDocument(result);
            if (!document) return done(tl::unexpected(document.error()));
            if (!document->root().isArray())
                return done(fail(ErrorKind::Invalid, "ibkr.schema", "expected a list of positions"));
            for (const auto& item : document->root().items()) {
                auto holding = ibkr::readHolding(item, settings.account);
                if (!holding) return done(tl::unexpected(holding.error()));
                if (holding->position.quantity.isZero()) continue; // closed today
                auto symbol = conids.symbolOf(holding->conid, holding->ticker, holding->secType);
                if (!symbol) return done(tl::unexpected(symbol.error()));
                holding->position.symbol = std::move(*symbol);
                sofar.push_back(std::move(holding->position));
            }
            const bool isFull = document->root().size() >= kPositionsPage;
            if (!isFull || page + 1 >= kPositionPagesMax) return done(std::move(sofar));
            pagePositions(page + 1, std::move(sofar), std::move(done));
        });
    });
}

void IbkrBroker::account(Callback<AccountSnapshot> done)
{
    State& state = *m_state;
    state.session.whenUp([&state, done = std::move(done)](const Result<void>& up) {
        if (!up) return done(tl::unexpected(up.error()));
        RequestGate::Request request;
        request.path = "/portfolio/" + state.session.account() + "/summary";
        state.gate.send(std::move(request), [&state, done](const Result<wire::HttpResponse>& result) {
            const auto document = state.readDocument(result);
            if (!document) return done(tl::unexpected(document.error()));
            done(ibkr::readSummary(document->root(), state.settings.account, state.core.clock().now()));
        });
    });
}

} // namespace qd::brokers
