#pragma once

#include <map>
#include <string>

#include "models/orders/order.h"
#include "services/orders/market_view.h"
#include "services/runtime/random.h"

namespace qd::test {

/// Builds requests as a trader would say them: `buy(100, "ACME").limit("12.50")`.
class OrderBuilder {
public:
    OrderBuilder(Side side, Quantity quantity, std::string_view symbol)
    {
        static runtime::SeededRandom ids(20260105);
        m_request.clientOrderId = ClientOrderId(ids.uuidV4());
        m_request.account = AccountId("paper");
        m_request.side = side;
        m_request.quantity = quantity;
        m_request.symbol = Symbol::of(symbol);
    }

    OrderBuilder& limit(std::string_view price)
    {
        m_request.type = OrderType::Limit;
        m_request.limitPrice = Price::of(price);
        return *this;
    }
    OrderBuilder& stop(std::string_view price)
    {
        m_request.type = OrderType::Stop;
        m_request.stopPrice = Price::of(price);
        return *this;
    }
    OrderBuilder& bracket(std::string_view profit, std::string_view loss)
    {
        m_request.orderClass = OrderClass::Bracket;
        m_request.takeProfit = TakeProfit{Price::of(profit)};
        m_request.stopLoss = StopLoss{Price::of(loss), {}};
        return *this;
    }
    OrderBuilder& type(OrderType type) { return set(m_request.type, type); }
    OrderBuilder& tif(TimeInForce value) { return set(m_request.timeInForce, value); }
    OrderBuilder& id(const ClientOrderId& id) { return set(m_request.clientOrderId, id); }
    OrderBuilder& reduceOnly() { return set(m_request.reduceOnly, true); }
    OrderBuilder& confirm(std::string code)
    {
        m_request.confirmations.push_back(std::move(code));
        return *this;
    }
    const OrderRequest& request() const { return m_request; }
    operator const OrderRequest&() const { return m_request; } // NOLINT: reads as a request

private:
    template <typename T, typename V>
    OrderBuilder& set(T& member, const V& value)
    {
        member = value;
        return *this;
    }
    OrderRequest m_request;
};

inline OrderBuilder buy(int quantity, std::string_view symbol)
{
    return {Side::Buy, Quantity(Decimal::fromInt(quantity)), symbol};
}
inline OrderBuilder sell(int quantity, std::string_view symbol)
{
    return {Side::Sell, Quantity(Decimal::fromInt(quantity)), symbol};
}

/// A market that stands where the test puts it. Always open unless told otherwise.
class FakeMarket final : public orders::MarketView {
public:
    FakeMarket()
    {
        for (const char* symbol : {"ACME", "SPY", "AAPL", "BRK.B", "TSLA.WS", "0700.HK", "BTC/USD",
                                   "SPY240419C00500000"}) {
            add(symbol);
            quote(symbol, "12.49", "12.50");
        }
        instruments[Symbol::of("BTC/USD")].assetClass = AssetClass::Crypto;
        instruments[Symbol::of("SPY240419C00500000")].assetClass = AssetClass::Option;
    }

    Instrument& add(std::string_view symbol)
    {
        Instrument& instrument = instruments[Symbol::of(symbol)];
        instrument.symbol = Symbol::of(symbol);
        instrument.shortable = true;
        return instrument;
    }
    void quote(std::string_view symbol, std::string_view bid, std::string_view ask)
    {
        orders::MarketPicture& picture = pictures[Symbol::of(symbol)];
        Quote quote;
        quote.symbol = Symbol::of(symbol);
        quote.bid = Price::of(bid);
        quote.ask = Price::of(ask);
        picture.quote = quote;
        picture.last = quote.ask;
        picture.freshness = Freshness::Live;
        picture.age = {};
    }

    const Instrument* instrument(const Symbol& symbol) const override
    {
        const auto found = instruments.find(symbol);
        return found == instruments.end() ? nullptr : &found->second;
    }
    std::vector<Symbol> nearMatches(std::string_view text, std::size_t limit) const override
    {
        std::vector<Symbol> near;
        for (const auto& [symbol, instrument] : instruments) {
            if (near.size() < limit && !text.empty() && symbol.text()[0] == text[0]) {
                near.push_back(symbol);
            }
        }
        return near;
    }
    orders::MarketPicture picture(const Symbol& symbol) const override
    {
        const auto found = pictures.find(symbol);
        return found == pictures.end() ? orders::MarketPicture() : found->second;
    }
    SessionPhase phase(const Instrument&, Timestamp) const override { return sessionPhase; }
    Timestamp nextOpen(const Instrument&, Timestamp now) const override
    {
        return Calendar::nyse().next(now).open;
    }

    std::map<Symbol, Instrument> instruments;
    std::map<Symbol, orders::MarketPicture> pictures;
    SessionPhase sessionPhase = SessionPhase::Regular;
};

} // namespace qd::test
