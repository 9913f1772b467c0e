#include "services/orders/store.h"

#include <algorithm>

#include "services/orders/order_json.h"

namespace qd::orders {

namespace {

/// Prepares, lets `bind` fill in the parameters, and runs.
template <typename Bind>
Result<void> run(storage::Database& database, std::string_view sql, const Bind& bind)
{
    auto statement = database.prepare(sql);
    if (!statement) return tl::unexpected(statement.error());
    bind(*statement);
    return statement->run();
}

/// What the row's body says is in the event that its version names: not written a second time.
constexpr std::string_view kInEvent;

Result<void> updateOrder(storage::Database& database, const Entry& entry)
{
    const Order& order = *entry.fact.order;
    // Rows are found by number: a lookup by random id would touch another page for every order, and
    // cost more the more orders there are.
    return run(database, "UPDATE orders SET state=?, version=?, body=? WHERE number=?",
               [&](storage::Statement& statement) {
                   statement.bind(1, toString(order.state))
                       .bind(2, entry.fact.sequence)
                       .bind(3, kInEvent)
                       .bind(4, entry.orderNumber);
               });
}

Result<void> insertOrder(storage::Database& database, const Entry& entry)
{
    const Order& order = *entry.fact.order;
    return run(database,
               "INSERT INTO orders(client_id, symbol, state, request_hash, version, body, number) "
               "VALUES(?,?,?,?,?,?,?)",
               [&](storage::Statement& statement) {
                   statement.bind(1, order.request.clientOrderId.text())
                       .bind(2, order.request.symbol.text())
                       .bind(3, toString(order.state))
                       .bind(4, entry.requestHash)
                       .bind(5, entry.fact.sequence)
                       .bind(6, kInEvent)
                       .bind(7, entry.orderNumber);
               });
}

Result<void> storeOrder(storage::Database& database, const Entry& entry)
{
    const bool isNew = !entry.requestHash.empty();
    if (isNew) return insertOrder(database, entry);
    const auto updated = updateOrder(database, entry);
    if (!updated || database.changes() > 0) return updated;
    return insertOrder(database, entry); // adopted from the broker: nobody asked us for it
}

/// Does a later entry of the change write the same row again?
bool isOverwritten(const Change& change, std::size_t at)
{
    return std::any_of(change.begin() + static_cast<std::ptrdiff_t>(at) + 1, change.end(),
                       [&](const Entry& later) {
                           return later.fact.order &&
                                  later.orderNumber == change[at].orderNumber;
                       });
}

Result<void> storeFill(storage::Database& database, const Fill& fill)
{
    json::Writer writer;
    writeFill(writer, fill, Detail::Log);
    return run(database, "INSERT INTO fills(execution_id, client_id, body) VALUES(?,?,?)",
               [&](storage::Statement& statement) {
                   statement.bind(1, fill.executionId.text())
                       .bind(2, fill.clientOrderId.text())
                       .bind(3, writer.text());
               });
}

Result<void> storeValue(storage::Database& database, std::string_view key, std::string_view value)
{
    return run(database, "INSERT OR REPLACE INTO order_room(key, value) VALUES(?,?)",
               [&](storage::Statement& statement) { statement.bind(1, key).bind(2, value); });
}

Result<void> storeExplained(storage::Database& database, const ExplainedExecution& execution)
{
    return run(database, "INSERT OR IGNORE INTO explained_executions VALUES(?,?,?)",
               [&](storage::Statement& statement) {
                   statement.bind(1, execution.executionId.text())
                       .bind(2, execution.clientOrderId.text())
                       .bind(3, execution.quantity.value());
               });
}

Result<void> storeOpening(storage::Database& database, const Position& opening)
{
    return run(database,
               "INSERT OR REPLACE INTO position_openings(symbol, account, quantity, average_price, "
               "realised, after_fill) VALUES(?,?,?,?,?,(SELECT coalesce(max(number),0) FROM fills))",
               [&](storage::Statement& statement) {
                   statement.bind(1, opening.symbol.text())
                       .bind(2, opening.account.text())
                       .bind(3, opening.quantity.value())
                       .bind(4, opening.averagePrice.value())
                       .bind(5, opening.realised.toString());
               });
}

Result<void> storeAgreedCash(storage::Database& database, Money amount)
{
    return run(database,
               "INSERT OR REPLACE INTO order_room(key, value) VALUES('agreed_cash', json_object("
               "'amount', ?, 'afterFill', (SELECT coalesce(max(number),0) FROM fills)))",
               [&](storage::Statement& statement) { statement.bind(1, amount.toString()); });
}

Result<void> storeQuarantined(storage::Database& database, const Quarantined& item,
                              std::int64_t sequence)
{
    return run(database,
               "INSERT INTO order_quarantine(sequence, origin, message, reason) VALUES(?,?,?,?)",
               [&](storage::Statement& statement) {
                   statement.bind(1, sequence)
                       .bind(2, item.origin)
                       .bind(3, item.message)
                       .bind(4, item.reason);
               });
}

template <typename Write, typename T>
std::string textOf(const Write& write, const T& value)
{
    json::Writer writer;
    write(writer, value);
    return writer.take();
}

/// Single values: trading state, account, times.
Result<void> storeValues(storage::Database& database, const Entry& entry)
{
    Result<void> done;
    const auto put = [&](std::string_view key, const std::string& value) {
        if (done) done = storeValue(database, key, value);
    };
    if (entry.fact.trading) {
        put("trading", textOf([](auto& w, const auto& v) { writeTrading(w, v); },
                              *entry.fact.trading));
    }
    if (entry.fact.account) {
        put("account", textOf([](auto& w, const auto& v) { writeAccount(w, v); },
                              *entry.fact.account));
    }
    if (entry.adoptedAt) put("adopted_at", std::to_string(entry.adoptedAt->nanos()));
    if (entry.reconciledAt) put("reconciled_at", std::to_string(entry.reconciledAt->nanos()));
    return done;
}

/// All rows of an entry but its order's.
Result<void> storeOtherRows(storage::Database& database, const Entry& entry)
{
    Result<void> done;
    if (entry.fact.fill) done = storeFill(database, *entry.fact.fill);
    for (const ExplainedExecution& execution : entry.explained) {
        if (done) done = storeExplained(database, execution);
    }
    for (const Position& opening : entry.openings) {
        if (done) done = storeOpening(database, opening);
    }
    if (done) done = storeValues(database, entry);
    if (done && entry.agreedCash) done = storeAgreedCash(database, *entry.agreedCash);
    if (done && entry.quarantined) {
        done = storeQuarantined(database, *entry.quarantined, entry.fact.sequence);
    }
    return done;
}

} // namespace

Result<void> store(storage::Transaction& transaction, Change& change,
                   const std::vector<std::string>& payloads)
{
    for (std::size_t i = 0; i < change.size(); ++i) {
        Entry& entry = change[i];
        storage::Event event;
        event.time = entry.fact.time;
        event.kind = entry.fact.kind;
        event.subject = entry.subject;
        event.actor = entry.source.actor;
        event.cause = entry.cause;
        event.traceId = entry.source.traceId;
        event.payload = payloads[i];
        const auto sequence = transaction.append(std::move(event));
        if (!sequence) return tl::unexpected(sequence.error());
        entry.fact.sequence = *sequence;
        auto stored = storeOtherRows(transaction.database(), entry);
        const bool isFirst = !entry.requestHash.empty();
        if (stored && entry.fact.order && (isFirst || !isOverwritten(change, i))) {
            stored = storeOrder(transaction.database(), entry);
        }
        if (!stored) return stored;
    }
    return {};
}

} // namespace qd::orders
