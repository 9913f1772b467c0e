#pragma once

#include <deque>
#include <memory>
#include <string>

#include "services/brokers/ibkr/order_json.h"
#include "services/brokers/request_gate.h"

namespace qd::brokers::ibkr {

/// How the caller's yes to IBKR's question "o163" is written in an order's confirmations.
inline constexpr std::string_view kConfirmationPrefix = "ibkr.";

/// The way of a new order, or of a change, to IBKR: sent once, and IBKR's questions answered, only with
/// what the caller has confirmed before. While IBKR asks, the next ones wait: a newer order would end
/// the questions of an older. Core executor; what it is given outlives it.
class OrderLane {
public:
    /// IBKR asks one question after the other; more than this is no dialogue.
    static constexpr int kQuestionsMax = 20;
    static constexpr Duration kDialogueMax = std::chrono::seconds(10);
    static constexpr std::size_t kWaitingMax = 64;
    static constexpr Duration kWaitMax = std::chrono::seconds(2);

    struct Errand {
        std::string path, body;
        std::string traceParent;
        std::vector<std::string> confirmations;
    };
    /// Taken, or what the outcome is instead.
    using Done = std::function<void(tl::expected<Taken, Outcome>)>;

    OrderLane(RequestGate& gate, runtime::Executor& core, std::function<void(const Error&)> refused);
    ~OrderLane();

    void send(Errand errand, Done done);
    /// Answers that could not be read.
    std::uint64_t malformedCount() const { return m_malformed; }

private:
    struct Dialogue {
        Errand errand;
        Done done;
        Duration startedAt{};
        int questions = 0;
        bool holdsLane = false;
    };
    struct Waiting {
        Errand errand;
        Done done;
        Duration since{};
    };
    using Shared = std::shared_ptr<Dialogue>;

    void start(Errand errand, Done done);
    void post(const Shared& dialogue, std::string path, std::string body);
    void answered(const Shared& dialogue, const Result<wire::HttpResponse>& result);
    void asked(const Shared& dialogue, const Asked& question);
    void decline(const Shared& dialogue, const Asked& question, Error why);
    void end(const Shared& dialogue, tl::expected<Taken, Outcome> outcome);
    void release();
    void expire();

    RequestGate& m_gate;
    runtime::Executor& m_core;
    std::function<void(const Error&)> m_refused;
    std::deque<Waiting> m_waiting;
    runtime::Timer m_expiry;
    int m_held = 0; ///< dialogues under way
    std::uint64_t m_malformed = 0;
    std::shared_ptr<bool> m_alive = std::make_shared<bool>(true);
};

/// What a failed exchange means for a command. Sent and unanswered is unknown, never refused.
Outcome outcomeOf(Error error);

} // namespace qd::brokers::ibkr
