#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "services/exchange/exchange.h"
#include "services/sandbox/ibkr/order_form.h"

namespace qd::sandbox::ibkr {

/// What the venue asks about before it takes an order.
struct PrecautionOptions {
    std::optional<int> percentOffMarket = 3; ///< o163: a limit through the market by more than this
    bool marketOrders = true;                ///< o10151
    bool stopOrders = true;                  ///< o10331
    std::optional<Quantity> sizeMax = Quantity::of("10000"); ///< o383
    std::optional<Money> valueMax = Money::of("1000000");    ///< o451
};

struct Question {
    std::string id; ///< "o163"
    std::string text;
};

/// The questions that an order raises, and those that the customer does not want to be asked any more.
/// The latter are forgotten with the brokerage session. One thread.
class Precautions {
public:
    static constexpr std::size_t kSuppressedMax = 51;

    explicit Precautions(PrecautionOptions options) : m_options(options) {}

    std::vector<Question> questionsOf(const Placement& placement,
                                      const exchange::MarketSnapshot& market) const;
    /// False: too many at once.
    bool suppress(const std::vector<std::string>& ids);
    void reset() { m_suppressed.clear(); }

private:
    PrecautionOptions m_options;
    std::set<std::string> m_suppressed;
};

} // namespace qd::sandbox::ibkr
