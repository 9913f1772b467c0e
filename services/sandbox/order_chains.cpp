#include "services/sandbox/order_chains.h"

#include <algorithm>

namespace qd::sandbox {

namespace {

constexpr int kMembersMax = 10'000; ///< changes of one order

} // namespace

std::int64_t OrderChains::numberOf(const VenueOrderId& root)
{
    constexpr int kDigits = 12; // of the exchange's random id
    std::int64_t number = 0;
    int digits = 0;
    for (const char c : root.text()) {
        if (c == '-')
            continue;
        const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : 0;
        number = number * 16 + digit;
        if (++digits == kDigits)
            break;
    }
    return number & ~std::int64_t{1};
}

OrderChain OrderChains::chainFrom(exchange::VenueOrder root, const exchange::VenueOrder* told) const
{
    const auto newest = [told](exchange::VenueOrder order) {
        return told && told->id == order.id ? *told : order;
    };
    OrderChain chain;
    chain.number = numberOf(root.id);
    chain.root = std::move(root);
    chain.now = newest(chain.root);
    NotionalSum traded;
    for (int i = 0; i < kMembersMax; ++i) {
        chain.filled += chain.now.filledQuantity;
        if (chain.now.averagePrice)
            traded.add(*chain.now.averagePrice, chain.now.filledQuantity);
        if (chain.now.status != exchange::VenueStatus::Replaced || !chain.now.replacedBy)
            break;
        auto next = m_desk.records.order(chain.now.account, *chain.now.replacedBy);
        if (!next)
            break;
        chain.now = newest(std::move(*next));
    }
    chain.total = chain.filled - chain.now.filledQuantity + chain.now.quantity;
    if (chain.filled.isPositive())
        if (const auto average =
                traded.total().dividedBy(chain.filled.value(), Rounding::HalfEven))
            chain.average = Price(*average);
    if (m_roots.size() >= kOrdersMax)
        m_roots.clear();
    m_roots[chain.number] = chain.root.id;
    return chain;
}

OrderChain OrderChains::chainOf(const exchange::VenueOrder& member) const
{
    exchange::VenueOrder root = member;
    for (int i = 0; i < kMembersMax && root.replaces; ++i) {
        auto before = m_desk.records.order(member.account, *root.replaces);
        if (!before)
            break;
        root = std::move(*before);
    }
    return chainFrom(std::move(root), &member);
}

std::vector<OrderChain> OrderChains::all(const AccountId& account) const
{
    exchange::OrderFilter filter;
    filter.which = exchange::OrderFilter::Which::All;
    filter.limit = kOrdersMax;
    std::vector<OrderChain> chains;
    for (auto& order : m_desk.records.orders(account, filter)) {
        const bool isChange = order.replaces && m_desk.records.order(account, *order.replaces);
        if (!isChange)
            chains.push_back(chainFrom(std::move(order), nullptr));
    }
    return chains;
}

std::optional<OrderChain> OrderChains::find(const AccountId& account, std::int64_t number) const
{
    const auto known = m_roots.find(number);
    if (known != m_roots.end())
        if (auto root = m_desk.records.order(account, known->second))
            return chainFrom(std::move(*root), nullptr);
    auto chains = all(account);
    const auto found = std::ranges::find(chains, number, &OrderChain::number);
    return found == chains.end() ? std::nullopt : std::optional(std::move(*found));
}

} // namespace qd::sandbox
