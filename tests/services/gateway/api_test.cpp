#include "services/gateway/api.h"

#include <gtest/gtest.h>

#include "services/gateway/system_api.h"
#include "tests/support/sim_world.h"

namespace qd::gateway {
namespace {

/// Tokens are the names of roles: enough to walk every endpoint with every role.
class RoleTokens final : public Authenticator {
public:
    Result<Caller> authenticate(std::string_view token) const override
    {
        for (const auto role : {Role::Viewer, Role::Trader, Role::Support, Role::Operator, Role::Admin})
            if (token == toString(role)) return Caller{"user:" + std::string(token), {role}};
        return fail(ErrorKind::Denied, "auth.invalid_token", "unknown");
    }
};

class ApiTest : public ::testing::Test {
protected:
    wire::HttpResponse call(const std::string& method, const std::string& target,
                            const std::string& token = "admin", const std::string& body = {},
                            const wire::Headers& more = {})
    {
        wire::HttpRequest request{method, target, more, body, std::chrono::seconds(10), "127.0.0.1"};
        if (!token.empty()) request.headers.set("Authorization", "Bearer " + token);
        std::optional<wire::HttpResponse> answer;
        m_api.handle(std::move(request),
                     [&](wire::HttpResponse response) { answer = std::move(response); });
        m_world.runReady();
        EXPECT_TRUE(answer.has_value()) << method << " " << target << " was never answered";
        return answer.value_or(wire::HttpResponse{});
    }

    static json::Document parse(const wire::HttpResponse& response)
    {
        auto document = json::Document::parse(response.body);
        EXPECT_TRUE(document.has_value()) << response.body;
        return std::move(*document);
    }

    static ApiSettings settings()
    {
        ApiSettings settings;
        settings.allowedOrigins = {"https://desk.example"};
        settings.orders = {.count = 60, .period = std::chrono::minutes(1), .burst = 3};
        settings.callsMax = 4;
        settings.callsReserved = 1;
        return settings;
    }

    void add(EndpointSpec spec)
    {
        m_api.add(std::move(spec), [this](const CallPtr& call) {
            if (m_hold)
                m_held.push_back(call);
            else
                call->answer(200, "{\"ok\":true}");
        });
    }

    test::SimWorld m_world{7};
    test::SimExecutor m_core{m_world};
    RoleTokens m_tokens;
    Api m_api{settings(), m_tokens, m_core, m_world.random()};
    bool m_hold = false;
    std::vector<CallPtr> m_held;
};

TEST_F(ApiTest, ARoleServesItselfAndWhatIncludesIt) // endpoints_test.cpp: the real ones
{
    const Role asked[] = {Role::Anyone, Role::Viewer, Role::Trader, Role::Support, Role::Operator,
                          Role::Admin};
    for (const auto role : asked)
        add({.method = "GET", .path = "/v1/for/" + std::string(toString(role)), .role = role,
             .summary = "", .query = {}, .body = {}, .errors = {}});
    for (const auto need : asked) {
        const auto target = "/v1/for/" + std::string(toString(need));
        EXPECT_EQ(call("GET", target, "").status, need == Role::Anyone ? 200 : 401);
        for (const auto held : asked) {
            if (held == Role::Anyone) continue;
            const int expected = includes(held, need) ? 200 : 403;
            EXPECT_EQ(call("GET", target, std::string(toString(held))).status, expected)
                << toString(held) << " calling " << toString(need);
        }
    }
}

TEST_F(ApiTest, ForeignOriginGets403OnHttpAndOnUpgrade)
{
    add({.method = "GET", .path = "/v1/x", .role = Role::Anyone, .summary = "", .query = {},
         .body = {}, .errors = {}});
    EXPECT_EQ(call("GET", "/v1/x", "", "", {{"Origin", "https://evil.example"}}).status, 403);
    EXPECT_EQ(call("GET", "/v1/x", "", "", {{"Origin", "https://desk.example"}}).status, 200);
    EXPECT_EQ(call("GET", "/v1/x", "").status, 200);
    wire::HttpRequest upgrade{"GET", "/v1/stream", {{"Origin", "https://evil.example"}}, {},
                              std::chrono::seconds(1), {}};
    const auto refused = m_api.upgrade(upgrade);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().status, 403);
}

TEST_F(ApiTest, BodyFieldsAreCheckedAgainstTheDeclarationAllAtOnce)
{
    add({.method = "POST", .path = "/v1/x", .role = Role::Trader, .summary = "", .query = {},
         .body = {{.name = "quantity", .type = FieldType::Decimal, .required = true, .example = "1"},
                  {.name = "side", .required = true, .allowed = {"buy", "sell"}},
                  {.name = "note", .lengthMax = 3}},
         .errors = {}});
    const auto refused =
        call("POST", "/v1/x", "trader", R"({"side":"hold","note":"four","extra":1})");
    EXPECT_EQ(refused.status, 422);
    const auto document = parse(refused);
    std::map<std::string, std::string> found;
    for (const auto& error : document.root()["errors"].items())
        found[std::string(error["field"].stringOr({}))] = std::string(error["code"].stringOr({}));
    EXPECT_EQ(found["quantity"], "request.required");
    EXPECT_EQ(found["side"], "request.wrong_type");
    EXPECT_EQ(found["note"], "request.wrong_type");
    EXPECT_EQ(found["extra"], "request.unknown_field");
    EXPECT_EQ(call("POST", "/v1/x", "trader", R"({"quantity":"1.5","side":"buy"})").status, 200);
    EXPECT_EQ(call("POST", "/v1/x", "trader", "{").status, 400);
    EXPECT_EQ(call("POST", "/v1/x", "trader", "[]").status, 400);
}

TEST_F(ApiTest, TimesAreOfTheseCenturies)
{
    add({.method = "GET", .path = "/v1/x", .summary = "",
         .query = {{.name = "from", .type = FieldType::Time}}, .body = {}, .errors = {}});
    EXPECT_EQ(call("GET", "/v1/x?from=1900-01-01T00:00:00Z").status, 200);
    EXPECT_EQ(call("GET", "/v1/x?from=2199-12-31T23:59:59Z").status, 200);
    for (const char* from : {"1899-12-31T23:59:59Z", "2200-01-01T00:00:00Z", "yesterday"})
        EXPECT_EQ(call("GET", "/v1/x?from=" + std::string(from)).status, 422) << from;
}

TEST_F(ApiTest, WrongMethodAndUnknownPathAreToldApart)
{
    add({.method = "GET", .path = "/v1/orders/{id}", .summary = "", .query = {}, .body = {},
         .errors = {}});
    EXPECT_EQ(call("GET", "/v1/orders/abc").status, 200);
    EXPECT_EQ(call("PUT", "/v1/orders/abc").status, 405);
    EXPECT_EQ(call("GET", "/v1/orders/abc/def").status, 404);
    EXPECT_EQ(call("GET", "/v1/orders/").status, 404);
}

TEST_F(ApiTest, BeyondTheRateA429TellsWhenToComeBack)
{
    add({.method = "POST", .path = "/v1/o", .role = Role::Trader, .rate = RateClass::Orders,
         .summary = "", .query = {}, .body = {}, .errors = {}});
    for (int i = 0; i < 3; ++i) EXPECT_EQ(call("POST", "/v1/o", "trader").status, 200);
    const auto limited = call("POST", "/v1/o", "trader");
    EXPECT_EQ(limited.status, 429);
    EXPECT_EQ(limited.headers.find("Retry-After"), "1");
    EXPECT_EQ(limited.headers.find("RateLimit-Limit"), "3");
    EXPECT_EQ(call("POST", "/v1/o", "admin").status, 200) << "limits are per caller";
    m_world.run(std::chrono::seconds(1));
    EXPECT_EQ(call("POST", "/v1/o", "trader").status, 200);
}

TEST_F(ApiTest, OverloadIsRefusedEarlyAndOrdersKeepAReserve)
{
    add({.method = "GET", .path = "/v1/q", .summary = "", .query = {}, .body = {}, .errors = {}});
    add({.method = "POST", .path = "/v1/o", .role = Role::Trader, .rate = RateClass::Orders,
         .summary = "", .query = {}, .body = {}, .errors = {}});
    m_hold = true;
    const auto start = [&](const std::string& method, const std::string& target, int* status) {
        wire::HttpRequest request{method, target, {{"Authorization", "Bearer admin"}}, {},
                                  std::chrono::seconds(1), {}};
        m_api.handle(std::move(request),
                     [status](const wire::HttpResponse& response) { *status = response.status; });
    };
    int status[5] = {};
    for (int i = 0; i < 3; ++i) start("GET", "/v1/q", &status[i]);
    start("GET", "/v1/q", &status[3]);
    EXPECT_EQ(status[3], 503) << "queries leave the reserve alone";
    start("POST", "/v1/o", &status[4]);
    EXPECT_EQ(status[4], 0) << "an order uses it";
    EXPECT_EQ(m_api.callsUnderWay(), 4);
    for (const auto& held : m_held) held->answer(200, "{}");
    m_held.clear();
    EXPECT_EQ(m_api.callsUnderWay(), 0);
    EXPECT_EQ(m_api.refusedOverload(), 1u);
}

TEST_F(ApiTest, ACallThatNobodyAnswersStillGetsAnAnswer)
{
    m_api.add({.method = "GET", .path = "/v1/lost", .role = Role::Anyone, .summary = "", .query = {},
               .body = {}, .errors = {}},
              [](const CallPtr&) {});
    const auto lost = call("GET", "/v1/lost", "");
    EXPECT_EQ(lost.status, 500);
    const auto document = parse(lost);
    EXPECT_EQ(document.root()["code"].stringOr({}), "gateway.no_answer");
}

TEST_F(ApiTest, TheCallersTraceIsContinued)
{
    add({.method = "GET", .path = "/v1/x", .role = Role::Anyone, .summary = "", .query = {},
         .body = {}, .errors = {}});
    std::optional<FinishedCall> finished;
    m_api.observe([&](const FinishedCall& done) { finished = done; });
    const std::string parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const auto answer = call("GET", "/v1/x", "", "", {{"traceparent", parent}});
    const auto given = std::string(answer.headers.find("traceparent"));
    EXPECT_EQ(given.substr(3, 32), "0af7651916cd43dd8448eb211c80319c");
    EXPECT_NE(given.substr(36, 16), "b7ad6b7169203331");
    ASSERT_TRUE(finished && finished->parent);
    EXPECT_EQ(finished->parent->spanIdHex(), "b7ad6b7169203331");
    EXPECT_EQ(finished->trace.spanIdHex(), given.substr(36, 16));
}

TEST_F(ApiTest, OpenApiTellsRolesStatusesAndRequiredMembers)
{
    add({.method = "GET", .path = "/v1/orders/{id}", .role = Role::Viewer, .summary = "One",
         .query = {{.name = "limit", .type = FieldType::Integer}}, .body = {}, .errors = {404}});
    add({.method = "POST", .path = "/v1/orders", .role = Role::Trader, .summary = "Submit",
         .query = {}, .body = {{.name = "symbol", .required = true}}, .errors = {422}});
    const auto document = json::Document::parse(openApiJson(m_api, "1"));
    ASSERT_TRUE(document);
    const auto paths = document->root()["paths"];
    EXPECT_EQ(paths["/v1/orders/{id}"]["get"]["x-role"].stringOr({}), "viewer");
    EXPECT_TRUE(paths["/v1/orders/{id}"]["get"]["responses"]["404"].isObject());
    EXPECT_EQ(paths["/v1/orders"]["post"]["requestBody"]["content"]["application/json"]["schema"]
                   ["required"].at(0).stringOr({}),
              "symbol");
}

TEST(BackupPath, LeavesItsFolderForNobody)
{
    for (const auto* name : {"", "../x", "a/b", "/etc/passwd", ".hidden"})
        EXPECT_FALSE(backupPath("/nonexistent", name)) << name;
}

} // namespace
} // namespace qd::gateway
