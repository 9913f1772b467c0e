#include <gtest/gtest.h>

#include "services/brokers/alpaca/alpaca_broker.h"
#include "services/brokers/alpaca/order_json.h"
#include "services/json/json.h"
#include "tests/services/brokers/venue_world.h"

// Option contracts at Alpaca: how they are read, which are listed, how one that is not is found, and
// that no order is sent for them.

namespace qd::brokers {
namespace {

using std::chrono::minutes;

Result<Instrument> contract(const std::string& text)
{
    const auto document = json::Document::parse(text);
    EXPECT_TRUE(document);
    return alpaca::readContract(document->root());
}

TEST(AlpacaContracts, OneIsNamedAfterItsSymbol)
{
    const auto read = contract(R"({"symbol":"SPY240419C00500000","tradable":true,"name":"x"})");
    ASSERT_TRUE(read) << describe(read.error());
    EXPECT_EQ(read->symbol, Symbol::of("SPY240419C00500000"));
    EXPECT_EQ(read->assetClass, AssetClass::Option);
    EXPECT_TRUE(read->tradable);
    EXPECT_NE(read->name.find("SPY"), std::string::npos) << read->name;
    EXPECT_NE(read->name.find("500"), std::string::npos) << read->name;
    EXPECT_FALSE(contract(R"({"symbol":"SPY240419C00500000","tradable":false})")->tradable);
}

TEST(AlpacaContracts, WhatIsNoneIsASchemaFault)
{
    for (const char* text : {R"({"symbol":"SPY","tradable":true})", R"({"tradable":true})",
                             R"({"symbol":"SPY240419C00500000"})",
                             R"({"symbol":"SPY240419C00500000","tradable":"yes"})"}) {
        const auto read = contract(text);
        ASSERT_FALSE(read) << text;
        EXPECT_EQ(read.error().code, "alpaca.schema") << text;
    }
}

/// A venue with one share and as many pages of contracts as the test says.
class AlpacaListing : public ::testing::Test, public test::VenueWorld {
protected:
    using Listed = Result<std::vector<Instrument>>;

    Listed list(bool simulated)
    {
        AlpacaSettings given = settings();
        given.simulated = simulated;
        AlpacaBroker broker(std::move(given), *http, *sockets, core, world.random());
        std::optional<Listed> listed;
        broker.listInstruments([&](Listed told) { listed = std::move(told); });
        run(minutes(2));
        EXPECT_TRUE(listed);
        return listed.value_or(fail(ErrorKind::Corrupt, "test.no_answer", ""));
    }
    Result<Instrument> find(AlpacaBroker& broker, const char* symbol)
    {
        std::optional<Result<Instrument>> told;
        broker.findInstrument(Symbol::of(symbol),
                              [&](Result<Instrument> found) { told = std::move(found); });
        run(minutes(1));
        EXPECT_TRUE(told);
        return told.value_or(fail(ErrorKind::Corrupt, "test.no_answer", ""));
    }
    /// The pages asked for, by their tokens.
    std::vector<std::string> pagesAsked() const
    {
        std::vector<std::string> tokens;
        for (const wire::HttpRequest& request : venue.requests) {
            const auto target = wire::Target::parse(request.target);
            if (target && target->path == "/v2/options/contracts")
                tokens.emplace_back(target->queryValue("page_token"));
        }
        return tokens;
    }
    /// Page after page of one contract each; the last has no token.
    void serve(int pages)
    {
        venue.answer = [pages](const wire::HttpRequest& request) {
            const auto target = wire::Target::parse(request.target);
            if (target->path != "/v2/options/contracts")
                return wire::HttpResponse{
                    200, {}, R"([{"symbol":"SPY","class":"us_equity","tradable":true}])"};
            const std::string token(target->queryValue("page_token"));
            const int page = token.empty() ? 0 : std::stoi(token);
            const std::string next = page + 1 < pages ? '"' + std::to_string(page + 1) + '"' : "null";
            return wire::HttpResponse{
                200,
                {},
                R"({"option_contracts":[{"symbol":"SPY240419C0050)" + std::to_string(page % 10) +
                    R"(000","tradable":true},{"symbol":"?"}],"next_page_token":)" + next + "}"};
        };
    }
};

TEST_F(AlpacaListing, ASandboxsContractsAreReadPageByPageBehindItsShares)
{
    serve(3);
    const auto listed = list(/*simulated=*/true);
    ASSERT_TRUE(listed);
    ASSERT_EQ(listed->size(), 4u);
    EXPECT_EQ(listed->front().symbol, Symbol::of("SPY"));
    EXPECT_EQ(listed->back().symbol, Symbol::of("SPY240419C00502000"));
    EXPECT_EQ(pagesAsked(), (std::vector<std::string>{"", "1", "2"}));
}

TEST_F(AlpacaListing, AlpacasMillionContractsAreNotListed)
{
    serve(3);
    const auto listed = list(/*simulated=*/false);
    ASSERT_TRUE(listed);
    EXPECT_EQ(listed->size(), 1u);
    EXPECT_TRUE(pagesAsked().empty());
}

TEST_F(AlpacaListing, APagingThatNeverEndsIsLeft)
{
    serve(1'000'000);
    const auto listed = list(/*simulated=*/true);
    ASSERT_TRUE(listed);
    EXPECT_EQ(pagesAsked().size(), 10u);
    EXPECT_EQ(listed->size(), 11u);
}

TEST_F(AlpacaListing, AVenueThatKnowsNoOptionsStillListsItsShares)
{
    venue.answer = [](const wire::HttpRequest& request) {
        if (request.target.starts_with("/v2/options"))
            return wire::HttpResponse{404, {}, R"({"code":40410000,"message":"not found"})"};
        return wire::HttpResponse{200, {}, R"([{"symbol":"SPY","class":"us_equity","tradable":true}])"};
    };
    const auto listed = list(/*simulated=*/true);
    ASSERT_TRUE(listed);
    EXPECT_EQ(listed->size(), 1u);
}

TEST_F(AlpacaListing, AContractThatIsNotListedIsFoundByItsSymbol)
{
    AlpacaBroker broker(settings(), *http, *sockets, core, world.random());
    EXPECT_TRUE(broker.mayLeaveOut(Symbol::of("SPY240419C00500000")));
    EXPECT_FALSE(broker.mayLeaveOut(Symbol::of("SPY")));
    venue.next(200, R"({"symbol":"SPY240419C00500000","tradable":true})");
    const auto found = find(broker, "SPY240419C00500000");
    ASSERT_TRUE(found) << describe(found.error());
    EXPECT_EQ(found->symbol, Symbol::of("SPY240419C00500000"));
    EXPECT_EQ(found->assetClass, AssetClass::Option);
    ASSERT_EQ(venue.requests.size(), 1u);
    EXPECT_EQ(wire::Target::parse(venue.requests[0].target)->path,
              "/v2/options/contracts/SPY240419C00500000");
}

TEST_F(AlpacaListing, AContractThatDoesNotExistIsNotFoundAndAnotherIsNone)
{
    AlpacaBroker broker(settings(), *http, *sockets, core, world.random());
    venue.next(404, R"({"code":40410000,"message":"option contract not found"})");
    EXPECT_EQ(find(broker, "SPY240419C00500000").error().kind, ErrorKind::NotFound);
    venue.next(200, R"({"symbol":"SPY240419P00500000","tradable":true})");
    EXPECT_EQ(find(broker, "SPY240419C00500000").error().code, "alpaca.schema");
    venue.next(503, "");
    EXPECT_NE(find(broker, "SPY240419C00500000").error().kind, ErrorKind::NotFound);
}

TEST_F(AlpacaListing, AnOrderForAContractIsRefusedBeforeItIsSent)
{
    const AlpacaBroker broker(settings(), *http, *sockets, core, world.random());
    const auto instrument = contract(R"({"symbol":"SPY240419C00500000","tradable":true})");
    OrderRequest request;
    request.clientOrderId = ClientOrderId("61e69015-8549-4bfd-b9c3-01e75843f47d");
    request.symbol = instrument->symbol;
    request.type = OrderType::Limit;
    request.quantity = Quantity::of("1");
    request.limitPrice = Price::of("1.20");
    const auto refused = checkCapabilities(broker.capabilities(), request, *instrument);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::Invalid);
    EXPECT_EQ(refused.error().field, "symbol");
    Capabilities withOptions = broker.capabilities();
    withOptions.options = true;
    EXPECT_TRUE(checkCapabilities(withOptions, request, *instrument));
    EXPECT_TRUE(venue.requests.empty());
}

} // namespace
} // namespace qd::brokers
