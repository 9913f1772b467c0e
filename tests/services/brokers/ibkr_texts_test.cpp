// IBKR's texts ↔ our values.

#include <gtest/gtest.h>

#include "services/brokers/ibkr/market_texts.h"
#include "services/brokers/ibkr/order_json.h"

namespace qd::brokers::ibkr {
namespace {

json::Document parsed(std::string_view text)
{
    auto document = json::Document::parse(text);
    QD_ASSERT(document.has_value());
    return std::move(*document);
}

TEST(IbkrTexts, PricesAndSizesForPeopleAreExactNumbers)
{
    struct Row {
        const char* text;
        const char* price;
        char prefix;
    };
    for (const auto& row : {Row{"189.60", "189.60", 0}, Row{"C189.60", "189.60", 'C'},
                            Row{"H0.1234", "0.1234", 'H'}, Row{"1,234.5", "1234.5", 0}}) {
        const auto read = readPriceText(row.text);
        ASSERT_TRUE(read) << row.text;
        EXPECT_EQ(read->price, Price::of(row.price));
        EXPECT_EQ(read->prefix, row.prefix);
    }
    EXPECT_EQ(readSizeText("1,300").value(), Quantity::of("1300"));
    EXPECT_EQ(readSizeText("1.2M").value(), Quantity::of("1200000"));
    for (const char* bad : {"", "C", "12a", "99999999999999"}) EXPECT_FALSE(readPriceText(bad)) << bad;
    for (const char* bad : {"", "K", "-1"}) EXPECT_FALSE(readSizeText(bad)) << bad;
}

TEST(IbkrTexts, WhatKindOfValuesALineHasIsItsOwnAffair)
{
    EXPECT_EQ(readAvailability("RPB"), FeedClass::RealTime);
    EXPECT_EQ(readAvailability("DPB"), FeedClass::Delayed);
    EXPECT_EQ(readAvailability("Z"), FeedClass::Frozen);
    EXPECT_EQ(readAvailability("YP"), FeedClass::Frozen);
    EXPECT_EQ(readAvailability("N"), FeedClass::Delayed) << "not subscribed: nobody says that it is real time";
    EXPECT_EQ(readAvailability("Q"), FeedClass::Delayed);
    MarketLine line(Symbol::of("ACME"));
    EXPECT_EQ(line.feedClass(), FeedClass::Delayed) << "not told yet";
    const auto now = Timestamp::of("2026-01-05T15:00:00Z");
    const auto read = [&](const char* text) {
        const auto events = line.read(parsed(text).root(), now);
        QD_ASSERT(events.has_value());
        return events->size();
    };
    EXPECT_EQ(read(R"({"84":"10.00","86":"10.02","6509":"RPB"})"), 1u);
    EXPECT_EQ(line.feedClass(), FeedClass::RealTime);
    EXPECT_EQ(read(R"({"6509":"DPB"})"), 1u) << "whoever shows the quote must hear of it";
    EXPECT_EQ(line.feedClass(), FeedClass::Delayed);
    EXPECT_EQ(read(R"({"6509":"DPB"})"), 0u);
}

TEST(IbkrTexts, ASnapshotTellsTheSessionAndTheCloseBefore)
{
    MarketSnapshot snapshot;
    snapshot.trade = Trade{Symbol::of("ACME"), Price::of("10"), Quantity::of("1"), 0, {}, {}, {}, {}};
    const auto now = Timestamp::of("2026-01-05T15:00:00Z");
    readDays(parsed(R"({"70":"11.5","71":"9","7295":"9.5","7741":"C9.25","7762":"1,300"})").root(), now,
             /*utcDays=*/false, snapshot);
    ASSERT_TRUE(snapshot.day && snapshot.previousDay);
    EXPECT_EQ(snapshot.day->start, Timestamp::of("2026-01-05T05:00:00Z"));
    EXPECT_EQ(snapshot.day->close, Price::of("10"));
    EXPECT_EQ(snapshot.day->volume, Quantity::of("1300"));
    EXPECT_EQ(snapshot.previousDay->close, Price::of("9.25"));
    MarketSnapshot nothing;
    readDays(parsed(R"({"70":"x","7741":"0"})").root(), now, /*utcDays=*/true, nothing);
    EXPECT_FALSE(nothing.day || nothing.previousDay);
}

TEST(IbkrTexts, AnAnswerOf200IsTakenAskedOrDeclined)
{
    const auto taken = readAnswer(parsed(R"([{"order_id":"1234567890","local_order_id":"c",
        "order_status":"PreSubmitted","encrypt_message":"1"}])").root());
    ASSERT_TRUE(taken && std::holds_alternative<Taken>(*taken));
    EXPECT_EQ(std::get<Taken>(*taken).orders[0].orderId, "1234567890");

    const auto asked = readAnswer(parsed(R"([{"id":"07a1","message":["price exceeds \nthe Percentage"],
        "isSuppressed":false,"messageIds":["o163"]}])").root());
    ASSERT_TRUE(asked && std::holds_alternative<Asked>(*asked));
    EXPECT_EQ(std::get<Asked>(*asked).messageIds, std::vector<std::string>{"o163"});
    EXPECT_EQ(std::get<Asked>(*asked).text, "price exceeds  the Percentage");

    const auto declined = readAnswer(parsed(
        R"({"error":"Order couldn't be submitted: Local order ID=c is already registered."})").root());
    ASSERT_TRUE(declined && std::holds_alternative<Declined>(*declined));
    EXPECT_EQ(std::get<Declined>(*declined).error.code, "ibkr.duplicate_client_order_id");

    for (const char* bad : {"[]", "{}", "[17]", R"([{"order_id":"a few"}])"})
        EXPECT_FALSE(readAnswer(parsed(bad).root())) << bad;
}

TEST(IbkrTexts, AnOrdersIdIsATextOrANumber)
{
    for (const char* text : {R"({"orderId":1234568790,"status":"Submitted"})",
                             R"({"order_id":"1234568790","status":"Submitted"})"}) {
        const auto order = readLiveOrder(parsed(text).root());
        ASSERT_TRUE(order) << text;
        EXPECT_EQ(order->orderId, "1234568790");
    }
    EXPECT_FALSE(readLiveOrder(parsed(R"({"orderId":1.5})").root()));
    EXPECT_FALSE(readLiveOrder(parsed(R"({"orderId":-4})").root()));
}

TEST(IbkrTexts, ALiveOrderIsReadWholeAndAChangeAsFarAsItGoes)
{
    const auto whole = readLiveOrder(parsed(R"({"acct":"DU1","conid":265598,"orderId":1,"sizeAndFills":"2/5",
        "ticker":"BRK B","secType":"STK","remainingQuantity":3.0,"filledQuantity":2.0,"totalSize":5.0,
        "status":"Submitted","avgPrice":"192.26","origOrderType":"STOP_LIMIT","orderType":"Stop Limit",
        "price":"190.00","auxPrice":"191.00","order_ref":"Order123","timeInForce":"CLOSE",
        "lastExecutionTime_r":1702317649000,"side":"SELL"})").root());
    ASSERT_TRUE(whole) << describe(whole.error());
    EXPECT_EQ(whole->type, OrderType::StopLimit);
    EXPECT_EQ(whole->timeInForce, TimeInForce::Day);
    EXPECT_EQ(whole->total, Quantity::of("5"));
    EXPECT_EQ(whole->filled, Quantity::of("2"));
    EXPECT_EQ(whole->averagePrice, Price::of("192.26"));
    EXPECT_EQ(whole->changedAt, Timestamp::fromMillis(1702317649000));
    EXPECT_EQ(symbolOf("BRK B", "STK").value(), Symbol::of("BRK.B"));
    EXPECT_EQ(tickerOf(Symbol::of("BRK.B")), "BRK B");

    const auto change = readLiveOrder(parsed(R"({"orderId":1,"status":"Filled","price":""})").root());
    ASSERT_TRUE(change);
    EXPECT_FALSE(change->total || change->side || change->price);
}

TEST(IbkrTexts, StatusesAreTheOnesThatTheWordsMean)
{
    EXPECT_EQ(readStatus("PendingSubmit"), OrderState::Submitted);
    EXPECT_EQ(readStatus("pre_submitted"), OrderState::Accepted);
    EXPECT_EQ(readStatus("Cancelled"), OrderState::Canceled);
    EXPECT_EQ(readStatus("Inactive"), OrderState::Held);
    EXPECT_EQ(readStatus("PendingCancel"), OrderState::PendingCancel);
    EXPECT_EQ(readStatus("Frozen"), std::nullopt);
}

TEST(IbkrTexts, ABracketIsThreeOrdersInOneObject)
{
    OrderRequest request;
    request.clientOrderId = ClientOrderId("c");
    request.symbol = Symbol::of("ACME");
    request.type = OrderType::Limit;
    request.limitPrice = Price::of("9.90");
    request.quantity = Quantity::of("100");
    request.orderClass = OrderClass::Bracket;
    request.takeProfit = TakeProfit{Price::of("10.50")};
    request.stopLoss = StopLoss{Price::of("9.50"), {}};
    const auto body = parsed(writeOrder(request, 7));
    const auto orders = body["orders"].items();
    ASSERT_EQ(orders.size(), 3u);
    EXPECT_EQ(orders[0]["price"].numberText(), "9.9");
    EXPECT_EQ(orders[1]["parentId"].stringOr(""), "c");
    EXPECT_EQ(orders[1]["cOID"].stringOr(""), "c.tp");
    EXPECT_EQ(orders[1]["side"].stringOr(""), "SELL");
    EXPECT_EQ(orders[2]["orderType"].stringOr(""), "STP");
    EXPECT_EQ(orders[2]["price"].numberText(), "9.5");
}

TEST(IbkrTexts, AnErrorSaysWhetherAnythingCanHaveHappened)
{
    const auto code = [](int status, const char* text) { return readError(status, text).code; };
    EXPECT_EQ(readError(503, "busy").kind, ErrorKind::OutcomeUnknown);
    EXPECT_EQ(readError(400, "Bad Request: no bridge").kind, ErrorKind::Unavailable);
    EXPECT_EQ(readError(500, "Please query /accounts first").kind, ErrorKind::Unavailable);
    EXPECT_EQ(code(401, ""), "ibkr.unauthorized");
    EXPECT_EQ(code(429, "Too Many Requests"), "ibkr.rate_limited");
    EXPECT_EQ(code(410, "Gone"), "ibkr.gone");
    EXPECT_EQ(readError(410, "Gone").kind, ErrorKind::Unavailable) << "another server has the session";
    EXPECT_EQ(code(200, "\"BUY 1\"\ninsufficient funds"), "ibkr.insufficient_buying_power");
    EXPECT_EQ(code(400, "OrderID 17 doesn't exist"), "ibkr.order_not_found");
}

} // namespace
} // namespace qd::brokers::ibkr
