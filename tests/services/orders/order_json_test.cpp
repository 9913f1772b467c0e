#include <gtest/gtest.h>

#include "services/orders/order_json.h"

using namespace qd;

namespace {

Order fullOrder()
{
    Order order;
    OrderRequest& request = order.request;
    request.clientOrderId = ClientOrderId("61e69015-8549-4bfd-b9c3-01e75843f47d");
    request.account = AccountId("paper");
    request.symbol = Symbol::of("BRK.B");
    request.side = Side::Sell;
    request.type = OrderType::StopLimit;
    request.timeInForce = TimeInForce::Gtc;
    request.quantity = Quantity::of("10.5");
    request.limitPrice = Price::of("12.40");
    request.stopPrice = Price::of("12.45");
    request.extendedHours = true;
    request.orderClass = OrderClass::Bracket;
    request.takeProfit = TakeProfit{Price::of("11")};
    request.stopLoss = StopLoss{Price::of("13"), Price::of("13.10")};
    request.confirmations = {"precaution.size", "precaution.\"quoted\""};
    order.state = OrderState::PartiallyFilled;
    order.previousState = OrderState::Accepted;
    order.outcomeUnknown = true;
    order.venueOrderIds = {VenueOrderId("v1"), VenueOrderId("v\"2\\")};
    order.filledQuantity = Quantity::of("3");
    order.averagePrice = Price::of("12.41");
    order.groupId = "group";
    order.replaces = ClientOrderId("older");
    order.reasonCode = "broker.unknown_word";
    order.reasonText = "the venue says \"gl\xc3\xbc"
                       "hend\"\n\x01";
    order.createdAt = Timestamp::fromNanos(1'381'152'600'123'456'789);
    order.updatedAt = Timestamp::fromNanos(1'381'152'600'000'000'001);
    return order;
}

std::string textOf(const Order& order, orders::Detail detail)
{
    json::Writer writer;
    orders::writeOrder(writer, order, detail);
    return writer.take();
}

TEST(OrderJson, AnOrderComesBackFromTheLogAsItWas)
{
    Order plain = fullOrder();
    plain.venueOrderIds.clear();
    plain.request.confirmations.clear();
    plain.request.takeProfit.reset();
    plain.request.stopLoss.reset();
    for (const Order& order : {fullOrder(), plain}) {
        const auto document = json::Document::parse(textOf(order, orders::Detail::Log));
        ASSERT_TRUE(document.has_value());
        EXPECT_EQ(textOf(order, orders::Detail::Log).find("null"), std::string::npos);
        const auto read = orders::readOrder(document->root());
        ASSERT_TRUE(read.has_value()) << describe(read.error());
        EXPECT_EQ(*read, order);
    }
}

TEST(OrderJson, TheApiTellsMicrosecondsAndTheVersionAndEscapesWhatOthersWrote)
{
    Order order = fullOrder();
    order.version = 77;
    const auto document = json::Document::parse(textOf(order, orders::Detail::Api));
    ASSERT_TRUE(document.has_value());
    const json::Value root = document->root();
    EXPECT_EQ(root["createdAt"].stringOr(""), "2013-10-07T13:30:00.123456Z");
    EXPECT_TRUE(root["closedAt"].isNull());
    EXPECT_EQ(root["version"].integerOr(0), 77);
    EXPECT_EQ(root["venueOrderId"].stringOr(""), "v\"2\\");
    EXPECT_EQ(root["reasonText"].stringOr(""), order.reasonText);
    EXPECT_EQ(root["leavesQuantity"].stringOr(""), "7.5");
    EXPECT_FALSE(root.contains("confirmations"));
}

} // namespace
