#pragma once

#include <cstdint>

#include "models/orders/order.h"

namespace qd::orders {

/// What the account's cash ought to be: the figure that we and the broker last agreed on, and every
/// fill and fee since. Transfers, dividends and interest are not in it: they show as a difference.
/// Core executor.
class CashLedger {
public:
    /// From here on `amount` is the cash, and later fills move it.
    void agree(Money amount);
    void add(const Fill& fill);

    bool isAgreed() const { return m_isAgreed; }
    Money expected() const { return m_expected; }
    /// Value of the fills since the last agreement, buys and sells alike: fees grow with it.
    Money traded() const { return m_traded; }
    /// Grows with every fill: tells whether a comparison was overtaken.
    std::uint64_t fillCount() const { return m_fillCount; }

private:
    Money m_expected, m_traded;
    std::uint64_t m_fillCount = 0;
    bool m_isAgreed = false;
};

} // namespace qd::orders
