#include <algorithm>

#include <fmt/format.h>

#include "services/json/json.h"
#include "services/orders/differences.h"
#include "services/orders/reconciler.h"
#include "services/storage/event_log.h"

namespace qd::orders {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kReasonMin = 3;
constexpr std::string_view kAcceptedKind = "difference.accepted";

Refusal notAccepted(ErrorKind kind, std::string code, std::string detail, std::string field = {})
{
    Refusal result;
    if (kind == ErrorKind::Unavailable) result.retryAfter = 2s;
    result.error = {kind, std::move(code), std::move(detail), std::move(field)};
    return result;
}

std::string subjectOf(const std::string& differenceId) { return "difference/" + differenceId; }

std::string detailOf(const Difference& difference, const std::string& after,
                     const std::string& reason)
{
    json::Writer detail;
    detail.beginObject()
        .member("differenceId", difference.id)
        .member("kind", difference.kind)
        .member("symbol", difference.symbol)
        .member("key", difference.key)
        .member("before", difference.ours)
        .member("after", after)
        .member("since", difference.since)
        .member("reason", reason)
        .endObject();
    return detail.take();
}

Result<AcceptedDifference> readAccepted(const storage::Event& event)
{
    const auto payload = json::Document::parse(event.payload);
    if (!payload) return tl::unexpected(payload.error());
    const json::Value detail = payload->root()["detail"];
    const auto text = [&](std::string_view name) { return std::string(detail[name].stringOr({})); };
    return AcceptedDifference{text("differenceId"), text("kind"),   text("symbol"),
                              text("before"),       text("after"),  text("reason"),
                              event.actor,          event.time,     event.sequence};
}

} // namespace

std::optional<Refusal> Reconciler::notReadyToAccept() const
{
    if (!m_room.loaded || !m_room.storageError.empty()) {
        return notAccepted(ErrorKind::Unavailable, "orders.starting",
                       "the order book is being loaded; try again in a moment");
    }
    if (m_room.trading.reconciling) {
        return notAccepted(ErrorKind::Unavailable, "orders.reconciling",
                       "we are being compared with the broker; what differs is known when that is "
                       "done");
    }
    return std::nullopt;
}

void Reconciler::accept(const std::string& id, const std::string& reason,
                        const CommandContext& context, OrderService::AcceptDone done)
{
    if (reason.size() < kReasonMin) {
        return done(tl::unexpected(notAccepted(ErrorKind::Invalid, "orders.reason_missing",
                                           "say why the broker's word is taken", "reason")));
    }
    auto& differences = m_room.trading.differences;
    const auto found = std::ranges::find(differences, id, &Difference::id);
    // Accepted already, or never seen: the log knows, whatever is being compared now.
    if (m_room.loaded && found == differences.end()) return answerFromLog(id, std::move(done));
    if (auto refused = notReadyToAccept()) return done(tl::unexpected(std::move(*refused)));
    const Difference difference = *found;
    if (auto refused = notAcceptable(difference)) return done(tl::unexpected(std::move(*refused)));
    Source source;
    source.actor = context.actor;
    source.traceId = context.traceId;
    source.detail = reason;
    Change change;
    if (!accept(change, difference, source)) return answerFromLog(id, std::move(done));
    std::erase_if(differences, [&](const Difference& known) { return known.id == id; });
    source.detail.clear();
    m_room.recordTrading(change, source);
    m_room.journal.commit(std::move(change), [this, id, done = std::move(done)](
                                                 const Result<void>& committed) mutable {
        if (committed) {
            answerFromLog(id, std::move(done));
            return run("demand");
        }
        done(tl::unexpected(notAccepted(ErrorKind::Unavailable, "orders.storage_unavailable",
                                    "nothing was changed: " + describe(committed.error()))));
    });
}

/// Fills since the comparison may have moved our side to where the difference no longer fits on it.
std::optional<Refusal> Reconciler::notAcceptable(const Difference& difference) const
{
    if (difference.kind != kPositionDiffers) return std::nullopt;
    const auto differing = m_differing.find(Symbol::of(difference.symbol));
    if (differing == m_differing.end()) return std::nullopt;
    const Quantity ours = m_room.book.position(differing->first).quantity;
    if (ours.value().checkedAdd(differing->second.delta.value())) return std::nullopt;
    return notAccepted(ErrorKind::Invalid, "orders.position_out_of_range",
                   fmt::format("we hold {} {} by now; with {} more it is beyond what can be counted",
                               ours.toString(), difference.symbol, difference.delta));
}

/// `source.detail` is the reason given.
bool Reconciler::accept(Change& change, const Difference& difference, const Source& source)
{
    if (difference.kind == kOrderDiffers && !acceptOrder(change, difference, source)) return false;
    Entry entry;
    entry.fact.kind = kAcceptedKind;
    entry.subject = subjectOf(difference.id);
    entry.source = source;
    std::string after = std::string(toString(OrderState::Canceled));
    if (difference.kind == kPositionDiffers) {
        const auto differing = m_differing.find(Symbol::of(difference.symbol));
        if (differing == m_differing.end()) return false;
        acceptPosition(entry, differing->second);
        after = entry.fact.position->quantity.toString();
        m_looks.erase(differing->first);
        m_differing.erase(differing);
    } else if (difference.kind == kCashDiffers) {
        acceptCash(entry, Money::of(difference.delta));
        after = entry.agreedCash->toString();
    }
    entry.source.detail = detailOf(difference, after, source.detail);
    change.push_back(std::move(entry));
    return true;
}

void Reconciler::acceptPosition(Entry& entry, const Differing& differing)
{
    // By its size: fills since the comparison have moved both sides alike.
    Position position = m_room.book.position(Symbol::of(differing.difference.symbol));
    position.account = m_room.settings.account;
    position.quantity += differing.delta;
    position.averagePrice = position.quantity.isZero() ? Price() : differing.theirAverage;
    m_room.book.addOpening(position);
    entry.openings.push_back(position);
    entry.fact.position = std::move(position);
}

void Reconciler::acceptCash(Entry& entry, Money delta)
{
    entry.agreedCash = m_room.cash.expected() + delta;
    m_room.cash.agree(*entry.agreedCash);
    m_cashLook = {};
    m_cashDiffers.reset();
}

bool Reconciler::acceptOrder(Change& change, const Difference& difference, const Source& source)
{
    const ClientOrderId id(difference.key);
    const Tracked* tracked = m_room.book.find(id);
    if (!tracked || !m_room.vanished.contains(id)) return false;
    Order order = *tracked->order;
    order.reasonCode = "orders.accepted_as_gone";
    order.reasonText = "the broker no longer knows it: " + source.detail;
    Source byPerson = source;
    byPerson.detail.clear();
    if (!m_room.step(change, std::move(order), OrderEventKind::Canceled, byPerson)) return false;
    m_room.vanished.erase(id);
    return true;
}

void Reconciler::answerFromLog(const std::string& id, OrderService::AcceptDone done)
{
    const auto event = std::make_shared<std::optional<storage::Event>>();
    m_room.journal.read(
        [event, subject = subjectOf(id)](storage::Transaction& transaction) -> Result<void> {
            auto events = storage::readEventsOf(transaction.database(), subject, 1);
            if (!events) return tl::unexpected(events.error());
            if (!events->empty()) *event = std::move(events->front());
            return {};
        },
        [event, done = std::move(done)](const Result<void>& read) {
            if (!read) {
                return done(tl::unexpected(notAccepted(ErrorKind::Unavailable,
                                                   "orders.storage_unavailable",
                                                   describe(read.error()))));
            }
            if (!event->has_value()) {
                return done(tl::unexpected(notAccepted(
                    ErrorKind::NotFound, "orders.difference_unknown",
                    "there is no such difference any more: it has vanished, or its size has "
                    "changed; read the list again")));
            }
            auto accepted = readAccepted(**event);
            if (accepted) return done(std::move(*accepted));
            Refusal unreadable;
            unreadable.error = accepted.error();
            done(tl::unexpected(std::move(unreadable)));
        });
}

} // namespace qd::orders
