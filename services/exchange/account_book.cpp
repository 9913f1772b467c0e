#include "services/exchange/account_book.h"

#include <algorithm>

namespace qd::exchange {

namespace {

const Decimal kHalf = Decimal::of("0.5");
const Decimal kLongMaintenance = Decimal::of("0.25");
const Decimal kShortMaintenance = Decimal::of("0.30");
const Decimal kPercent = Decimal::of("0.01");

Money atLeastZero(Money money)
{
    return money.isNegative() ? Money() : money;
}

Money twice(Money money)
{
    return money + money;
}

/// `cost × part ÷ whole`, exactly rounded; 0 < part ≤ whole.
Money share(Money cost, Quantity part, Quantity whole)
{
    if (part == whole)
        return cost;
    const auto units = cost.units();
    const bool negative = units < 0;
    const Int128 magnitude = negative ? -units : units;
    // Split so that the product stays within 128 bits for any cost.
    const Int128 quotient = magnitude / whole.units();
    const Int128 remainder = magnitude % whole.units();
    const Int128 result = quotient * part.units()
                          + divideRounded(remainder * part.units(), whole.units(),
                                          Rounding::HalfEven);
    return Money::fromUnits(negative ? -result : result);
}

} // namespace

void Holding::apply(Side side, Price price, Quantity amount)
{
    const Quantity change = side == Side::Buy ? amount : -amount;
    const bool adds = quantity.isZero() || quantity.isNegative() == change.isNegative();
    if (adds) {
        cost += notional(price, change);
        quantity += change;
        return;
    }
    const Quantity closing = std::min(amount, quantity.abs());
    const Money costOut = share(cost, closing, quantity.abs());
    const Money proceeds = notional(price, quantity.isNegative() ? -closing : closing);
    realised += proceeds - costOut;
    cost -= costOut;
    quantity += change.isNegative() ? -closing : closing;
    if (amount > closing)
        apply(side, price, amount - closing);
}

int Account::multiplier() const
{
    switch (terms.margin) {
    case MarginModel::Cash: return 1;
    case MarginModel::RegT: return 2;
    case MarginModel::Intraday: return 4;
    }
    return 1;
}

Quantity Account::held(const Symbol& symbol) const
{
    const auto found = holdings.find(symbol);
    return found == holdings.end() ? Quantity() : found->second.quantity;
}

Valuation valuate(const Account& account, const MarkOf& mark)
{
    Valuation value;
    for (const auto& [symbol, holding] : account.holdings) {
        const Price price = mark(symbol);
        const Money worth = price.isZero() ? holding.cost : notional(price, holding.quantity);
        (holding.quantity.isNegative() ? value.shortValue : value.longValue) += worth;
        if (symbol.text().find('/') != std::string::npos)
            value.cryptoValue += worth;
    }
    value.equity = account.cash + value.longValue + value.shortValue;
    return value;
}

Account* AccountBook::find(const AccountId& id)
{
    const auto found = m_accounts.find(id);
    return found == m_accounts.end() ? nullptr : &found->second;
}

const Account* AccountBook::find(const AccountId& id) const
{
    const auto found = m_accounts.find(id);
    return found == m_accounts.end() ? nullptr : &found->second;
}

Account& AccountBook::add(AccountTerms terms, std::string number, std::string uuid, Timestamp now)
{
    const auto id = terms.id;
    Account account;
    account.number = std::move(number);
    account.uuid = std::move(uuid);
    account.createdAt = now;
    account.cash = account.lastEquity = account.deposits = terms.cash;
    account.terms = std::move(terms);
    return m_accounts.insert_or_assign(id, std::move(account)).first->second;
}

std::vector<AccountId> AccountBook::ids() const
{
    std::vector<AccountId> ids;
    for (const auto& [id, account] : m_accounts)
        ids.push_back(id);
    return ids;
}

void AccountBook::settle(Account& account, VenueExecution& execution)
{
    const Money worth = notional(execution.price, execution.quantity);
    account.cash += execution.side == Side::Buy ? -worth : worth;
    account.cash -= execution.fee;
    account.fees += execution.fee;
    auto& holding = account.holdings[execution.symbol];
    holding.apply(execution.side, execution.price, execution.quantity);
    execution.positionAfter = holding.quantity;
    if (holding.quantity.isZero())
        account.holdings.erase(execution.symbol);
    account.executions.push_back(execution);
    ++account.executionCount;
    if (account.executions.size() > kExecutionsKept)
        account.executions.pop_front();
}

VenueAccount describeAccount(const Account& account, const MarkOf& mark, Money reserved)
{
    const Valuation value = valuate(account, mark);
    VenueAccount view;
    view.id = account.terms.id;
    view.number = account.number;
    view.uuid = account.uuid;
    view.createdAt = account.createdAt;
    view.margin = account.terms.margin;
    view.multiplier = account.multiplier();
    view.shortingEnabled = account.terms.shortingEnabled && view.multiplier > 1;
    view.tradingBlocked = account.blocked;
    view.cash = account.cash;
    view.equity = value.equity;
    view.lastEquity = account.lastEquity;
    view.longMarketValue = value.longValue;
    view.shortMarketValue = value.shortValue;
    view.reserved = reserved;
    view.fees = account.fees;
    view.deposits = account.deposits;
    const Money marginable = value.gross() - value.cryptoValue;
    view.initialMargin = marginable.times(kHalf, Rounding::HalfUp) + value.cryptoValue;
    view.maintenanceMargin
        = (value.longValue - value.cryptoValue).times(kLongMaintenance, Rounding::HalfUp)
          + value.shortValue.abs().times(kShortMaintenance, Rounding::HalfUp) + value.cryptoValue;
    if (view.multiplier == 1) {
        view.buyingPower = view.regTBuyingPower = atLeastZero(account.cash - reserved);
        view.nonMarginableBuyingPower = view.buyingPower;
        return view;
    }
    // Crypto lends nothing, so it counts against equity in full.
    const Money lendable = value.equity - value.cryptoValue;
    view.regTBuyingPower = atLeastZero(twice(lendable) - marginable - reserved);
    view.buyingPower = view.multiplier == 4
                           ? atLeastZero(twice(twice(lendable)) - marginable - reserved)
                           : view.regTBuyingPower;
    view.nonMarginableBuyingPower
        = std::min(view.buyingPower, atLeastZero(value.equity - view.initialMargin - reserved));
    return view;
}

Money feeFor(const FeeSchedule& fees, const VenueExecution& execution, AssetClass assetClass,
             bool firstOfOrder)
{
    const Money worth = notional(execution.price, execution.quantity);
    Money fee;
    if (assetClass == AssetClass::Crypto) {
        fee += worth.times(fees.cryptoTakerPercent, Rounding::Up).times(kPercent, Rounding::Up);
    } else {
        fee += Money(execution.quantity.value()).times(fees.perShare, Rounding::Up);
        if (execution.side == Side::Sell)
            fee += worth.times(fees.sellNotionalPercent, Rounding::Up).times(kPercent, Rounding::Up);
        if (firstOfOrder)
            fee = std::max(fee, Money(fees.minimumPerOrder));
    }
    constexpr Int128 kCent = Decimal::kOne / 100;
    return Money::fromUnits((fee.units() + kCent - 1) / kCent * kCent);
}

} // namespace qd::exchange
