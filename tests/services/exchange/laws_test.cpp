// Laws that hold whatever a customer does: money and shares are conserved, a seed is a story.

#include <map>

#include <gtest/gtest.h>

#include "services/exchange/exchange.h"
#include "services/exchange/simulated_market.h"
#include "tests/support/sim_world.h"

namespace qd::exchange {
namespace {

using namespace std::chrono_literals;

const AccountId kAccount("paper");

FeeSchedule fees()
{
    FeeSchedule schedule;
    schedule.perShare = Decimal::of("0.003");
    schedule.minimumPerOrder = Decimal::of("0.05");
    schedule.sellNotionalPercent = Decimal::of("0.01");
    return schedule;
}

Price cents(std::int64_t count)
{
    return Price::fromUnits(count * (Decimal::kOne / 100));
}

/// Orders of every sort near the market, which may be refused.
class Customer {
public:
    Customer(Exchange& exchange, std::uint64_t seed) : m_exchange(exchange), m_choices(seed) {}

    void act()
    {
        if (const auto order = anyOrder()) static_cast<void>(m_exchange.submit(kAccount, *order));
        if (m_choices.below(12) == 0) m_exchange.cancelAll(kAccount);
    }

private:
    std::optional<NewOrder> anyOrder()
    {
        const auto instrument = static_cast<InstrumentIndex>(m_choices.below(3));
        const auto quote = m_exchange.snapshot(instrument).quote;
        if (!quote) return std::nullopt;
        NewOrder order;
        order.symbol = m_exchange.instruments()[instrument].symbol;
        order.side = m_choices.below(2) == 0 ? Side::Buy : Side::Sell;
        order.quantity = Quantity(Decimal::fromInt(1 + below(40)));
        price(order, *quote);
        return order;
    }
    void price(NewOrder& order, const QuoteTick& quote)
    {
        const bool buys = order.side == Side::Buy;
        // A few cents beyond the market, to where the stop of this side waits.
        const Price beyond = buys ? quote.ask + cents(1 + below(4)) : quote.bid - cents(1 + below(4));
        switch (m_choices.below(7)) {
        case 0: return; // at the market
        case 1:
            order.type = OrderType::Stop;
            order.stopPrice = beyond;
            return;
        case 2:
            order.type = OrderType::StopLimit;
            order.stopPrice = beyond;
            order.limitPrice = beyond + cents(buys ? below(6) : -below(6));
            return;
        case 3:
            order.type = OrderType::TrailingStop;
            if (m_choices.below(2) == 0) order.trailPrice = cents(1 + below(5));
            else order.trailPercent = Decimal::of("0.02");
            return;
        case 4:
        case 5: return group(order, quote, m_choices.below(2) == 0);
        default:
            order.type = OrderType::Limit;
            order.limitPrice = quote.bid + cents(below(7) - 3);
            order.timeInForce = m_choices.below(3) == 0 ? TimeInForce::Ioc : TimeInForce::Day;
        }
    }
    /// An entry at the market with one exit or two close to it.
    void group(NewOrder& order, const QuoteTick& quote, bool hasBoth)
    {
        const Price away = cents(below(3) + 1);
        const bool buys = order.side == Side::Buy;
        order.orderClass = hasBoth ? OrderClass::Bracket : OrderClass::Oto;
        order.stopLoss = StopLoss{buys ? quote.bid - away : quote.ask + away, std::nullopt};
        if (hasBoth) order.takeProfit = TakeProfit{buys ? quote.ask + away : quote.bid - away};
    }
    std::int64_t below(std::uint64_t bound)
    {
        return static_cast<std::int64_t>(m_choices.below(bound));
    }

    Exchange& m_exchange;
    runtime::SeededRandom m_choices;
};

/// What was filled, by sort of order; exits of groups apart.
struct Filled {
    std::map<OrderType, int> types;
    int exits = 0;
};

class Story final : public ExchangeListener {
public:
    Story(std::uint64_t seed, FillModel model) : m_world(seed), m_executor(m_world), m_ids(seed)
    {
        SimulationOptions simulation;
        simulation.symbols = 8;
        simulation.updatesPerSecond = 200;
        simulation.seed = seed;
        ExchangeOptions options;
        options.fillModel = model;
        options.fees = fees();
        options.refuseWashTrades = false; // else most stops of the other side are refused
        m_exchange = std::make_unique<Exchange>(
            m_executor, m_ids, std::make_unique<SimulatedMarket>(simulation), options, *this);
        AccountTerms terms;
        terms.id = kAccount;
        EXPECT_TRUE(m_exchange->openAccount(terms).has_value());
        m_exchange->start();
        m_world.run(1s);
        Customer customer(*m_exchange, seed + 1);
        for (int i = 0; i < kActions; ++i) {
            customer.act();
            m_world.run(100ms);
        }
    }
    void orderUpdated(const OrderUpdate& update) override
    {
        for (const char c : update.order.id.text())
            hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
        hash ^= static_cast<std::uint64_t>(update.order.filledQuantity.units());
        EXPECT_LE(update.order.filledQuantity, update.order.quantity);
    }
    void marketMoved(const MarketBatch& batch) override { hash += batch.size(); }

    /// Cash and holdings are what the executions add up to, and so is what each order has filled.
    Filled expectConserved() const
    {
        Money cash = Money::of("100000"), paid;
        std::map<Symbol, Quantity> held;
        std::map<VenueOrderId, Quantity> filled;
        for (const auto& execution : m_exchange->executions(kAccount, 100'000)) {
            const Money worth = notional(execution.price, execution.quantity);
            cash -= (execution.side == Side::Buy ? worth : -worth) + execution.fee;
            paid += execution.fee;
            held[execution.symbol]
                += execution.side == Side::Buy ? execution.quantity : -execution.quantity;
            filled[execution.order] += execution.quantity;
            EXPECT_EQ(held[execution.symbol], execution.positionAfter);
            EXPECT_GE(execution.fee, leastFee(execution, worth));
            EXPECT_LT(execution.fee, leastFee(execution, worth) + Money::of("0.06"));
        }
        EXPECT_EQ(m_exchange->account(kAccount)->cash, cash);
        EXPECT_EQ(m_exchange->account(kAccount)->fees, paid);
        for (const auto& position : m_exchange->positions(kAccount))
            EXPECT_EQ(position.quantity, held[position.symbol]);
        return expectOrdersFilled(filled);
    }

    std::uint64_t hash = 1;

private:
    static constexpr int kActions = 600;

    /// Before it is rounded up, and before the minimum of an order.
    static Money leastFee(const VenueExecution& execution, Money worth)
    {
        Money fee = Money(execution.quantity.value()).times(fees().perShare, Rounding::Down);
        if (execution.side == Side::Sell)
            fee += worth.times(Decimal::of("0.0001"), Rounding::Down);
        return fee;
    }
    Filled expectOrdersFilled(std::map<VenueOrderId, Quantity>& filled) const
    {
        OrderFilter all;
        all.which = OrderFilter::Which::All;
        all.limit = 100'000;
        Filled sorts;
        std::map<VenueOrderId, Quantity> entries, exits;
        for (const auto& order : m_exchange->orders(kAccount, all)) {
            EXPECT_EQ(order.filledQuantity, filled[order.id]) << order.id.text();
            if (order.filledQuantity.isZero()) continue;
            if (order.parent) {
                exits[*order.parent] += order.filledQuantity;
                ++sorts.exits;
            } else {
                entries[order.id] = order.filledQuantity;
                ++sorts.types[order.type];
            }
        }
        for (const auto& [entry, closed] : exits)
            EXPECT_LE(closed, entries[entry]) << "the exits of a group close no more than it opened";
        return sorts;
    }

    qd::test::SimWorld m_world;
    qd::test::SimExecutor m_executor;
    runtime::SeededRandom m_ids;
    std::unique_ptr<Exchange> m_exchange;
};

TEST(ExchangeLaws, MoneyAndSharesAreConservedWhateverIsOrdered)
{
    for (const auto model : {FillModel::AlpacaPaper, FillModel::Book}) {
        Filled sum;
        for (const std::uint64_t seed : {1u, 2u}) {
            const Filled filled = Story(seed, model).expectConserved();
            for (const auto& [type, count] : filled.types) sum.types[type] += count;
            sum.exits += filled.exits;
        }
        for (const auto type : {OrderType::Market, OrderType::Limit, OrderType::Stop,
                                OrderType::StopLimit, OrderType::TrailingStop})
            EXPECT_GT(sum.types[type], 3) << toString(type);
        EXPECT_GT(sum.exits, 3);
    }
}

TEST(ExchangeLaws, SameSeedSameStory)
{
    const auto hashOf = [](std::uint64_t seed) { return Story(seed, FillModel::AlpacaPaper).hash; };
    EXPECT_EQ(hashOf(7), hashOf(7));
    EXPECT_NE(hashOf(7), hashOf(8));
}

} // namespace
} // namespace qd::exchange
