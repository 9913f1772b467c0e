#include "tests/services/orders/powercut/told.h"

#include <fstream>
#include <future>
#include <map>
#include <set>
#include <sstream>

#include <fmt/format.h>

#include "services/json/json.h"
#include "services/orders/order_json.h"
#include "services/orders/order_service.h"

namespace qd::powercut {

namespace {

constexpr std::size_t kEventsPerOrderMax = 100;

using Rows = std::map<std::string, const orders::Loaded::StoredOrder*>;

/// What is wrong with the file, its pages or its chain of events; empty if nothing.
std::string faultOf(storage::Database& database)
{
    if (const auto sound = database.checkIntegrity(); !sound) return sound.error().code;
    const auto report = storage::verifyEvents(database, {});
    if (!report) return report.error().code;
    return report->brokenAt == 0 ? "" : "broken-chain";
}

Result<orders::Loaded> loadAs(storage::Database database)
{
    const auto migrated = storage::migrateAll(
        database, {storage::storageMigrations(), orders::orderMigrations()});
    if (!migrated) return tl::unexpected(migrated.error());
    runtime::ThreadExecutor db("db"), core("core");
    auto writer = storage::Writer::open(std::move(database), db);
    if (!writer) return tl::unexpected(writer.error());
    return loadFrom(**writer, core);
}

/// Does the log say at `told.sequence` what was told?
bool isLogged(storage::Database& database, const Told& told)
{
    const auto events =
        storage::readEventsOf(database, "order/" + told.clientOrderId, kEventsPerOrderMax);
    if (!events) return false;
    for (const auto& event : *events) {
        if (event.sequence != told.sequence) continue;
        const auto document = json::Document::parse(event.payload);
        auto order = document ? orders::readOrder(document->root()["order"])
                              : Result<Order>(tl::unexpected(document.error()));
        if (!order) return false;
        order->version = told.sequence;
        return lineOf(toldOf(*order, told.isAnswer)) == lineOf(told);
    }
    return false;
}

/// Every order's fills are all there: what is booked is what the order says.
std::string faultOfFills(const orders::Loaded& loaded)
{
    std::map<std::string, Quantity> filled;
    for (const auto& stored : loaded.fills)
        filled[stored.fill.clientOrderId.text()] += stored.fill.quantity;
    for (const auto& stored : loaded.orders)
        if (filled[stored.order->request.clientOrderId.text()] != stored.order->filledQuantity)
            return "fills-differ:" + stored.order->request.clientOrderId.text();
    return {};
}

void compare(storage::Database& database, const Rows& rows, const std::vector<Told>& told,
             Verdict& verdict)
{
    std::set<std::string> lost;
    for (const auto& one : told) {
        const auto row = rows.find(one.clientOrderId);
        if (row == rows.end() || row->second->order->version < one.sequence) {
            lost.insert(one.clientOrderId);
            continue;
        }
        const bool isNewest = row->second->order->version == one.sequence;
        const bool holds = isNewest ? lineOf(toldOf(*row->second->order, one.isAnswer)) == lineOf(one)
                                    : isLogged(database, one);
        if (!holds && verdict.state == "ok") verdict.state = "differs:" + one.clientOrderId;
    }
    verdict.lost = lost.size();
}

} // namespace

Result<orders::Loaded> loadFrom(storage::Writer& writer, runtime::Executor& core)
{
    orders::Loaded loaded;
    std::promise<Result<std::int64_t>> done;
    writer.submit(
        [&loaded](storage::Transaction& transaction) {
            return orders::load(transaction).map([&](orders::Loaded found) {
                loaded = std::move(found);
            });
        },
        core, [&done](Result<std::int64_t> outcome) { done.set_value(std::move(outcome)); });
    return done.get_future().get().map([&](std::int64_t) { return std::move(loaded); });
}

std::string lineOf(const Told& told)
{
    return fmt::format("{} {} {} {} {} {}\n", told.isAnswer ? "ack" : "saw", told.sequence,
                       told.clientOrderId, told.state, told.quantity, told.filled);
}

Told toldOf(const Order& order, bool isAnswer)
{
    return {isAnswer, order.version, order.request.clientOrderId.text(),
            std::string(toString(order.state)), order.request.quantity.toString(),
            order.filledQuantity.toString()};
}

std::vector<Told> readTold(const std::string& file)
{
    std::ifstream lines(file);
    std::vector<Told> all;
    for (std::string line; std::getline(lines, line);) {
        if (lines.eof()) break;
        std::istringstream words(line);
        std::string kind;
        Told told;
        words >> kind >> told.sequence >> told.clientOrderId >> told.state >> told.quantity >> told.filled;
        told.isAnswer = kind == "ack";
        if (words) all.push_back(std::move(told));
    }
    return all;
}

Verdict verdictOf(const std::string& path, const std::vector<Told>& told)
{
    Verdict verdict;
    std::set<std::string> answered;
    for (const auto& one : told)
        if (one.isAnswer) answered.insert(one.clientOrderId);
    verdict.answered = answered.size();
    verdict.told = told.size();
    auto database = storage::Database::open(path);
    const std::string fault = database ? faultOf(*database) : database.error().code;
    auto loaded = fault.empty() ? loadAs(std::move(*database))
                                : Result<orders::Loaded>(tl::unexpected(
                                      Error{ErrorKind::Corrupt, fault, "the store is damaged", {}}));
    auto again = storage::Database::openReadOnly(path);
    if (!loaded || !again) {
        verdict.state = loaded ? again.error().code : loaded.error().code;
        verdict.lost = verdict.answered; // nobody can say that any is there
        return verdict;
    }
    if (!loaded->repairs.empty()) verdict.state = "repaired:" + loaded->repairs.front().subject;
    if (const auto differs = faultOfFills(*loaded); !differs.empty()) verdict.state = differs;
    Rows rows;
    for (const auto& stored : loaded->orders)
        rows[stored.order->request.clientOrderId.text()] = &stored;
    compare(*again, rows, told, verdict);
    return verdict;
}

} // namespace qd::powercut
