#include "services/orders/cash_ledger.h"

namespace qd::orders {

namespace {

/// Units of the underlying in one option contract.
const Decimal kContractSize = Decimal::fromInt(100);

Money valueOf(const Fill& fill)
{
    const Money value = notional(fill.price, fill.quantity);
    const bool isOption = assetClassOf(fill.symbol) == AssetClass::Option;
    return isOption ? value.times(kContractSize, Rounding::HalfEven) : value;
}

} // namespace

void CashLedger::agree(Money amount)
{
    m_expected = amount;
    m_traded = {};
    m_isAgreed = true;
}

void CashLedger::add(const Fill& fill)
{
    const Money value = valueOf(fill);
    m_expected += fill.side == Side::Buy ? -value : value;
    m_expected -= fill.fee;
    m_traded += value;
    ++m_fillCount;
}

} // namespace qd::orders
