#include "models/market/option_contract.h"

#include <gtest/gtest.h>

namespace qd {
namespace {

TEST(OptionContract, ASymbolSaysRootExpirationRightAndStrike)
{
    const auto contract = optionContractOf(Symbol::of("GOOG151224C00750000"));
    ASSERT_TRUE(contract);
    EXPECT_EQ(contract->root, "GOOG");
    EXPECT_EQ(contract->expiration, (Date{2015, 12, 24}));
    EXPECT_EQ(contract->right, OptionRight::Call);
    EXPECT_EQ(contract->strike, Price::of("750"));
    EXPECT_EQ(toString(*contract), "GOOG 24 Dec 2015 750 Call");
    EXPECT_EQ(*symbolOf(*contract), Symbol::of("GOOG151224C00750000"));
    EXPECT_EQ(toString(*optionContractOf(Symbol::of("F270115P00012500"))),
              "F 15 Jan 2027 12.5 Put");
    EXPECT_FALSE(optionContractOf(Symbol::of("GOOG")));
    EXPECT_FALSE(optionContractOf(Symbol::of("BTC/USD")));
}

TEST(OptionContract, WhatNoSymbolCanSayIsRefused)
{
    const auto code = [](const OptionContract& contract) {
        const auto symbol = symbolOf(contract);
        return symbol ? symbol->text() : symbol.error().code;
    };
    const Date day{2015, 12, 24};
    EXPECT_EQ(code({"TOOLONG", day, OptionRight::Put, Price::of("1")}), "symbol.option");
    EXPECT_EQ(code({"GOOG", day, OptionRight::Put, Price::of("0")}), "symbol.option");
    EXPECT_EQ(code({"GOOG", day, OptionRight::Put, Price::of("1.0005")}), "symbol.option");
    EXPECT_EQ(code({"GOOG", day, OptionRight::Put, Price::of("100000")}), "symbol.option");
    EXPECT_EQ(code({"GOOG", {2015, 2, 30}, OptionRight::Put, Price::of("1")}), "symbol.option");
    EXPECT_EQ(code({"GOOG", day, OptionRight::Put, Price::of("99999.999")}), "GOOG151224P99999999");
}

} // namespace
} // namespace qd
