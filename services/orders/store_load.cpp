#include <unordered_set>

#include "services/orders/order_json.h"
#include "services/orders/store.h"

namespace qd::orders {

namespace {

constexpr std::size_t kEventsPerOrderMax = 10'000;

/// An order's row repeats nothing that the event of its version says; rows of earlier releases have
/// a body of their own.
enum class ToldBy { Row, Event };

Result<Order> orderFrom(std::string_view text, ToldBy teller, std::string_view clientId,
                        std::int64_t version)
{
    const auto document = json::Document::parse(text);
    if (!document) return tl::unexpected(document.error());
    const json::Value root = document->root();
    auto order = readOrder(teller == ToldBy::Event ? root["order"] : root);
    if (order && order->request.clientOrderId.text() != clientId) {
        return fail(ErrorKind::Invalid, "orders.row_malformed",
                    "the row's id and its body's differ", "clientOrderId");
    }
    if (order) order->version = version;
    return order;
}

Result<Fill> fillFrom(std::string_view body)
{
    const auto document = json::Document::parse(body);
    if (!document) return tl::unexpected(document.error());
    return readFill(document->root());
}

/// Reads one room's tables row by row, repairing what is malformed from the event log.
class Loader {
public:
    explicit Loader(storage::Transaction& transaction)
        : m_database(transaction.database())
    {
    }

    Result<Loaded> run()
    {
        return readOrders()
            .and_then([this] { return readFills(); })
            .and_then([this] { return readExplained(); })
            .and_then([this] { return readOpenings(); })
            .and_then([this] { return readValues(); })
            .and_then([this] { return repairAll(); })
            .map([this] { return std::move(m_loaded); });
    }

private:
    struct BadRow {
        std::string table, key, clientId, body, reason;
        std::size_t place; ///< where its repaired value belongs
    };

    Result<void> readOrders();
    void takeOrder(const storage::Statement& row);
    Result<void> readFills();
    Result<void> readExplained();
    Result<void> readOpenings();
    Result<void> readValues();
    void takeValue(std::string_view key, std::string_view value);
    Result<void> repairAll();
    Result<void> removeDoubled(const BadRow& doubled);
    Result<void> repairOrder(const BadRow& bad);
    Result<void> repairFill(const BadRow& bad);
    Result<void> quarantine(const BadRow& bad, const std::string& remedy);
    template <typename Take>
    Result<void> eachRow(std::string_view sql, const Take& take);

    storage::Database& m_database;
    Loaded m_loaded;
    std::vector<BadRow> m_bad;
    std::unordered_set<std::string> m_clientIds;
    std::vector<BadRow> m_doubled; ///< `place` is the row's number
};

template <typename Take>
Result<void> Loader::eachRow(std::string_view sql, const Take& take)
{
    auto statement = m_database.prepare(sql);
    if (!statement) return tl::unexpected(statement.error());
    for (;;) {
        const auto row = statement->step();
        if (!row) return tl::unexpected(row.error());
        if (!*row) return {};
        take(*statement);
    }
}

Result<void> Loader::readOrders()
{
    return eachRow("SELECT o.client_id, iif(o.body='', e.payload, o.body), o.version, "
                   "o.request_hash, o.number, o.body='' FROM orders o "
                   "LEFT JOIN events e ON o.body='' AND e.sequence=o.version ORDER BY o.number",
                   [this](const storage::Statement& row) { takeOrder(row); });
}

void Loader::takeOrder(const storage::Statement& row)
{
    const std::string clientId(row.text(0)), text(row.text(1));
    if (!m_clientIds.insert(clientId).second) {
        m_doubled.push_back({"orders", clientId, clientId, text,
                             "an earlier row has the same client id",
                             static_cast<std::size_t>(row.integer(4))});
        return;
    }
    const ToldBy teller = row.integer(5) != 0 ? ToldBy::Event : ToldBy::Row;
    auto order = orderFrom(text, teller, clientId, row.integer(2));
    if (!order) {
        m_bad.push_back({"orders", clientId, clientId, text, describe(order.error()),
                         m_loaded.orders.size()});
        order = Order{};
    }
    m_loaded.orders.push_back({std::move(*order), std::string(row.text(3)), row.integer(4)});
}

Result<void> Loader::readFills()
{
    return eachRow("SELECT execution_id, body, client_id, number FROM fills ORDER BY number",
                   [this](const storage::Statement& row) {
                       auto fill = fillFrom(row.text(1));
                       if (fill && fill->executionId.text() != row.text(0)) {
                           fill = fail(ErrorKind::Invalid, "orders.row_malformed",
                                       "the row's id and its body's differ", "executionId");
                       }
                       if (!fill) {
                           m_bad.push_back({"fills", std::string(row.text(0)),
                                            std::string(row.text(2)), std::string(row.text(1)), describe(fill.error()),
                                            m_loaded.fills.size()});
                           fill = Fill{};
                       }
                       m_loaded.fills.push_back({std::move(*fill), row.integer(3)});
                   });
}

Result<void> Loader::readExplained()
{
    return eachRow("SELECT execution_id, client_id, quantity FROM explained_executions",
                   [this](const storage::Statement& row) {
                       const auto quantity = Quantity::parse(row.text(2));
                       m_loaded.explained.push_back({ExecutionId(std::string(row.text(0))),
                                                     ClientOrderId(std::string(row.text(1))),
                                                     quantity ? *quantity : Quantity()});
                   });
}

Result<void> Loader::readOpenings()
{
    Result<void> sound;
    const auto read = eachRow(
        "SELECT symbol, account, quantity, average_price, realised, after_fill "
        "FROM position_openings ORDER BY after_fill",
        [&](const storage::Statement& row) {
            const auto symbol = Symbol::parse(row.text(0));
            const auto quantity = Quantity::parse(row.text(2));
            const auto price = Price::parse(row.text(3));
            const auto realised = Money::parse(row.text(4));
            if (!symbol || !quantity || !price || !realised) {
                sound = fail(ErrorKind::Corrupt, "orders.opening_malformed",
                             "the opening balance of " + std::string(row.text(0)) +
                                 " cannot be read; restore the database from a backup");
                return;
            }
            Position opening;
            opening.symbol = *symbol;
            opening.account = AccountId(std::string(row.text(1)));
            opening.quantity = *quantity;
            opening.averagePrice = *price;
            opening.realised = *realised;
            m_loaded.openings.push_back({std::move(opening), row.integer(5)});
        });
    return read ? sound : read;
}

Result<void> Loader::readValues()
{
    const auto read = eachRow("SELECT key, value FROM order_room",
                              [this](const storage::Statement& row) {
                                  takeValue(row.text(0), row.text(1));
                              });
    if (!read) return read;
    auto last = m_database.prepare("SELECT coalesce(max(sequence), 0) FROM events");
    if (!last) return tl::unexpected(last.error());
    const auto row = last->step();
    if (!row) return tl::unexpected(row.error());
    m_loaded.lastSequence = last->integer(0);
    return {};
}

void Loader::takeValue(std::string_view key, std::string_view value)
{
    const auto document = json::Document::parse(value);
    if (!document) return;
    const json::Value root = document->root();
    if (key == "trading") {
        const auto state = parseTradingState(root["state"].stringOr(""));
        m_loaded.isTradingSaid = true;
        // An unreadable switch is taken as thrown: nothing new until somebody looks.
        m_loaded.trading.state = state ? *state : TradingState::Halted;
        m_loaded.trading.reason = std::string(root["reason"].stringOr(""));
        if (const auto since = root["since"].timestamp()) m_loaded.trading.since = *since;
    } else if (key == "account") {
        if (auto account = readAccount(root)) m_loaded.account = std::move(*account);
    } else if (key == "agreed_cash") {
        const auto amount = root["amount"].money();
        if (amount) m_loaded.agreedCash = {*amount, root["afterFill"].integerOr(0)};
    } else if (key == "adopted_at") {
        m_loaded.adoptedAt = Timestamp::fromNanos(root.integerOr(0));
    } else if (key == "reconciled_at") {
        m_loaded.reconciledAt = Timestamp::fromNanos(root.integerOr(0));
    }
}

Result<void> Loader::repairAll()
{
    for (const BadRow& doubled : m_doubled) {
        const auto removed = removeDoubled(doubled);
        if (!removed) return removed;
    }
    for (const BadRow& bad : m_bad) {
        const auto repaired = bad.table == "orders" ? repairOrder(bad) : repairFill(bad);
        if (!repaired) return repaired;
    }
    std::erase_if(m_loaded.orders, [](const Loaded::StoredOrder& stored) {
        return stored.order->request.clientOrderId.empty();
    });
    std::erase_if(m_loaded.fills, [](const Loaded::StoredFill& stored) {
        return stored.fill.executionId.empty();
    });
    return {};
}

Result<void> Loader::removeDoubled(const BadRow& doubled)
{
    auto remove = m_database.prepare("DELETE FROM orders WHERE number=?");
    if (!remove) return tl::unexpected(remove.error());
    const auto removed = remove->bind(1, static_cast<std::int64_t>(doubled.place)).run();
    return removed ? quarantine(doubled, "the first one holds") : removed;
}

Result<void> Loader::repairOrder(const BadRow& bad)
{
    const auto events =
        storage::readEventsOf(m_database, "order/" + bad.key, kEventsPerOrderMax);
    if (!events) return tl::unexpected(events.error());
    for (auto event = events->rbegin(); event != events->rend(); ++event) {
        auto order = orderFrom(event->payload, ToldBy::Event, bad.key, event->sequence);
        if (!order) continue;
        m_loaded.orders[bad.place].order = std::move(*order);
        auto update = m_database.prepare("UPDATE orders SET body='', version=? WHERE number=?");
        if (!update) return tl::unexpected(update.error());
        update->bind(1, event->sequence).bind(2, m_loaded.orders[bad.place].number);
        const auto updated = update->run();
        if (!updated) return updated;
        return quarantine(bad, "rebuilt from event " + std::to_string(event->sequence));
    }
    return quarantine(bad, "no event tells of it; the broker will be asked");
}

Result<void> Loader::repairFill(const BadRow& bad)
{
    const auto events =
        storage::readEventsOf(m_database, "order/" + bad.clientId, kEventsPerOrderMax);
    if (!events) return tl::unexpected(events.error());
    for (const storage::Event& event : *events) {
        const auto document = json::Document::parse(event.payload);
        if (!document) continue;
        auto fill = readFill(document->root()["fill"]);
        if (!fill || fill->executionId.text() != bad.key) continue;
        json::Writer body;
        writeFill(body, *fill, Detail::Log);
        m_loaded.fills[bad.place].fill = std::move(*fill);
        auto update = m_database.prepare("UPDATE fills SET body=? WHERE execution_id=?");
        if (!update) return tl::unexpected(update.error());
        const auto updated = update->bind(1, body.text()).bind(2, bad.key).run();
        if (!updated) return updated;
        return quarantine(bad, "rebuilt from event " + std::to_string(event.sequence));
    }
    return quarantine(bad, "no event tells of it; the broker will be asked");
}

Result<void> Loader::quarantine(const BadRow& bad, const std::string& remedy)
{
    auto insert = m_database.prepare(
        "INSERT INTO order_quarantine(sequence, origin, message, reason) VALUES(0,?,?,?)");
    if (!insert) return tl::unexpected(insert.error());
    insert->bind(1, "table:" + bad.table).bind(2, bad.body).bind(3, bad.reason);
    m_loaded.repairs.push_back({Severity::Warning, "A stored row was malformed",
                                bad.table + " " + bad.key + ": " + bad.reason + "; " + remedy,
                                "order/" + bad.clientId});
    return insert->run();
}

} // namespace

bool Loaded::isUntouched() const
{
    return !isTradingSaid && !adoptedAt && orders.empty() && fills.empty() && openings.empty();
}

void replay(const Loaded& loaded, const std::function<void(const Position&)>& takeOpening,
            const std::function<void(const Fill&)>& takeFill)
{
    auto opening = loaded.openings.begin();
    for (const auto& [fill, number] : loaded.fills) {
        for (; opening != loaded.openings.end() && opening->afterFill < number; ++opening) {
            takeOpening(opening->position);
        }
        takeFill(fill);
    }
    for (; opening != loaded.openings.end(); ++opening) takeOpening(opening->position);
}

Result<Loaded> load(storage::Transaction& transaction)
{
    return Loader(transaction).run();
}

} // namespace qd::orders
