// JSON in and out, against nlohmann in the same run: an order as the wire carries it, and a chain.
// uses: services/json services/runtime
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "services/json/json.h"
#include "services/runtime/clock.h"

namespace {

using qd::json::Document;
using qd::json::Writer;

struct Row {
    std::string id, symbol;
    qd::Price price;
    qd::Quantity quantity;
    std::int64_t sequence = 0;
};

Row rowOf(int number)
{
    return {"904837e3-3b76-47ec-b432-" + std::to_string(100'000'000'000 + number),
            "SPY2601" + std::to_string(number), qd::Price::fromUnits(41'250'000'000 + number * 1'000'000),
            qd::Quantity::fromUnits((1 + number % 90) * qd::Decimal::kOne), 1'000'000 + number};
}

std::string writeRows(const std::vector<Row>& rows)
{
    Writer writer;
    writer.reserve(rows.size() * 160);
    writer.beginArray();
    for (const auto& row : rows)
        writer.beginObject()
            .member("id", row.id)
            .member("symbol", row.symbol)
            .member("limitPrice", row.price)
            .member("quantity", row.quantity)
            .member("sequence", row.sequence)
            .member("extended", false)
            .endObject();
    return writer.endArray().take();
}

std::string writeRowsByControl(const std::vector<Row>& rows)
{
    auto array = nlohmann::json::array();
    for (const auto& row : rows)
        array.push_back({{"id", row.id},
                         {"symbol", row.symbol},
                         {"limitPrice", row.price.toString()},
                         {"quantity", row.quantity.toString()},
                         {"sequence", row.sequence},
                         {"extended", false}});
    return array.dump();
}

// Reads every member, as an adapter does.
std::int64_t readRows(const std::string& text)
{
    const auto document = Document::parse(text);
    std::int64_t sum = 0;
    for (const auto& row : document->root().items())
        sum += row["limitPrice"].decimal()->units() + row["quantity"].decimal()->units() +
               *row["sequence"].integer() + static_cast<std::int64_t>(row["id"].string()->size());
    return sum;
}

std::int64_t readRowsByControl(const std::string& text)
{
    const auto document = nlohmann::json::parse(text);
    std::int64_t sum = 0;
    for (const auto& row : document)
        sum += qd::Decimal::parse(row["limitPrice"].get_ref<const std::string&>())->units() +
               qd::Decimal::parse(row["quantity"].get_ref<const std::string&>())->units() +
               row["sequence"].get<std::int64_t>() +
               static_cast<std::int64_t>(row["id"].get_ref<const std::string&>().size());
    return sum;
}

// Nanoseconds a call: the best of several rounds, which is the one least disturbed.
template <typename Call>
double nanosPerCall(int calls, const Call& call)
{
    const auto& clock = qd::runtime::systemClock();
    double best = 1e18;
    for (int round = 0; round < 7; ++round) {
        const auto start = clock.steady();
        for (int i = 0; i < calls; ++i) call();
        best = std::min(best, static_cast<double>((clock.steady() - start).count()) / calls);
    }
    return best;
}

bool report(const char* bench, double value, const char* unit, double ratio, const char* bar, bool isGood)
{
    std::printf(R"({"bench":"%s","value":%.1f,"unit":"%s","control":"nlohmann","ratio":%.3f,)"
                R"("bar":"%s","ok":%s})"
                "\n",
                bench, value, unit, ratio, bar, isGood ? "true" : "false");
    return isGood;
}

volatile std::int64_t g_sink = 0;

void compare(const char* name, int rowCount, int calls)
{
    std::vector<Row> rows;
    for (int i = 0; i < rowCount; ++i) rows.push_back(rowOf(i));
    const std::string text = writeRows(rows);
    if (readRows(text) != readRowsByControl(text)) std::printf("the two libraries disagree\n");
    const double read = nanosPerCall(calls, [&] { g_sink = readRows(text); });
    const double readControl = nanosPerCall(calls, [&] { g_sink = readRowsByControl(text); });
    const double write =
        nanosPerCall(calls, [&] { g_sink = static_cast<std::int64_t>(writeRows(rows).size()); });
    const double writeControl = nanosPerCall(
        calls, [&] { g_sink = static_cast<std::int64_t>(writeRowsByControl(rows).size()); });
    const std::string prefix = std::string("json.") + name;
    report((prefix + ".read").c_str(), read, "ns", read / readControl, "ratio <= 0.4",
           read <= 0.4 * readControl);
    report((prefix + ".read_rate").c_str(), static_cast<double>(text.size()) * 1000 / read, "MB/s",
           readControl / read, "ratio >= 2.5", readControl >= 2.5 * read);
    report((prefix + ".write").c_str(), write, "ns", write / writeControl, "ratio <= 0.3",
           write <= 0.3 * writeControl);
}

} // namespace

int main()
{
    compare("order", 1, 5'000);
    compare("chain", 2'000, 10);
    return 0;
}
