#include "services/gateway/internal_tokens.h"

#include <algorithm>
#include <array>

namespace qd::gateway {
namespace {

constexpr const char* kProgram = "quarterdeckd"; ///< issuer and audience: it asks for calls to itself
constexpr const char* kCallScope = "api";        ///< in every token: it is for this API
constexpr std::string_view kRoleScope = "api.";  ///< "api.operator"
constexpr std::array kMayBeGiven{Role::Viewer, Role::Trader, Role::Support, Role::Operator};

std::string scopeOf(Role role)
{
    return std::string(kRoleScope) + std::string(toString(role));
}

} // namespace

InternalTokens::InternalTokens(identity::SigningKey key, runtime::Executor& core,
                               runtime::Random& random, Keep keep)
    : m_core(core), m_random(random), m_keep(std::move(keep)),
      m_issuer(kProgram, std::move(key), core.clock()),
      m_verifier(kProgram, kProgram, core.clock())
{
    const auto added = m_verifier.keys().add(m_issuer.publicKey());
    QD_ASSERT(added.has_value());
}

InternalTokens::~InternalTokens() = default;

Result<Caller> InternalTokens::authenticate(std::string_view token) const
{
    const auto claims = m_verifier.verify(token, kCallScope);
    if (!claims)
        return fail(ErrorKind::Denied, "auth.invalid_token",
                    "this is no token of a program that is good now: " + claims.error().detail);
    Caller caller;
    caller.name = "program:" + claims->subject;
    caller.isProgram = true;
    for (const Role role : kMayBeGiven)
        for (const std::string& scope : claims->scopes)
            if (scope == scopeOf(role)) caller.roles = caller.roles.with(role);
    return caller;
}

void InternalTokens::issue(const CallPtr& call) const
{
    const auto program = call->body()["program"].stringOr({});
    std::vector<std::string> scopes{kCallScope};
    for (const auto& name : call->body()["roles"].items()) {
        const auto role = parseRole(name.stringOr({}));
        const bool mayBe =
            role && std::find(kMayBeGiven.begin(), kMayBeGiven.end(), *role) != kMayBeGiven.end();
        if (!mayBe)
            return call->answer(problemOf({ErrorKind::Invalid, "accounts.role",
                                           "expected viewer, trader, support or operator: a "
                                           "program is never an administrator",
                                           "roles"},
                                          "Not issued"));
        scopes.push_back(scopeOf(*role));
    }
    const auto token = m_issuer.issue(kProgram, std::string(program), scopes);
    if (!token) return call->answer(problemOf(token.error(), "Not issued"));
    const auto life =
        std::chrono::duration_cast<std::chrono::milliseconds>(identity::kInternalTokenLifeMax);
    json::Writer out;
    out.beginObject()
        .member("token", token->revealForUse())
        .member("expiresInMs", life.count())
        .member("key", m_issuer.publicKey().id)
        .endObject();
    call->answer(201, out.take());
}

void InternalTokens::rotate(const CallPtr& call)
{
    if (m_isRotating || m_verifier.keys().list().size() > 1)
        return call->answer(problemOf({ErrorKind::Conflict, "identity.keys_full",
                                       "the key before the present one is still good; try again "
                                       "in a minute",
                                       {}},
                                      "Not rotated"));
    m_isRotating = true;
    const auto next =
        std::make_shared<identity::SigningKey>(identity::SigningKey::make(m_random));
    m_keep(next->seed(), [this, call, next, alive = std::weak_ptr<bool>(m_alive)](
                             const Result<void>& kept) {
        if (alive.expired()) return;
        m_isRotating = false;
        if (!kept) return call->answer(problemOf(kept.error(), "Not rotated"));
        const std::string old = m_issuer.publicKey().id;
        const auto added = m_verifier.keys().add(next->publicKey());
        QD_ASSERT(added.has_value());
        m_issuer.rotate(std::move(*next));
        // Its last token has ended by then.
        m_retire = m_core.after(identity::kInternalTokenLifeMax + identity::kClockSkewMax,
                                [this, old] {
                                    const auto retired = m_verifier.keys().retire(old);
                                    QD_ASSERT(retired.has_value());
                                });
        json::Writer out;
        out.beginObject().member("key", m_issuer.publicKey().id).member("retiring", old).endObject();
        call->answer(200, out.take());
    });
}

void InternalTokens::addTo(Api& api)
{
    api.add({.method = "POST",
             .path = "/v1/internal/token",
             .role = Role::Admin,
             .stepUp = true,
             .summary = "A token for another program: a minute, and the roles that it names",
             .query = {},
             .body = {{.name = "program",
                       .required = true,
                       .help = "which one, as it stands in the log",
                       .lengthMax = identity::InternalClaims::kNameMax,
                       .example = "backup-job"},
                      {.name = "roles", .type = FieldType::Array, .required = true,
                       .lengthMax = kMayBeGiven.size(), .example = "[\"operator\"]"}},
             .errors = {422}},
            [this](const CallPtr& call) { issue(call); });
    api.add({.method = "POST",
             .path = "/v1/internal/rotate",
             .role = Role::Admin,
             .stepUp = true,
             .summary = "Another key for such tokens; those that are out stay good for their minute",
             .query = {},
             .body = {},
             .errors = {409, 503}},
            [this](const CallPtr& call) { rotate(call); });
}

} // namespace qd::gateway
