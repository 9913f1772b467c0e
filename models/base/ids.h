#pragma once

#include <compare>
#include <functional>
#include <string>
#include <string_view>

#include "models/base/result.h"

namespace qd {

/// A text id of one kind. An account id is not an order id, whatever the letters say.
template <typename Tag>
class Id {
public:
    Id() = default;
    explicit Id(std::string text) : m_text(std::move(text)) {}

    const std::string& text() const { return m_text; }
    bool empty() const { return m_text.empty(); }
    friend auto operator<=>(const Id&, const Id&) = default;
    friend bool operator==(const Id&, const Id&) = default;

private:
    std::string m_text;
};

/// UUIDv4 made by whoever asks for the order: the idempotency key from end to end.
using ClientOrderId = Id<struct ClientOrderIdTag>;
/// The venue's own id of an order; one order may have several in its life (cancel-replace).
using VenueOrderId = Id<struct VenueOrderIdTag>;
/// The venue's id of one execution.
using ExecutionId = Id<struct ExecutionIdTag>;
/// A trading account as this system names it, e.g. "paper".
using AccountId = Id<struct AccountIdTag>;
/// A broker as this system names it: "alpaca", "tradier", "ibkr".
using BrokerId = Id<struct BrokerIdTag>;

/// Is it a version-4 UUID in its canonical form (RFC 9562: 8-4-4-4-12 lower-case hex digits,
/// version nibble 4, variant 8 … b)?
bool isUuidV4(std::string_view text);

/// Set version and variant bits of 16 random bytes and print them.
std::string formatUuidV4(const unsigned char (&random)[16]);

} // namespace qd

template <typename Tag>
struct std::hash<qd::Id<Tag>> {
    std::size_t operator()(const qd::Id<Tag>& id) const noexcept
    {
        return std::hash<std::string>{}(id.text());
    }
};
