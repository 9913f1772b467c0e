#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "services/exchange/exchange.h"
#include "tests/support/sim_world.h"

namespace qd::exchange::test {

/// A market that does what the test says: ACME (equity), THIN (not shortable) and BTC/USD.
class ScriptedMarket final : public MarketSource {
public:
    ScriptedMarket()
    {
        const auto add = [this](const char* symbol, bool crypto, bool shortable) {
            Instrument instrument;
            instrument.symbol = Symbol::of(symbol);
            instrument.fractionable = true;
            instrument.shortable = shortable;
            instrument.assetClass = crypto ? AssetClass::Crypto : AssetClass::Equity;
            if (crypto)
                instrument.lotSize = instrument.minQuantity = Quantity::of("0.0001");
            m_instruments.push_back(instrument);
        };
        add("ACME", false, true);
        add("THIN", false, false);
        add("BTC/USD", true, false);
    }
    const std::vector<Instrument>& instruments() const override { return m_instruments; }
    void start(Timestamp) override {}
    Timestamp venueTime(Timestamp now) const override { return now; }
    void advance(Timestamp until, MarketBatch& out) override
    {
        for (auto& event : next) {
            std::visit(
                [until](auto& tick) {
                    if constexpr (!std::is_same_v<std::decay_t<decltype(tick)>, BarTick>)
                        tick.time = until;
                },
                event);
            out.push_back(event);
        }
        next.clear();
    }
    Book depth(InstrumentIndex instrument, int) const override
    {
        Book book;
        book.symbol = m_instruments[instrument].symbol;
        book.bids = bids;
        book.asks = asks;
        return book;
    }
    std::vector<Bar> history(InstrumentIndex, BarInterval, Timestamp, Timestamp,
                             std::size_t) const override
    {
        return {};
    }
    FeedClass feedClass() const override { return FeedClass::Simulated; }

    MarketBatch next;
    std::vector<BookLevel> bids, asks;

private:
    std::vector<Instrument> m_instruments;
};

/// An exchange in virtual time with one account, "paper".
class Venue final : public ExchangeListener {
public:
    explicit Venue(ExchangeOptions options = plain(), std::uint64_t seed = 1,
                   Timestamp start = Timestamp::of("2026-01-05T15:00:00Z"))
        : world(seed, start), executor(world), random(seed)
    {
        auto source = std::make_unique<ScriptedMarket>();
        market = source.get();
        exchange = std::make_unique<Exchange>(executor, random, std::move(source), options, *this);
        AccountTerms terms;
        terms.id = account;
        EXPECT_TRUE(exchange->openAccount(terms).has_value());
    }
    /// No partial fills by chance.
    static ExchangeOptions plain()
    {
        ExchangeOptions options;
        options.partialFillShare = 0;
        return options;
    }

    void quote(const char* bid, const char* ask, InstrumentIndex instrument = 0,
               const char* size = "100")
    {
        QuoteTick tick;
        tick.instrument = instrument;
        tick.bid = Price::of(bid);
        tick.ask = Price::of(ask);
        tick.bidSize = tick.askSize = Quantity::of(size);
        market->bids = {{tick.bid, tick.bidSize, 1}};
        market->asks = {{tick.ask, tick.askSize, 1}};
        market->next.emplace_back(tick);
        exchange->moveOn();
    }
    void trade(const char* price, const char* size = "100", InstrumentIndex instrument = 0)
    {
        TradeTick tick;
        tick.instrument = instrument;
        tick.price = Price::of(price);
        tick.size = Quantity::of(size);
        market->next.emplace_back(tick);
        exchange->moveOn();
    }
    static NewOrder order(Side side, const char* quantity, const char* limit = nullptr,
                          const char* symbol = "ACME")
    {
        NewOrder order;
        order.symbol = Symbol::of(symbol);
        order.side = side;
        order.quantity = Quantity::of(quantity);
        if (limit != nullptr) {
            order.type = OrderType::Limit;
            order.limitPrice = Price::of(limit);
        }
        return order;
    }
    /// Submit, and let it come to the market.
    VenueOrder place(const NewOrder& order)
    {
        auto taken = exchange->submit(account, order);
        EXPECT_TRUE(taken.has_value()) << (taken ? "" : taken.error().message);
        if (!taken)
            return {};
        world.run(std::chrono::milliseconds(10));
        return now(taken->id);
    }
    VenueOrder now(const VenueOrderId& id) const
    {
        return exchange->order(account, id).value_or(VenueOrder());
    }
    VenueStatus status(const VenueOrder& order) const { return now(order.id).status; }
    Quantity held(const char* symbol = "ACME") const
    {
        const auto position = exchange->position(account, Symbol::of(symbol));
        return position ? position->quantity : Quantity();
    }
    VenueAccount figures() const { return *exchange->account(account); }

    void orderUpdated(const OrderUpdate& update) override { updates.push_back(update); }
    void marketMoved(const MarketBatch& batch) override
    {
        events.insert(events.end(), batch.begin(), batch.end());
    }
    void sessionChanged(SessionPhase phase, Timestamp) override { phases.push_back(phase); }

    qd::test::SimWorld world;
    qd::test::SimExecutor executor;
    runtime::SeededRandom random;
    AccountId account{"paper"};
    ScriptedMarket* market = nullptr;
    std::unique_ptr<Exchange> exchange;
    std::vector<OrderUpdate> updates;
    MarketBatch events;
    std::vector<SessionPhase> phases;
};

} // namespace qd::exchange::test
