#include "services/brokers/ibkr/order_lane.h"

#include <algorithm>
#include <utility>

namespace qd::brokers::ibkr {

namespace {

/// The codes that a caller has to confirm before the question may be answered with yes.
std::vector<std::string> codesOf(const Asked& question)
{
    std::vector<std::string> codes;
    for (const auto& id : question.messageIds) codes.push_back(std::string(kConfirmationPrefix) + id);
    return codes;
}

bool isConfirmed(const std::vector<std::string>& codes, const std::vector<std::string>& confirmations)
{
    return !codes.empty() && std::ranges::all_of(codes, [&](const std::string& code) {
        return std::ranges::find(confirmations, code) != confirmations.end();
    });
}

} // namespace

Outcome outcomeOf(Error error)
{
    // A duplicate id means that IBKR has an order of that id: settled by asking, not by belief.
    if (error.kind == ErrorKind::OutcomeUnknown || error.code == "ibkr.duplicate_client_order_id")
        return Unknown{std::move(error)};
    return Refused{std::move(error)};
}

OrderLane::OrderLane(RequestGate& gate, runtime::Executor& core,
                     std::function<void(const Error&)> refused)
    : m_gate(gate), m_core(core), m_refused(std::move(refused))
{
}

OrderLane::~OrderLane()
{
    *m_alive = false;
}

void OrderLane::send(Errand errand, Done done)
{
    if (m_held == 0) return start(std::move(errand), std::move(done));
    if (m_waiting.size() >= kWaitingMax)
        return done(tl::unexpected(Outcome(Refused{
            Error{ErrorKind::Unavailable, "ibkr.question_pending", "too many orders wait for an answer to "
                                                                   "IBKR's question about another", {}}})));
    m_waiting.push_back({std::move(errand), std::move(done), m_core.clock().steady()});
    if (!m_expiry.isActive()) m_expiry = m_core.after(kWaitMax, [this] { expire(); });
}

/// A trader is told rather than filled at a later price.
void OrderLane::expire()
{
    const Duration now = m_core.clock().steady();
    const auto alive = m_alive;
    while (!m_waiting.empty() && now - m_waiting.front().since >= kWaitMax) {
        const Waiting late = std::move(m_waiting.front());
        m_waiting.pop_front();
        late.done(tl::unexpected(Outcome(Refused{Error{
            ErrorKind::Unavailable, "ibkr.question_pending", "IBKR's question about another order was not "
                                                             "settled in time", {}}})));
        if (!*alive) return;
    }
    if (!m_waiting.empty())
        m_expiry = m_core.after(kWaitMax - (now - m_waiting.front().since), [this] { expire(); });
}

void OrderLane::start(Errand errand, Done done)
{
    const auto dialogue = std::make_shared<Dialogue>();
    dialogue->errand = std::move(errand);
    dialogue->done = std::move(done);
    dialogue->startedAt = m_core.clock().steady();
    post(dialogue, dialogue->errand.path, std::move(dialogue->errand.body));
}

void OrderLane::post(const Shared& dialogue, std::string path, std::string body)
{
    m_gate.send({Purpose::Order, "POST", std::move(path), std::move(body), dialogue->errand.traceParent},
                [this, alive = m_alive, dialogue](const Result<wire::HttpResponse>& result) {
                    if (*alive) answered(dialogue, result);
                });
}

void OrderLane::answered(const Shared& dialogue, const Result<wire::HttpResponse>& result)
{
    if (!result) return end(dialogue, tl::unexpected(outcomeOf(result.error())));
    if (result->status >= 400) {
        const Error error = readErrorBody(result->status, result->body);
        m_refused(error);
        return end(dialogue, tl::unexpected(outcomeOf(error)));
    }
    const auto document = json::Document::parse(result->body);
    auto answer = document ? readAnswer(document->root()) : tl::unexpected(document.error());
    if (!answer) {
        ++m_malformed; // acted on, but we cannot read what became of it
        Error error = answer.error();
        error.kind = ErrorKind::OutcomeUnknown;
        return end(dialogue, tl::unexpected(Outcome(Unknown{std::move(error)})));
    }
    if (const auto* question = std::get_if<Asked>(&*answer)) return asked(dialogue, *question);
    if (const auto* declined = std::get_if<Declined>(&*answer))
        return end(dialogue, tl::unexpected(outcomeOf(declined->error)));
    end(dialogue, std::move(std::get<Taken>(*answer)));
}

void OrderLane::asked(const Shared& dialogue, const Asked& question)
{
    if (!std::exchange(dialogue->holdsLane, true)) ++m_held;
    const auto codes = codesOf(question);
    if (!isConfirmed(codes, dialogue->errand.confirmations))
        return decline(dialogue, question,
                       {ErrorKind::Denied, "broker.confirmation_needed",
                        "IBKR asks before it takes the order: " + question.text + " Send it again with " +
                            (codes.empty() ? std::string("another way of confirming") : codes.front()) +
                            " confirmed.",
                        "confirmations"});
    const bool isEndless = ++dialogue->questions > kQuestionsMax ||
                           m_core.clock().steady() - dialogue->startedAt > kDialogueMax;
    if (isEndless)
        return decline(dialogue, question,
                       {ErrorKind::Denied, "ibkr.too_many_questions",
                        "IBKR does not stop asking about the order: " + question.text, {}});
    post(dialogue, "/iserver/reply/" + wire::percentEncode(question.replyId), R"({"confirmed":true})");
}

/// Nobody has confirmed anything, so the order is not placed whatever becomes of the no.
void OrderLane::decline(const Shared& dialogue, const Asked& question, Error why)
{
    m_gate.send({Purpose::Order, "POST", "/iserver/reply/" + wire::percentEncode(question.replyId),
                 R"({"confirmed":false})", dialogue->errand.traceParent},
                [this, alive = m_alive, dialogue, why = std::move(why)](const Result<wire::HttpResponse>&) {
                    if (*alive) end(dialogue, tl::unexpected(Outcome(Refused{why})));
                });
}

void OrderLane::end(const Shared& dialogue, tl::expected<Taken, Outcome> outcome)
{
    const auto alive = m_alive;
    dialogue->done(std::move(outcome));
    if (!*alive || !std::exchange(dialogue->holdsLane, false)) return;
    --m_held;
    release();
}

void OrderLane::release()
{
    const auto alive = m_alive;
    while (m_held == 0 && !m_waiting.empty()) {
        Waiting next = std::move(m_waiting.front());
        m_waiting.pop_front();
        start(std::move(next.errand), std::move(next.done));
        if (!*alive) return;
    }
}

} // namespace qd::brokers::ibkr
