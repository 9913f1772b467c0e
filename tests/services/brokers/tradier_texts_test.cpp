// Tradier's texts ↔ our values: JSON that was made from XML, forms, totals instead of executions.

#include <gtest/gtest.h>

#include "models/market/bar_merge.h"
#include "services/brokers/tradier/market_json.h"
#include "services/brokers/tradier/order_tracker.h"

namespace qd::brokers::tradier {
namespace {

const AccountId kAccount("paper");
const Timestamp kNow = Timestamp::of("2026-01-05T15:00:00Z");

json::Document parsed(std::string_view text)
{
    auto document = json::Document::parse(text);
    QD_ASSERT(document.has_value());
    return std::move(*document);
}

OrderRequest limitOrder()
{
    OrderRequest request;
    request.clientOrderId = ClientOrderId("61e69015-8549-4bfd-b9c3-01e75843f47d");
    request.symbol = Symbol::of("BRK.B");
    request.quantity = Quantity::of("10");
    request.type = OrderType::Limit;
    request.limitPrice = Price::of("12.5");
    return request;
}

std::string orderText(const char* filled, const char* average, const char* status = "open")
{
    return std::string(R"({"id":228175,"type":"limit","symbol":"ACME","side":"buy","quantity":50.00000000,)") +
           R"("status":")" + status + R"(","duration":"day","price":22.0,"avg_fill_price":)" + average +
           R"(,"exec_quantity":)" + filled + R"(,"last_fill_quantity":0.0,"tag":"our-tag",)" +
           R"("create_date":"2026-01-05T14:59:00.000Z","transaction_date":"2026-01-05T15:00:00.000Z",)" +
           R"("class":"equity"})";
}

TEST(TradierTexts, AListOfNoneIsATextAndOneOfOneIsAnObject)
{
    EXPECT_TRUE(elementsOf(parsed(R"({"orders":"null"})")["orders"], "order").empty());
    EXPECT_TRUE(elementsOf(parsed(R"({"orders":null})")["orders"], "order").empty());
    const auto one = parsed(R"({"orders":{"order":{"id":1}}})"), two =
                                                                 parsed(R"({"orders":{"order":[{"id":1},{"id":2}]}})");
    EXPECT_EQ(elementsOf(one["orders"], "order").size(), 1u);
    EXPECT_EQ(elementsOf(two["orders"], "order").size(), 2u);
    const auto words = parsed(R"({"errors":{"error":"one reason"}})");
    ASSERT_EQ(elementsOf(words["errors"], "error").size(), 1u);
}

TEST(TradierTexts, AnOrderIsAFormWithItsIdAsTheTagAndItsSymbolInTradiersSpelling)
{
    const auto form = writeOrder(limitOrder(), {}, kNow);
    EXPECT_EQ(form, "symbol=BRK%2FB&side=buy&quantity=10&type=limit&price=12.5&class=equity&duration=day&tag="
                    "61e69015-8549-4bfd-b9c3-01e75843f47d");
    Modification change;
    change.limitPrice = Price::of("12.25");
    change.timeInForce = TimeInForce::Gtc;
    EXPECT_EQ(writeModification(change), "price=12.25&duration=gtc");
}

TEST(TradierTexts, AGroupsLegsAreCountedFromZero)
{
    auto request = limitOrder();
    request.symbol = Symbol::of("ACME");
    request.orderClass = OrderClass::Bracket;
    request.takeProfit.emplace();
    request.takeProfit->limitPrice = Price::of("13");
    request.stopLoss.emplace();
    request.stopLoss->stopPrice = Price::of("12");
    const auto form = writeOrder(request, {}, kNow);
    for (const char* part : {"symbol%5B0%5D", "symbol[0]=ACME"})
        if (form.find(part) != std::string::npos) {
            EXPECT_NE(form.find("type[0]=limit"), std::string::npos) << form;
            EXPECT_NE(form.find("side[1]=sell"), std::string::npos) << form;
            EXPECT_NE(form.find("type[2]=stop"), std::string::npos) << form;
            EXPECT_NE(form.find("class=otoco"), std::string::npos) << form;
            return;
        }
    FAIL() << form;
}

TEST(TradierTexts, WhetherASaleOpensIsSaidByThePosition)
{
    EXPECT_EQ(sideWord(Side::Sell, Quantity::of("5")), "sell");
    EXPECT_EQ(sideWord(Side::Sell, {}), "sell_short");
    EXPECT_EQ(sideWord(Side::Buy, Quantity::of("-5")), "buy_to_cover");
    EXPECT_EQ(sideWord(Side::Buy, {}), "buy");
}

TEST(TradierTexts, ErrorsWithStatus200AreRefusals)
{
    const auto refused = readErrors(parsed(R"({"errors":{"error":["InitialMargin","Backoffice rejected"]}})").root());
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->code, "tradier.insufficient_buying_power");
    EXPECT_EQ(refused->kind, ErrorKind::Denied);
    EXPECT_FALSE(readErrors(parsed(R"({"order":{"id":1,"status":"ok"}})").root()));
}

TEST(TradierTexts, AStatusSaysWhetherAnythingCanHaveHappened)
{
    EXPECT_EQ(readError(500, "").kind, ErrorKind::OutcomeUnknown);
    EXPECT_EQ(readError(429, "Quota Violation").kind, ErrorKind::Unavailable);
    EXPECT_EQ(readError(401, "Invalid Access Token").code, "tradier.unauthorized");
    EXPECT_EQ(readError(400, "Invalid parameter").kind, ErrorKind::Invalid);
}

TEST(TradierTexts, ExecutionsAreTheStepsOfTheTotals)
{
    OrderTracker tracker(kAccount, Timestamp());
    const auto told = [&](const char* filled, const char* average) {
        const auto document = parsed(orderText(filled, average));
        const auto order = readOrder(document.root(), kAccount);
        QD_ASSERT(order.has_value());
        tracker.settle(*order, kNow);
        return tracker.fillsSince({});
    };
    EXPECT_TRUE(told("0.0", "0.0").empty());
    auto fills = told("10.0", "22.0");
    ASSERT_EQ(fills.size(), 1u);
    EXPECT_EQ(fills[0].price, Price::of("22"));
    EXPECT_EQ(fills[0].executionId.text(), "tradier-228175-10");
    // 40 at 21.75 on average: 30 more at (40·21.75 − 10·22) ÷ 30.
    fills = told("40.0", "21.75");
    ASSERT_EQ(fills.size(), 2u);
    EXPECT_EQ(fills[1].quantity, Quantity::of("30"));
    EXPECT_EQ(fills[1].price, Price::of("21.66666667"));
    EXPECT_EQ(told("40.0", "21.75").size(), 2u) << "the same total again is no execution";
    EXPECT_EQ(fills[0].clientOrderId.text(), "our-tag");
}

TEST(TradierTexts, TheLastFillsQuantityIsNotBelieved)
{
    OrderTracker tracker(kAccount, Timestamp());
    auto request = limitOrder();
    tracker.noteTaken(7, request, kNow);
    const auto event = readEvent(parsed(R"({"id":7,"event":"order","status":"filled","type":"limit","price":12.5,
        "stop_price":0.0,"avg_fill_price":12.4,"exec_quantity":10.0,"last_fill_quantity":0.0,
        "remaining_quantity":0.0,"transaction_date":"2026-01-05T15:00:00.277Z"})").root());
    ASSERT_TRUE(event) << describe(event.error());
    const auto updates = tracker.apply(*event, kNow);
    ASSERT_TRUE(updates);
    ASSERT_FALSE(updates->empty());
    ASSERT_TRUE(updates->front().fill);
    EXPECT_EQ(updates->front().fill->quantity, Quantity::of("10"));
    EXPECT_EQ(updates->front().fill->price, Price::of("12.4"));
}

TEST(TradierTexts, StatusesAreTheOnesThatTheWordsMean)
{
    struct Row {
        const char* word;
        OrderState state;
    };
    for (const auto& row : {Row{"open", OrderState::Accepted}, Row{"pending", OrderState::Accepted},
                            Row{"calculated", OrderState::Accepted}, Row{"accepted_for_bidding", OrderState::Accepted},
                            Row{"held", OrderState::Held}, Row{"filled", OrderState::Filled},
                            Row{"canceled", OrderState::Canceled}, Row{"expired", OrderState::Expired},
                            Row{"rejected", OrderState::Rejected}, Row{"error", OrderState::Rejected}}) {
        const auto order = readOrder(parsed(orderText("0.0", "0.0", row.word)).root(), kAccount);
        ASSERT_TRUE(order) << row.word;
        EXPECT_EQ(order->report.state, row.state) << row.word;
        EXPECT_EQ(order->report.venueStatus, row.word);
    }
    const auto traded = readOrder(parsed(orderText("10.0", "22.0", "open")).root(), kAccount);
    EXPECT_EQ(traded->report.state, OrderState::PartiallyFilled) << "some of it has traded";
}

TEST(TradierTexts, WordsOfTheStreamAreToldAsWhatTheyMean)
{
    OrderTracker tracker(kAccount, Timestamp());
    tracker.noteTaken(7, limitOrder(), kNow);
    const auto told = [&](const std::string& word, const char* filled = "0.0") {
        const auto event = readEvent(parsed(R"({"id":7,"event":"order","status":")" + word +
                                            R"(","price":12.5,"avg_fill_price":12.4,"exec_quantity":)" + filled +
                                            R"(,"transaction_date":"2026-01-05T15:00:00Z"})")
                                         .root());
        QD_ASSERT(event.has_value());
        const auto updates = tracker.apply(*event, kNow);
        QD_ASSERT(updates.has_value());
        std::vector<OrderEventKind> kinds;
        for (const auto& update : *updates) kinds.push_back(update.kind);
        return kinds;
    };
    using Kinds = std::vector<OrderEventKind>;
    EXPECT_EQ(told("held"), Kinds{OrderEventKind::Held});
    EXPECT_EQ(told("open"), Kinds{OrderEventKind::Accepted}) << "its turn has come";
    for (const char* word : {"pending", "calculated", "accepted_for_bidding"}) EXPECT_EQ(told(word), Kinds{}) << word;
    EXPECT_EQ(tracker.find(7)->state, OrderState::Accepted) << "\"pending\" may come after \"open\"";

    EXPECT_EQ(told("frozen"), Kinds{OrderEventKind::Updated});
    EXPECT_EQ(tracker.find(7)->state, OrderState::Submitted) << "no news about where it stands";
    EXPECT_EQ(tracker.find(7)->venueStatus, "unknown: status frozen");
    EXPECT_EQ(told("frozen", "4.0"), (Kinds{OrderEventKind::Filled, OrderEventKind::Updated}))
        << "what has traded has, whatever the word";

    EXPECT_EQ(told("error", "4.0"), Kinds{OrderEventKind::Rejected});
    EXPECT_FALSE(tracker.find(7)->reason.empty());
    EXPECT_EQ(told("pending", "4.0"), Kinds{}) << "what has ended does not begin again";
    EXPECT_EQ(tracker.find(7)->state, OrderState::Rejected);
    EXPECT_EQ(told("thawed", "4.0"), Kinds{});
}

TEST(TradierTexts, OutsideRegularHoursTheHourSaysWhichOfThemIsMeant)
{
    auto request = limitOrder();
    request.extendedHours = true;
    const auto durationAt = [&](const char* time) {
        const auto form = writeOrder(request, {}, Timestamp::of(time));
        const auto from = form.find("duration=") + 9;
        return form.substr(from, form.find('&', from) - from);
    };
    EXPECT_EQ(durationAt("2026-01-05T13:00:00Z"), "pre") << "eight in New York's winter";
    EXPECT_EQ(durationAt("2026-01-05T16:59:59Z"), "pre");
    EXPECT_EQ(durationAt("2026-01-05T17:00:00Z"), "post") << "noon";
    EXPECT_EQ(durationAt("2026-07-06T15:59:59Z"), "pre") << "in summer the clock is an hour ahead";
    EXPECT_EQ(durationAt("2026-07-06T16:00:00Z"), "post");
    request.extendedHours = false;
    EXPECT_EQ(durationAt("2026-01-05T13:00:00Z"), "day");
    request.timeInForce = TimeInForce::Gtc;
    EXPECT_EQ(durationAt("2026-01-05T13:00:00Z"), "gtc");
}

TEST(TradierTexts, AQuoteIsInRoundLotsButAContractsIsNot)
{
    const auto stock = readMarketEvent(parsed(R"({"type":"quote","symbol":"SPY","bid":281.84,"bidsz":60,"bidexch":"M",
        "biddate":"1557757189000","ask":281.85,"asksz":6,"askexch":"Z","askdate":"1557757190000"})").root(), kNow);
    ASSERT_TRUE(stock && *stock) << describe(stock.error());
    const auto& quote = std::get<Quote>(**stock);
    EXPECT_EQ(quote.bid, Price::of("281.84"));
    EXPECT_EQ(quote.bidSize, Quantity::of("6000"));
    EXPECT_EQ(quote.eventTime, Timestamp::fromMillis(1557757190000)) << "the newer side's";
    EXPECT_EQ(quote.receiveTime, kNow);
    const auto option = readMarketEvent(parsed(R"({"type":"quote","symbol":"TSLA250815C00150000","bid":1,"bidsz":60,
        "biddate":1557757189000,"ask":2,"asksz":6,"askdate":1557757190000})").root(), kNow);
    ASSERT_TRUE(option && *option);
    EXPECT_EQ(std::get<Quote>(**option).askSize, Quantity::of("6"));
}

TEST(TradierTexts, APrintIsReadAndOneThatIsTakenBackIsNone)
{
    const std::string sale = R"({"type":"timesale","symbol":"BRK/B","exch":"Q","bid":"282.08","ask":"282.09",
        "last":"282.09","size":"100","date":"1557758874355","seq":352795,"flag":"I","correction":false,
        "session":"normal","cancel":)";
    const auto print = readMarketEvent(parsed(sale + "false}").root(), kNow);
    ASSERT_TRUE(print && *print) << describe(print.error());
    const auto& trade = std::get<Trade>(**print);
    EXPECT_EQ(trade.symbol.text(), "BRK.B");
    EXPECT_EQ(trade.price, Price::of("282.09"));
    EXPECT_EQ(trade.size, Quantity::of("100"));
    EXPECT_EQ(trade.id, 352795);
    EXPECT_EQ(trade.condition, "I");
    const auto canceled = readMarketEvent(parsed(sale + "true}").root(), kNow);
    EXPECT_TRUE(canceled && !*canceled);
    const auto summary = readMarketEvent(parsed(R"({"type":"summary","symbol":"SPY","open":"282.42"})").root(), kNow);
    EXPECT_TRUE(summary && !*summary);
    for (const char* bad : {"{}", R"({"type":"quote","symbol":"SPY","bid":"x"})",
                            R"({"type":"timesale","symbol":"SPY","last":-1,"size":1,"date":1557758874355})",
                            R"({"type":"timesale","symbol":"SPY","last":1,"size":1,"date":0})"})
        EXPECT_FALSE(readMarketEvent(parsed(bad).root(), kNow)) << bad;
}

TEST(TradierTexts, ARowOfQuotesTellsQuoteLastSaleAndDays)
{
    const auto row = parsed(R"({"symbol":"SPY","last":281.85,"last_volume":100,"trade_date":1557757190000,"bid":281.84,
        "bidsize":60,"bid_date":1557757189000,"ask":281.85,"asksize":6,"ask_date":1557757190000,"open":282.42,
        "high":283.49,"low":281.07,"close":null,"prevclose":288.1,"volume":1000})");
    const auto read = readQuoteRow(row.root(), kNow, DayZone::NewYork);
    ASSERT_TRUE(read && read->quote && read->trade && read->day && read->previousDay);
    EXPECT_EQ(read->day->close, Price::of("281.85")) << "until there is a close";
    EXPECT_EQ(read->day->start, Timestamp::of("2019-05-13T04:00:00Z"));
    EXPECT_EQ(read->previousDay->close, Price::of("288.1"));
    EXPECT_LT(read->previousDay->start, read->day->start);
    const auto bare = parsed(R"({"symbol":"SPY","last":null,"bid":null})");
    const auto nothing = readQuoteRow(bare.root(), kNow, DayZone::NewYork);
    ASSERT_TRUE(nothing);
    EXPECT_FALSE(nothing->quote || nothing->trade || nothing->day);
    EXPECT_FALSE(readQuoteRow(parsed("17").root(), kNow, DayZone::NewYork));
}

TEST(TradierTexts, BarsOfADayBeginAtMidnightInNewYorkAndHoursAreGathered)
{
    const auto day = parsed(R"({"date":"2019-05-13","open":1,"high":3,"low":0.5,"close":2,"volume":100})");
    EXPECT_EQ(readDayBar(day.root(), DayZone::NewYork)->start, Timestamp::of("2019-05-13T04:00:00Z"));
    EXPECT_EQ(readDayBar(day.root(), DayZone::Utc)->start, Timestamp::of("2019-05-13T00:00:00Z"));
    std::vector<Bar> quarters;
    for (int i = 0; i < 6; ++i)
        quarters.push_back({Timestamp::of("2026-01-05T15:30:00Z") + std::chrono::minutes(15 * i),
                            Price::of("10"), Price::of(std::to_string(11 + i)), Price::of(std::to_string(9 - i)),
                            Price::of(std::to_string(10 + i)), Quantity::of("100"), 1});
    const auto hours = gather(quarters, std::chrono::hours(1));
    ASSERT_EQ(hours.size(), 2u);
    EXPECT_EQ(hours[0].start, Timestamp::of("2026-01-05T15:00:00Z"));
    EXPECT_EQ(hours[0].close, Price::of("11"));
    EXPECT_EQ(hours[1].high, Price::of("16"));
    EXPECT_EQ(hours[1].low, Price::of("4"));
    EXPECT_EQ(hours[1].volume, Quantity::of("400"));
    EXPECT_EQ(wallClock(Timestamp::of("2026-01-05T15:05:00Z")), "2026-01-05 10:05");
}

} // namespace
} // namespace qd::brokers::tradier
