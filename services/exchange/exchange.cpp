#include "services/exchange/exchange.h"

#include <fmt/format.h>

#include "services/exchange/book_liquidity.h"
#include "services/exchange/exchange_state.h"
#include "services/exchange/order_rules.h"

namespace qd::exchange {

Exchange::State::State(runtime::Executor& executorOfAll, runtime::Random& randomOfAll,
                       std::unique_ptr<MarketSource> marketSource, ExchangeOptions exchangeOptions,
                       ExchangeListener& exchangeListener)
    : executor(executorOfAll), random(randomOfAll), source(std::move(marketSource)),
      options(exchangeOptions), listener(exchangeListener), sessions(exchangeOptions.sessions),
      tape(*source, sessions),
      orders(source->instruments().size(), exchangeOptions.closedOrdersKept),
      haltedByHand(source->instruments().size(), false)
{
    const auto& instruments = source->instruments();
    for (InstrumentIndex i = 0; i < instruments.size(); ++i)
        bySymbol.emplace(instruments[i].symbol, i);
    if (options.fillModel == FillModel::Book)
        books = std::make_unique<BookLiquidity>(*source);
    source->start(executor.clock().now());
    source->standing(incoming);
    for (const auto& event : incoming)
        tape.seed(event);
    turnSession(now());
}

Exchange::State::~State() = default;

Exchange::Exchange(runtime::Executor& executor, runtime::Random& random,
                   std::unique_ptr<MarketSource> source, ExchangeOptions options,
                   ExchangeListener& listener)
    : m_state(std::make_unique<State>(executor, random, std::move(source), options, listener))
{
}

Exchange::~Exchange() = default;

void Exchange::start()
{
    m_state->tick();
}

void Exchange::moveOn()
{
    m_state->doWork();
    m_state->moveOn();
}

const std::vector<Instrument>& Exchange::instruments() const
{
    return m_state->source->instruments();
}

std::optional<InstrumentIndex> Exchange::find(const Symbol& symbol) const
{
    const auto found = m_state->bySymbol.find(symbol);
    if (found == m_state->bySymbol.end())
        return std::nullopt;
    return found->second;
}

MarketSnapshot Exchange::snapshot(InstrumentIndex instrument) const
{
    return m_state->tape.snapshot(instrument);
}

Book Exchange::depth(InstrumentIndex instrument, int depth) const
{
    return m_state->source->depth(instrument, depth);
}

std::vector<Bar> Exchange::bars(InstrumentIndex instrument, BarInterval interval, Timestamp from,
                                Timestamp to, std::size_t limit) const
{
    return m_state->tape.bars(instrument, interval, from, to, limit);
}

std::vector<TradeTick> Exchange::recentTrades(InstrumentIndex instrument, std::size_t limit) const
{
    return m_state->tape.trades(instrument, limit);
}

std::vector<QuoteTick> Exchange::recentQuotes(InstrumentIndex instrument, std::size_t limit) const
{
    return m_state->tape.quotes(instrument, limit);
}

std::optional<Quantity> Exchange::openInterest(InstrumentIndex instrument) const
{
    return m_state->source->openInterest(instrument);
}

FeedClass Exchange::feedClass() const
{
    return m_state->source->feedClass();
}

VenueClock Exchange::clock() const
{
    return m_state->sessions.clock(m_state->now());
}

const Calendar& Exchange::calendar() const
{
    return m_state->options.sessions == SessionMode::Calendar ? Calendar::nyse()
                                                              : Calendar::crypto();
}

SessionMode Exchange::sessionMode() const
{
    return m_state->options.sessions;
}

bool Exchange::setHalted(InstrumentIndex instrument, bool halted)
{
    return m_state->setHalted(instrument, halted);
}

Result<void> Exchange::openAccount(const AccountTerms& terms)
{
    if (m_state->accounts.find(terms.id) != nullptr)
        return fail(ErrorKind::Conflict, "exchange.account_exists",
                    "an account " + terms.id.text() + " is already open");
    const auto number = fmt::format("PA3{:09d}", m_state->random.below(1'000'000'000));
    m_state->accounts.add(terms, number, m_state->random.uuidV4(), m_state->now());
    return {};
}

std::vector<AccountId> Exchange::accounts() const
{
    return m_state->accounts.ids();
}

std::optional<VenueAccount> Exchange::account(const AccountId& id) const
{
    const auto* account = m_state->accounts.find(id);
    if (account == nullptr)
        return std::nullopt;
    return m_state->describe(*account);
}

std::vector<VenuePosition> Exchange::positions(const AccountId& id) const
{
    std::vector<VenuePosition> result;
    const auto* account = m_state->accounts.find(id);
    if (account == nullptr)
        return result;
    for (const auto& [symbol, holding] : account->holdings) {
        if (auto view = position(id, symbol))
            result.push_back(std::move(*view));
    }
    return result;
}

std::optional<VenuePosition> Exchange::position(const AccountId& id, const Symbol& symbol) const
{
    const auto* account = m_state->accounts.find(id);
    const auto instrument = find(symbol);
    if (account == nullptr || !instrument)
        return std::nullopt;
    const auto found = account->holdings.find(symbol);
    if (found == account->holdings.end())
        return std::nullopt;
    const Holding& holding = found->second;
    const Side closing = holding.quantity.isNegative() ? Side::Buy : Side::Sell;
    const Quantity held = m_state->heldForOrders(id, symbol, closing);
    VenuePosition view;
    view.symbol = symbol;
    view.assetClass = instruments()[*instrument].assetClass;
    view.quantity = holding.quantity;
    view.quantityAvailable = holding.quantity + (holding.quantity.isNegative() ? held : -held);
    view.costBasis = holding.cost;
    const auto average = holding.cost.dividedBy(holding.quantity.value(), Rounding::HalfEven);
    view.averageEntry = Price(average.value_or(Decimal()));
    view.currentPrice = m_state->tape.mark(*instrument);
    if (view.currentPrice.isZero())
        view.currentPrice = view.averageEntry;
    view.lastDayPrice = m_state->tape.previousClose(*instrument);
    view.marketValue = notional(view.currentPrice, holding.quantity);
    view.unrealised = view.marketValue - holding.cost;
    view.unrealisedToday = view.marketValue - notional(view.lastDayPrice, holding.quantity);
    return view;
}

std::vector<VenueExecution> Exchange::executions(const AccountId& id, std::size_t limit) const
{
    const auto* account = m_state->accounts.find(id);
    if (account == nullptr)
        return {};
    const auto& all = account->executions;
    const auto count = std::min(limit, all.size());
    return {all.end() - static_cast<std::ptrdiff_t>(count), all.end()};
}

bool Exchange::adjustCash(const AccountId& id, Money amount)
{
    auto* account = m_state->accounts.find(id);
    if (account == nullptr)
        return false;
    account->cash += amount;
    account->deposits += amount;
    return true;
}

bool Exchange::setTradingBlocked(const AccountId& id, bool blocked)
{
    auto* account = m_state->accounts.find(id);
    if (account == nullptr)
        return false;
    account->blocked = blocked;
    return true;
}

bool Exchange::resetAccount(const AccountId& id, Money cash)
{
    auto* account = m_state->accounts.find(id);
    if (account == nullptr)
        return false;
    for (auto* record : m_state->orders.openOf(id))
        m_state->end(*record, VenueStatus::Canceled, "the account was reset");
    account->cash = account->lastEquity = account->deposits = cash;
    account->fees = Money();
    account->holdings.clear();
    account->executions.clear(); // their numbers are not used again
    return true;
}

VenueResult<VenueOrder> Exchange::submit(const AccountId& account, const NewOrder& order)
{
    return m_state->submit(account, order);
}

VenueResult<VenueOrder> Exchange::replace(const AccountId& account, const VenueOrderId& id,
                                          const OrderChange& change)
{
    return m_state->replace(account, id, change);
}

VenueResult<void> Exchange::cancel(const AccountId& account, const VenueOrderId& id)
{
    return m_state->cancel(account, id);
}

std::vector<std::pair<VenueOrderId, bool>> Exchange::cancelAll(const AccountId& account)
{
    std::vector<std::pair<VenueOrderId, bool>> result;
    for (const auto* record : m_state->orders.openOf(account)) {
        const auto id = record->order.id;
        result.emplace_back(id, m_state->cancel(account, id).has_value());
    }
    return result;
}

VenueResult<VenueOrder> Exchange::closePosition(const AccountId& account, const Symbol& symbol,
                                                std::optional<Quantity> quantity)
{
    const auto held = position(account, symbol);
    if (!held)
        return tl::unexpected(refusal(Refusal::PositionNotFound,
                                      "position does not exist: " + symbol.text(), "symbol"));
    NewOrder order;
    order.symbol = symbol;
    order.side = held->quantity.isNegative() ? Side::Buy : Side::Sell;
    order.quantity = quantity.value_or(held->quantity.abs());
    order.timeInForce = held->assetClass == AssetClass::Crypto ? TimeInForce::Gtc : TimeInForce::Day;
    return m_state->submit(account, order);
}

std::optional<VenueOrder> Exchange::order(const AccountId& account, const VenueOrderId& id) const
{
    const auto* record = m_state->orders.find(id);
    if (record == nullptr || record->order.account != account)
        return std::nullopt;
    return record->order;
}

std::optional<VenueOrder> Exchange::orderByClientId(const AccountId& account,
                                                    const std::string& clientOrderId) const
{
    const auto* record = m_state->orders.findByClientId(account, clientOrderId);
    if (record == nullptr)
        return std::nullopt;
    return record->order;
}

std::vector<VenueOrder> Exchange::orders(const AccountId& account, const OrderFilter& filter) const
{
    return m_state->orders.select(account, filter);
}

} // namespace qd::exchange
