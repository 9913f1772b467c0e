// What Tradier is asked for: orders, executions, positions, the account, instruments.

#include <algorithm>

#include "services/brokers/tradier/tradier_state.h"

namespace qd::brokers {

namespace {

constexpr json::Limits kListsMax{.sizeBytesMax = 32 << 20, .depthMax = 16, .valuesMax = 4'000'000};

} // namespace

std::string TradierBroker::State::accountPath(std::string_view subject) const
{
    return "/v1/accounts/" + wire::percentEncode(settings.accountNumber) + "/" + std::string(subject);
}

void TradierBroker::State::ask(std::string path, Use use)
{
    RequestGate::Request request;
    request.path = std::move(path);
    gate.send(std::move(request), [use = std::move(use)](const Result<wire::HttpResponse>& result) {
        if (!result) return use(tl::unexpected(result.error()));
        if (result->status >= 400)
            return use(tl::unexpected(tradier::readError(result->status, result->body)));
        const auto document = json::Document::parse(result->body, kListsMax);
        if (!document) return use(tl::unexpected(document.error()));
        use(document->root());
    });
}

void TradierBroker::State::askOrders(std::function<void(Result<std::vector<ToldOrder>>)> use)
{
    ask(accountPath("orders?includeTags=true"), [this, use = std::move(use)](Result<json::Value> root) {
        if (!root) return use(tl::unexpected(root.error()));
        if (!root->contains("orders"))
            return use(fail(ErrorKind::Invalid, "tradier.schema", "is required", "orders"));
        std::vector<ToldOrder> orders;
        for (const auto& value : tradier::elementsOf((*root)["orders"], "order")) {
            auto order = tradier::readOrder(value, settings.account);
            order ? orders.push_back(std::move(*order)) : skip(value, order.error());
        }
        std::ranges::stable_sort(orders, [](const ToldOrder& a, const ToldOrder& b) {
            const auto& left = a.report.createdAt;
            const auto& right = b.report.createdAt;
            return left != right ? left > right : a.id > b.id;
        });
        // Of several under one tag the oldest has it.
        std::for_each(orders.rbegin(), orders.rend(), [this](ToldOrder& order) { name(order); });
        for (const auto& order : orders) tracker.noteTold(order);
        use(std::move(orders));
    });
}

void TradierBroker::State::askOrder(std::int64_t id, UseOrder use)
{
    ask(accountPath("orders/" + std::to_string(id) + "?includeTags=true"),
        [this, use = std::move(use)](Result<json::Value> root) {
            if (!root) return use(tl::unexpected(root.error()));
            auto order = tradier::readOrder((*root)["order"], settings.account);
            if (order) {
                name(*order);
                tracker.noteTold(*order);
            }
            use(order);
        });
}

void TradierBroker::State::name(ToldOrder& order)
{
    const auto nameOne = [this](ToldOrder& one) {
        OrderReport& report = one.report;
        if (tags.claim(report.clientOrderId.text(), one.id)) return;
        report.clientOrderId = report.request.clientOrderId = ClientOrderId(std::to_string(one.id));
    };
    nameOne(order);
    order.report.legs.clear();
    for (ToldOrder& exit : order.exits) {
        nameOne(exit);
        exit.report.parent = order.report.clientOrderId;
        order.report.legs.push_back(exit.report);
    }
}

void TradierBroker::State::skip(const json::Value& item, const Error& error)
{
    constexpr std::size_t kTextMax = 4'096, kToldMax = 1'000;
    std::string text = item.dump().substr(0, kTextMax);
    if (skipped.size() >= kToldMax || !skipped.insert(text).second) return;
    quarantine(text, error);
}

Quantity TradierBroker::State::heldOf(const Symbol& symbol) const
{
    const auto found = held.find(symbol);
    return found == held.end() ? Quantity() : found->second;
}

void TradierBroker::findByClientId(const ClientOrderId& id, Callback<OrderReport> done)
{
    m_state->askOrders([id, done = std::move(done)](const Result<std::vector<tradier::ToldOrder>>& orders) {
        if (!orders) return done(tl::unexpected(orders.error()));
        const auto found = std::ranges::find_if(
            *orders, [&](const tradier::ToldOrder& order) { return order.report.clientOrderId == id; });
        if (found == orders->end())
            return done(fail(ErrorKind::NotFound, "broker.order_not_found", "Tradier knows no order of this tag"));
        done(found->report);
    });
}

void TradierBroker::listOrders(const OrderQuery& query, Callback<std::vector<OrderReport>> done)
{
    m_state->askOrders([query, done = std::move(done)](Result<std::vector<tradier::ToldOrder>> orders) {
        if (!orders) return done(tl::unexpected(orders.error()));
        std::vector<OrderReport> reports;
        for (auto& order : *orders) {
            OrderReport& report = order.report;
            const bool isOld = query.since.isSet() && report.createdAt < query.since;
            const bool anyOpen = !isClosed(report.state)
                || std::ranges::any_of(report.legs, [](const auto& leg) { return !isClosed(leg.state); });
            if (isOld || (query.openOnly && !anyOpen) || reports.size() >= query.limit) continue;
            reports.push_back(std::move(report));
        }
        done(std::move(reports));
    });
}

void TradierBroker::listExecutions(Timestamp since, Callback<std::vector<Fill>> done)
{
    State& state = *m_state;
    state.askOrders([&state, since, done = std::move(done)](const Result<std::vector<tradier::ToldOrder>>& orders) {
        if (!orders) return done(tl::unexpected(orders.error()));
        for (const auto& order : *orders) state.tracker.settle(order, state.core.clock().now());
        done(state.tracker.fillsSince(since));
    });
}

void TradierBroker::listPositions(Callback<std::vector<Position>> done)
{
    State& state = *m_state;
    state.ask(state.accountPath("positions"), [&state, done = std::move(done)](Result<json::Value> root) {
        if (!root) return done(tl::unexpected(root.error()));
        if (!root->contains("positions"))
            return done(fail(ErrorKind::Invalid, "tradier.schema", "is required", "positions"));
        std::vector<Position> positions;
        for (const auto& value : tradier::elementsOf((*root)["positions"], "position")) {
            auto position = tradier::readPosition(value, state.settings.account);
            if (!position) return done(tl::unexpected(position.error()));
            positions.push_back(std::move(*position));
        }
        state.held.clear();
        for (const auto& position : positions) state.held[position.symbol] = position.quantity;
        done(std::move(positions));
    });
}

void TradierBroker::State::askPositions()
{
    ask(accountPath("positions"), [this](Result<json::Value> root) {
        if (!root || !root->contains("positions")) return; // the next refusal asks again
        std::map<Symbol, Quantity> told;
        for (const auto& value : tradier::elementsOf((*root)["positions"], "position"))
            if (const auto position = tradier::readPosition(value, settings.account))
                told[position->symbol] = position->quantity;
        held = std::move(told);
    });
}

void TradierBroker::account(Callback<AccountSnapshot> done)
{
    State& state = *m_state;
    state.ask(state.accountPath("balances"), [&state, done = std::move(done)](Result<json::Value> root) {
        if (!root) return done(tl::unexpected(root.error()));
        done(tradier::readBalances((*root)["balances"], state.settings.account, state.core.clock().now()));
    });
}

void TradierBroker::listInstruments(Callback<std::vector<Instrument>> done)
{
    State& state = *m_state;
    state.ask("/v1/markets/etb", [&state, done = std::move(done)](Result<json::Value> root) {
        if (!root) return done(tl::unexpected(root.error()));
        std::set<Symbol> shortable;
        for (const auto& value : tradier::elementsOf((*root)["securities"], "security"))
            if (const auto security = tradier::readSecurity(value)) shortable.insert(security->symbol);
        state.pageInstruments('A', std::move(shortable), {}, done);
    });
}

/// Tradier has no list of everything: symbols are looked up by their first letter.
void TradierBroker::State::pageInstruments(char letter, std::set<Symbol> shortable,
                                           std::vector<Instrument> sofar,
                                           Callback<std::vector<Instrument>> done)
{
    if (letter > 'Z') return done(std::move(sofar));
    ask(std::string("/v1/markets/lookup?types=stock,etf&q=") + letter,
        [this, letter, shortable = std::move(shortable), sofar = std::move(sofar),
         done = std::move(done)](Result<json::Value> root) mutable {
            if (!root) return done(tl::unexpected(root.error()));
            for (const auto& value : tradier::elementsOf((*root)["securities"], "security")) {
                auto security = tradier::readSecurity(value);
                if (!security) continue; // one odd one must not hide the others
                security->shortable = shortable.contains(security->symbol);
                sofar.push_back(std::move(*security));
            }
            pageInstruments(static_cast<char>(letter + 1), std::move(shortable), std::move(sofar),
                            std::move(done));
        });
}

} // namespace qd::brokers
