#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "services/sandbox/ibkr/order_json.h"
#include "services/sandbox/ibkr/precautions.h"
#include "services/sandbox/ibkr/session.h"
#include "services/sandbox/order_faults.h"

namespace qd::sandbox::ibkr {

/// /iserver/account/{acct}/orders, …/order/{id}, …/orders/whatif, /iserver/reply/{id},
/// /iserver/questions/suppress, /iserver/account/orders, …/order/status/{id} and …/trades.
/// Three kinds of answers to an order have status 200: taken, asked, refused. One thread.
class OrdersApi {
public:
    static constexpr int kTradesDaysMax = 7;

    struct Parts {
        alpaca::Desk& desk;
        Session& session;
        const Contracts& contracts;
        OrderLedger& ledger;
        std::string accountNumber;
    };
    /// `publish` puts updates of orders that the exchange does not know on the stream.
    OrdersApi(Parts parts, PrecautionOptions precautions,
              std::function<void(const exchange::OrderUpdate&)> publish);

    /// Nothing if the path is none of the above.
    std::optional<wire::HttpResponse> answer(const ApiRequest& request);
    /// The brokerage session has ended: what was asked is forgotten, and what was suppressed.
    void forgetQuestions();

private:
    /// An order, or a change of one, that waits for a yes.
    struct Pending {
        std::string replyId;
        Placement placement;
        std::int64_t changed = 0; ///< number of the order to change; 0: a new one
        std::vector<Question> questions;
    };

    wire::HttpResponse place(const ApiRequest& request);
    wire::HttpResponse change(const ApiRequest& request);
    wire::HttpResponse cancel(const ApiRequest& request);
    wire::HttpResponse reply(const ApiRequest& request);
    wire::HttpResponse suppress(const ApiRequest& request);
    wire::HttpResponse preview(const ApiRequest& request) const;
    wire::HttpResponse live(const ApiRequest& request);
    wire::HttpResponse status(const ApiRequest& request) const;
    wire::HttpResponse trades(const ApiRequest& request) const;

    wire::HttpResponse askOrAct(Pending pending);
    wire::HttpResponse submit(const Placement& placement);
    wire::HttpResponse replace(std::int64_t number, const exchange::NewOrder& form);
    wire::HttpResponse rejectLater(const Placement& placement, const Fault& fault);
    wire::HttpResponse taken(const LiveOrder& chain, const std::vector<LiveOrder>& legs) const;
    std::vector<LiveOrder> liveOrders() const;

    Parts m_parts;
    Precautions m_precautions;
    std::optional<Pending> m_pending; ///< one at a time: a newer order ends the questions of an older
    LateRejections m_rejections;
};

} // namespace qd::sandbox::ibkr
