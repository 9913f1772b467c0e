#pragma once

#include <memory>
#include <string>

#include "app/backend/desk_claim.h"
#include "services/observability/log.h"
#include "services/orders/order_service.h"
#include "services/storage/writer.h"

namespace qd::app {

/// What the broker says of whose account it is: kept with the database at the first word; another's
/// number afterwards halts trading, once. Core executor; everything given outlives it.
class DeskWatch {
public:
    struct Dependencies {
        storage::Writer& writer;
        orders::OrderService& orders;
        runtime::Executor& core;
        observability::Logger log;
    };
    DeskWatch(const Dependencies& dependencies, HeldDesk held);
    ~DeskWatch();
    DeskWatch(const DeskWatch&) = delete;
    DeskWatch& operator=(const DeskWatch&) = delete;

    /// `number` is empty while the broker has said nothing. Cheap when it is what it was.
    void saw(const std::string& number);

private:
    void take(const std::string& number);
    void keep();
    void halt();

    const Dependencies m_the;
    HeldDesk m_held;
    std::string m_other; ///< for which trading was halted
    std::shared_ptr<bool> m_alive = std::make_shared<bool>(true);
};

} // namespace qd::app
