#pragma once

#include <functional>
#include <memory>

#include "tests/support/order_process.h"
#include "tests/support/orders_link.h"

namespace qd::test {

/// The order room in its process, and a venue that does as it is told.
/// `crash` is kill -9 at that moment; `restart` begins again with what is on the disk.
class Backend final : public OrderProcess {
public:
    /// Wraps the broker in something faulty; empty = as it is.
    using Decorate = std::function<std::unique_ptr<brokers::Broker>(brokers::Broker&)>;

    explicit Backend(orders::Settings settings = {}, std::uint64_t seed = 1, bool started = true)
        : OrderProcess(std::move(settings), seed), outside(world, "venue"), venue(world.clock())
    {
        if (started) start();
    }
    ~Backend() override { crash(); }

    void fill(const ClientOrderId& id, int quantity, std::string_view price)
    {
        const bool done = venue.fill(venue.idOf(id), Quantity(Decimal::fromInt(quantity)),
                                     Price::of(price));
        QD_ASSERT(done);
        run(std::chrono::milliseconds(50));
    }

    SimExecutor outside;
    OrderVenue venue;
    LinkFaults faults; ///< of the next boot
    Decorate decorate;
    std::unique_ptr<VenueLink> link;

private:
    brokers::Broker& openBroker(SimExecutor& core) override
    {
        link = std::make_unique<VenueLink>(venue, outside, core);
        link->faults = faults;
        if (decorate) m_decorated = decorate(*link);
        return m_decorated ? *m_decorated : *link;
    }
    void closeBroker() override
    {
        m_decorated.reset();
        link.reset();
    }

    std::unique_ptr<brokers::Broker> m_decorated;
};

} // namespace qd::test
