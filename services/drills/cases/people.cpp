#include "services/drills/cases/people.h"

namespace qd::drills {
namespace {

CallOptions bearing(const std::string& token)
{
    CallOptions options;
    options.headers.set("Authorization", token.empty() ? "none" : "Bearer " + token);
    return options;
}

} // namespace

std::string SignedInDevice::refreshBody() const
{
    json::Writer out;
    out.beginObject().member("refreshToken", refresh).member("deviceKey", deviceKey).endObject();
    return out.take();
}

std::string People::make(const std::string& email, const std::string& roles)
{
    const auto made = m_stage.call("POST", "/v1/users",
                                   R"({"email":")" + email +
                                       R"(","displayName":"Planted Name","password":")" +
                                       kPeoplesPassword + R"(","roles":)" + roles + "}");
    require(made.status == 201, "the owner could not make {}: {} {}", email, made.status, made.body);
    return made.text("id");
}

SignedInDevice People::signIn(const std::string& email)
{
    const auto in = openly("POST", "/v1/session", credentials(email, kPeoplesPassword));
    require(in.status == 200, "{} could not sign in: {} {}", email, in.status, in.body);
    return {in.text("accessToken"), in.text("refreshToken"), in.text("session"),
            in.text("deviceKey")};
}

Answer People::ask(const std::string& token, const std::string& method, const std::string& path,
                   const std::string& body)
{
    auto answer = m_stage.api().call(method, path, body, bearing(token));
    require(answer.has_value(), "{} {} was not answered: {}", method, path, whyNot(answer));
    return std::move(*answer);
}

Answer People::as(const SignedInDevice& who, const std::string& method, const std::string& path,
                  const std::string& body)
{
    return ask(who.access, method, path, body);
}

Answer People::openly(const std::string& method, const std::string& path, const std::string& body)
{
    return ask({}, method, path, body);
}

void People::stepUp(const SignedInDevice& who)
{
    const auto done = as(who, "POST", "/v1/session/step-up",
                         std::string(R"({"password":")") + kPeoplesPassword + "\"}");
    require(done.status == 200, "no step-up: {} {}", done.status, done.body);
}

std::size_t People::count()
{
    return m_stage.get("/v1/users?limit=500")["users"].size();
}

std::string People::credentials(const std::string& email, const std::string& password,
                                const std::string& more)
{
    return R"({"email":")" + email + R"(","password":")" + password +
           R"(","device":"a drill's desk")" + more + "}";
}

std::string People::newcomer(const std::string& email, const std::string& password)
{
    return R"({"email":")" + email + R"(","displayName":"Newcomer","password":")" + password + "\"}";
}

} // namespace qd::drills
