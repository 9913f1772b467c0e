#pragma once

#include "ui/orders/ticket_rules.h"

namespace qd::ui {

/// Judge the exits of a draft that has some, put them into `request`, and say what they are worth.
/// `request` holds what was read of the entry. Each exit must lie on its side of the entry (an
/// OCO's on its side of the market), on the price step, and suit the order's class.
ExitPlan checkExits(const TicketDraft& draft, const Instrument& instrument,
                    const TicketMarket& market, OrderRequest& request,
                    std::vector<TicketError>& errors);

} // namespace qd::ui
