#include "services/brokers/alpaca/order_json.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "tests/services/brokers/venue_world.h"

namespace qd::brokers::alpaca {
namespace {

using test::alpacaOrder;

const AccountId kAccount("paper");

Result<OrderReport> read(const std::string& text)
{
    const auto document = json::Document::parse(text);
    if (!document) return tl::unexpected(document.error());
    return readOrder(document->root(), kAccount);
}

OrderRequest limitOrder()
{
    OrderRequest request;
    request.clientOrderId = ClientOrderId("eb9e2aaa-f71a-4f51-b5b4-52a6c565dad4");
    request.account = kAccount;
    request.symbol = Symbol::of("AAPL");
    request.type = OrderType::Limit;
    request.quantity = Quantity::of("15");
    request.limitPrice = Price::of("107.50");
    return request;
}

struct StatusCase {
    const char* word;
    OrderState state;
};

TEST(OrderJson, EveryStatusOfTheDocumentsIsUnderstood)
{
    const StatusCase cases[] = {
        {"new", OrderState::Accepted},
        {"partially_filled", OrderState::PartiallyFilled},
        {"filled", OrderState::Filled},
        {"done_for_day", OrderState::Accepted},
        {"canceled", OrderState::Canceled},
        {"expired", OrderState::Expired},
        {"replaced", OrderState::Replaced},
        {"pending_cancel", OrderState::PendingCancel},
        {"pending_replace", OrderState::PendingUpdate},
        {"accepted", OrderState::Accepted},
        {"pending_new", OrderState::Accepted},
        {"accepted_for_bidding", OrderState::Accepted},
        {"stopped", OrderState::Accepted},
        {"rejected", OrderState::Rejected},
        {"suspended", OrderState::Accepted},
        {"calculated", OrderState::Accepted},
        {"held", OrderState::Held},
    };
    for (const auto& row : cases) {
        const auto report = read(alpacaOrder("a", {{"status", json::quote(row.word)}}));
        ASSERT_TRUE(report) << row.word << ": " << describe(report.error());
        EXPECT_EQ(report->state, row.state) << row.word;
        EXPECT_EQ(report->venueStatus, row.word);
    }
    const auto odd = readStatus("teleported");
    ASSERT_FALSE(odd);
    EXPECT_EQ(odd.error().code, "alpaca.schema");
    EXPECT_EQ(odd.error().field, "status");
}

TEST(OrderJson, AnUnknownWordIsKeptAndTheRestOfTheOrderRead)
{
    const auto status = read(alpacaOrder("a", {{"status", "\"frozen\""}}));
    ASSERT_TRUE(status);
    EXPECT_EQ(status->venueStatus, "unknown: status frozen");
    EXPECT_EQ(status->state, OrderState::Submitted) << "no news";
    const auto type = read(alpacaOrder("a", {{"type", "\"pegged\""}}));
    ASSERT_TRUE(type);
    EXPECT_EQ(type->venueStatus, "unknown: type pegged");
    const auto time = read(alpacaOrder("a", {{"time_in_force", "\"gtd\""}}));
    ASSERT_TRUE(time);
    EXPECT_EQ(time->venueStatus, "unknown: time_in_force gtd");
    const auto side = read(alpacaOrder("a", {{"side", "\"sell_short\""}}));
    ASSERT_TRUE(side);
    EXPECT_EQ(side->request.side, Side::Sell);
    EXPECT_FALSE(read(alpacaOrder("a", {{"side", "\"sideways\""}}))) << "nothing can be guessed";
}

TEST(OrderJson, AnOpenOrderOfWhichSomeHasTradedIsPartiallyFilled)
{
    const auto report = read(alpacaOrder(
        "a",
        {{"filled_qty", "\"4\""}, {"filled_avg_price", "\"107.125\""}, {"status", "\"new\""}}));
    ASSERT_TRUE(report);
    EXPECT_EQ(report->state, OrderState::PartiallyFilled);
    EXPECT_EQ(report->filledQuantity, Quantity::of("4"));
    EXPECT_EQ(report->averagePrice, Price::of("107.125"));
}

TEST(OrderJson, NumbersMayBeStringsOrNumbersAndNullsMeanNothing)
{
    const auto report = read(alpacaOrder("a", {{"qty", "15.5"},
                                               {"filled_qty", "0"},
                                               {"limit_price", "107.55"},
                                               {"stop_price", "\"101\""},
                                               {"trail_percent", "2.5"},
                                               {"trail_price", "null"},
                                               {"extended_hours", "true"}}));
    ASSERT_TRUE(report) << describe(report.error());
    EXPECT_EQ(report->request.quantity, Quantity::of("15.5"));
    EXPECT_EQ(report->request.limitPrice, Price::of("107.55"));
    EXPECT_EQ(report->request.stopPrice, Price::of("101"));
    EXPECT_EQ(report->request.trailPercent, Decimal::of("2.5"));
    EXPECT_EQ(report->request.trailPrice, std::nullopt);
    EXPECT_TRUE(report->request.extendedHours);
    EXPECT_TRUE(report->replacedBy.empty());
    EXPECT_EQ(report->createdAt, Timestamp::of("2026-01-05T15:00:00.123456789Z"));
    const auto notional = read(alpacaOrder("a", {{"qty", "null"}, {"notional", "\"500\""}}));
    ASSERT_TRUE(notional);
    EXPECT_TRUE(notional->request.quantity.isZero());
}

TEST(OrderJson, UnknownMembersAreTolerated)
{
    EXPECT_TRUE(read(alpacaOrder("a", {{"hwm", "null"}, {"moon_phase", "{\"x\":[1,2]}"}})));
}

TEST(OrderJson, AMissingRequiredMemberIsNamed)
{
    for (const char* name :
         {"id", "client_order_id", "status", "symbol", "side", "time_in_force", "filled_qty"}) {
        const auto report = read(alpacaOrder("a", {{name, ""}}));
        ASSERT_FALSE(report) << name;
        EXPECT_EQ(report.error().code, "alpaca.schema") << name;
        EXPECT_EQ(report.error().field, name);
        EXPECT_EQ(report.error().kind, ErrorKind::Invalid);
    }
    const auto typeless = read(alpacaOrder("a", {{"type", ""}, {"order_type", ""}}));
    ASSERT_FALSE(typeless);
    EXPECT_EQ(typeless.error().field, "type");
    EXPECT_TRUE(read(alpacaOrder("a", {{"type", ""}}))) << "order_type will do";
}

TEST(OrderJson, NumbersThatAreNoneAreNamed)
{
    for (const char* name :
         {"qty", "filled_qty", "limit_price", "stop_price", "filled_avg_price", "trail_percent"}) {
        const auto report = read(alpacaOrder("a", {{name, "\"a few\""}}));
        ASSERT_FALSE(report) << name;
        EXPECT_EQ(report.error().field, name);
    }
}

TEST(OrderJson, LegsAreReadWithTheirParentsName)
{
    const std::string leg =
        alpacaOrder("leg-1", {{"id", "\"leg-id\""}, {"side", "\"sell\""}, {"status", "\"held\""}});
    const auto report =
        read(alpacaOrder("entry", {{"order_class", "\"bracket\""}, {"legs", "[" + leg + "]"}}));
    ASSERT_TRUE(report) << describe(report.error());
    EXPECT_EQ(report->request.orderClass, OrderClass::Bracket);
    ASSERT_EQ(report->legs.size(), 1u);
    EXPECT_EQ(report->legs[0].parent, ClientOrderId("entry"));
    EXPECT_EQ(report->legs[0].venueOrderId, VenueOrderId("leg-id"));
    EXPECT_EQ(report->legs[0].state, OrderState::Held);
    EXPECT_FALSE(read(alpacaOrder("entry", {{"legs", "[{\"id\":7}]"}}))) << "a bad leg is no leg";
}

TEST(OrderJson, WhatWeWriteSaysWhatWasAsked)
{
    OrderRequest request = limitOrder();
    request.timeInForce = TimeInForce::Gtc;
    request.orderClass = OrderClass::Bracket;
    request.takeProfit = TakeProfit{Price::of("120")};
    request.stopLoss = StopLoss{Price::of("100"), Price::of("99.5")};
    const auto text = writeOrder(request);
    const auto document = json::Document::parse(text);
    ASSERT_TRUE(document) << text;
    const auto root = document->root();
    EXPECT_EQ(root["symbol"].stringOr({}), "AAPL");
    EXPECT_EQ(root["qty"].stringOr({}), "15");
    EXPECT_EQ(root["side"].stringOr({}), "buy");
    EXPECT_EQ(root["type"].stringOr({}), "limit");
    EXPECT_EQ(root["time_in_force"].stringOr({}), "gtc");
    EXPECT_EQ(root["limit_price"].stringOr({}), "107.5");
    EXPECT_EQ(root["order_class"].stringOr({}), "bracket");
    EXPECT_EQ(root["client_order_id"].stringOr({}), request.clientOrderId.text());
    EXPECT_EQ(root["take_profit"]["limit_price"].stringOr({}), "120");
    EXPECT_EQ(root["stop_loss"]["stop_price"].stringOr({}), "100");
    EXPECT_EQ(root["stop_loss"]["limit_price"].stringOr({}), "99.5");
    EXPECT_FALSE(root.contains("stop_price"));
    EXPECT_FALSE(root.contains("extended_hours"));
}

TEST(OrderJson, AChangeNamesOnlyWhatChanges)
{
    Modification change;
    change.limitPrice = Price::of("0.1");
    change.trail = Decimal::of("1.5");
    change.newClientOrderId = ClientOrderId("new");
    EXPECT_EQ(writeModification(change),
              R"({"limit_price":"0.1","trail":"1.5","client_order_id":"new"})");
    EXPECT_EQ(writeModification({}), "{}");
}

struct ErrorCase {
    int status;
    const char* body;
    ErrorKind kind;
    const char* code;
};

TEST(OrderJson, ErrorAnswersAreToldApart)
{
    const ErrorCase cases[] = {
        {401, R"({"message":"request is not authorized"})", ErrorKind::Denied,
         "alpaca.unauthorized"},
        {403, R"({"message":"forbidden."})", ErrorKind::Denied, "alpaca.unauthorized"},
        {403, R"({"code":40310000,"message":"insufficient buying power"})", ErrorKind::Denied,
         "alpaca.insufficient_buying_power"},
        {403, R"({"code":40310000,"message":"insufficient qty available for order: 1"})",
         ErrorKind::Denied, "alpaca.insufficient_quantity"},
        {403, R"({"code":40310000,"message":"account is restricted"})", ErrorKind::Denied,
         "alpaca.forbidden"},
        {404, R"({"code":40410000,"message":"order not found for x"})", ErrorKind::NotFound,
         "alpaca.not_found"},
        {422, R"({"code":40010001,"message":"client_order_id must be unique"})",
         ErrorKind::Conflict, "alpaca.duplicate_client_order_id"},
        {422, R"({"code":42210000,"message":"invalid limit_price 1.23456. sub-penny increment"})",
         ErrorKind::Invalid, "alpaca.invalid_order"},
        {422, R"({"code":42210000,"message":"qty must be > 0"})", ErrorKind::Invalid,
         "alpaca.invalid_order"},
        {429, R"({"message":"too many requests."})", ErrorKind::Unavailable, "alpaca.rate_limited"},
        {500, "", ErrorKind::OutcomeUnknown, "alpaca.server_error"},
        {504, "<html>gateway timeout</html>", ErrorKind::OutcomeUnknown, "alpaca.server_error"},
        {400, "not json", ErrorKind::Invalid, "alpaca.invalid_order"},
    };
    for (const auto& row : cases) {
        const auto error = readError(row.status, row.body);
        EXPECT_EQ(error.kind, row.kind) << row.status << row.body;
        EXPECT_EQ(error.code, row.code) << row.status << row.body;
        EXPECT_FALSE(error.detail.empty());
    }
}

TEST(OrderJson, FillActivitiesNameTheExecution)
{
    const auto document = json::Document::parse(
        R"({"id":"20220202135509981::2d7be4ff-d1f3-43e9-856a-0f5cf5c5088e","activity_type":"FILL",
            "transaction_time":"2022-02-02T18:55:09.981482Z","type":"fill","price":"174.78",
            "qty":"2","side":"sell_short","symbol":"AAPL","leaves_qty":"0",
            "order_id":"b5abe576-6a8a-49f3-a353-46b72c1ccae9","cum_qty":"2"})");
    ASSERT_TRUE(document);
    const auto fill = readFillActivity(document->root(), kAccount, Timestamp::fromSeconds(1));
    ASSERT_TRUE(fill) << describe(fill.error());
    EXPECT_EQ(fill->executionId, ExecutionId("2d7be4ff-d1f3-43e9-856a-0f5cf5c5088e"));
    EXPECT_EQ(fill->venueOrderId, VenueOrderId("b5abe576-6a8a-49f3-a353-46b72c1ccae9"));
    EXPECT_EQ(fill->side, Side::Sell);
    EXPECT_EQ(fill->price, Price::of("174.78"));
    EXPECT_EQ(fill->eventTime, Timestamp::of("2022-02-02T18:55:09.981482Z"));
}

TEST(OrderJson, NumbersThatCannotBeMeantAreSchemaFaults)
{
    const auto order = [](const std::string& quantity, const std::string& filled,
                          const std::string& limit) {
        const auto document = json::Document::parse(
            R"({"id":"v","client_order_id":"c","status":"new","symbol":"AAPL","side":"buy",)"
            R"("type":"limit","time_in_force":"day","qty":")" + quantity + R"(","filled_qty":")" +
            filled + R"(","limit_price":")" + limit + "\"}");
        const auto read = readOrder(document->root(), kAccount);
        return read ? std::string() : read.error().code + " " + read.error().field;
    };
    EXPECT_EQ(order("20000000000", "0", "-1.5"), "");
    EXPECT_EQ(order("20000000001", "0", "1"), "alpaca.schema qty");
    EXPECT_EQ(order("-1", "0", "1"), "alpaca.schema qty");
    EXPECT_EQ(order("1", "-92233720368", "1"), "alpaca.schema filled_qty");
    EXPECT_EQ(order("1", "0", "1000000001"), "alpaca.schema limit_price");
    EXPECT_EQ(order("1", "0", "-92233720368.54775808"), "alpaca.schema limit_price");

    const auto position = json::Document::parse(
        R"({"symbol":"A","avg_entry_price":"1","qty":"-92233720368.54775808"})");
    EXPECT_FALSE(readPosition(position->root(), kAccount));
    const auto account = json::Document::parse(
        R"({"cash":"1e26","equity":"1","buying_power":"1"})");
    EXPECT_FALSE(readAccount(account->root(), kAccount, Timestamp::fromSeconds(1)));
    const auto asset = json::Document::parse(
        R"({"symbol":"A","tradable":true,"min_trade_increment":"0","price_increment":"-1"})");
    const auto instrument = readAsset(asset->root());
    ASSERT_TRUE(instrument);
    EXPECT_TRUE(instrument->lotSize.isPositive());
    EXPECT_EQ(instrument->tick, Price::of("0.01"));
}

TEST(OrderJson, AShortPositionIsNegativeHoweverItIsWritten)
{
    for (const char* quantity : {"\"-7\"", "\"7\""}) {
        const auto document = json::Document::parse(
            std::string(R"({"symbol":"TSLA","side":"short","avg_entry_price":"200.5","qty":)") +
            quantity + "}");
        ASSERT_TRUE(document);
        const auto position = readPosition(document->root(), kAccount);
        ASSERT_TRUE(position);
        EXPECT_EQ(position->quantity, Quantity::of("-7")) << quantity;
    }
}

// ── texts recorded by the maker of Alpaca's own client ───────────────────────────────────────────

std::optional<json::Document> sample(const std::string& name)
{
    std::ifstream file(std::string(QD_SHARED_DATA) + "/brokers/alpaca-py/trading/" + name);
    if (!file) return std::nullopt;
    std::stringstream text;
    text << file.rdbuf();
    std::string content = text.str();
    std::erase(content, '`'); // a slip of one recording: "AAPL`"
    auto document = json::Document::parse(content, {.sizeBytesMax = 8 << 20});
    EXPECT_TRUE(document) << name << ": " << describe(document.error());
    if (!document) return std::nullopt;
    return std::move(*document);
}

TEST(AlpacaSamples, OrdersAreRead)
{
    const auto list = sample("test_order_routes__test_get_orders_1.json");
    if (!list) GTEST_SKIP() << "shared data not present";
    ASSERT_TRUE(list->root().isArray());
    ASSERT_GT(list->root().size(), 0u);
    for (const auto& order : list->root().items()) {
        const auto report = readOrder(order, kAccount);
        EXPECT_TRUE(report) << describe(report.error()) << order.dump();
    }
    for (const char* name : {"test_order_routes__test_market_order_1.json",
                             "test_order_routes__test_limit_order_1.json",
                             "test_order_routes__test_get_order_by_id_1.json",
                             "test_order_routes__test_replace_order_1.json"}) {
        const auto order = sample(name);
        ASSERT_TRUE(order) << name;
        const auto report = readOrder(order->root(), kAccount);
        EXPECT_TRUE(report) << name << ": " << describe(report.error());
    }
}

TEST(AlpacaSamples, AccountPositionsAndAssetsAreRead)
{
    const auto account = sample("test_account_routes__test_get_account_1.json");
    if (!account) GTEST_SKIP() << "shared data not present";
    const auto snapshot = readAccount(account->root(), kAccount, Timestamp::fromSeconds(1));
    EXPECT_TRUE(snapshot) << describe(snapshot.error());
    const auto positions = sample("test_position_routes__test_get_all_positions_1.json");
    ASSERT_TRUE(positions);
    for (const auto& position : positions->root().items()) {
        const auto read = readPosition(position, kAccount);
        EXPECT_TRUE(read) << describe(read.error());
    }
    const auto assets = sample("test_asset_routes__test_get_all_assets_1.json");
    ASSERT_TRUE(assets);
    for (const auto& asset : assets->root().items()) {
        const auto read = readAsset(asset);
        EXPECT_TRUE(read) << describe(read.error()) << asset.dump();
    }
}

} // namespace
} // namespace qd::brokers::alpaca
