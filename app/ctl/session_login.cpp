// Who the commands act as: signing in, tokens kept and refreshed, proofs of who it is.
#include "app/ctl/session.h"

#include "models/accounts/proof_of_work.h"
#include "services/runtime/clock.h"

namespace qd::ctl {

namespace {

constexpr std::chrono::seconds kSparedOfAccess{30};
constexpr int kQuestionsMax = 4; ///< puzzle, code, and either once more

Timestamp now()
{
    return runtime::systemClock().now();
}

runtime::Secret secretOf(const drills::Answer& answer, std::string_view member)
{
    return runtime::Secret(answer.text(member));
}

} // namespace

const Login* Session::login()
{
    api();
    return m_login && !m_login->session.empty() ? &*m_login : nullptr;
}

void Session::keepLogin(const drills::Answer& tokens)
{
    m_login->session = tokens.text("session");
    m_login->accessToken = secretOf(tokens, "accessToken");
    m_login->accessUntil =
        now() + std::chrono::milliseconds(tokens["accessExpiresInMs"].integerOr(0));
    m_login->refreshToken = secretOf(tokens, "refreshToken");
    if (!tokens["deviceKey"].isAbsent()) m_login->deviceKey = secretOf(tokens, "deviceKey");
    Login copy{m_login->url,
               m_login->email,
               m_login->session,
               m_login->accessToken.clone(),
               m_login->accessUntil,
               m_login->refreshToken.clone(),
               m_login->deviceKey.clone()};
    if (const auto kept = Logins(Logins::defaultPath()).put(std::move(copy)); !kept)
        complain("the login is not kept: " + describe(kept.error()));
    m_api = std::make_unique<drills::ApiClient>(*m_link, m_url, m_login->accessToken.clone());
}

void Session::useLogin()
{
    if (now() + kSparedOfAccess < m_login->accessUntil) {
        m_api = std::make_unique<drills::ApiClient>(*m_link, m_url, m_login->accessToken.clone());
        return;
    }
    json::Writer out;
    out.beginObject()
        .member("refreshToken", m_login->refreshToken.revealForUse())
        .member("deviceKey", m_login->deviceKey.revealForUse())
        .endObject();
    const auto answer = askOpenly("POST", "/v1/session/refresh", out.take());
    if (answer.isOk()) return keepLogin(answer);
    explain(answer);
    if (answer.status == 401) complain("sign in again: quarterdeckctl login " + m_login->email);
    throw Ended{kRefused};
}

void Session::forgetLogin()
{
    if (!m_login) return;
    Login left;
    left.url = m_login->url;
    left.email = m_login->email;
    left.deviceKey = m_login->deviceKey.clone();
    if (const auto kept = Logins(Logins::defaultPath()).put(std::move(left)); !kept) {
        complain(describe(kept.error()));
        throw Ended{kRefused};
    }
}

drills::Answer Session::prove(const std::string& method, const std::string& path, bool openly,
                              const std::function<std::string(const Proof&)>& body)
{
    Proof proof;
    for (int i = 0;; ++i) {
        auto answer = openly ? askOpenly(method, path, body(proof))
                             : answerOf(api().call(method, path, body(proof)), method);
        const auto code = answer.text("code");
        proof.puzzle.clear(); // good once
        if (code == "identity.code_needed" && i < kQuestionsMax) {
            proof.code = prompt.ask("Code of the authenticator");
        } else if (code == "identity.proof_needed" && i < kQuestionsMax) {
            complain("after so many failures a puzzle has to be solved first; a moment");
            const auto challenge = ProofChallenge::parse(answer.text("challenge"));
            const auto solved = challenge.and_then([](const ProofChallenge& puzzle) {
                return solveProof(puzzle, [] { return false; });
            });
            if (solved) proof.puzzle = solved->text();
        } else if (answer.isOk()) {
            return answer;
        } else {
            if (wantsJson()) printJson(answer.body);
            explain(answer);
            throw Ended{kRefused};
        }
    }
}

void Session::signIn(const std::string& email, const std::string& device)
{
    open();
    auto kept = Logins(Logins::defaultPath()).find(m_url);
    if (!kept) {
        complain(describe(kept.error()));
        throw Ended{kRefused};
    }
    m_login = std::move(*kept);
    if (!m_login || m_login->email != email) {
        m_login.emplace();
        m_login->url = m_url;
        m_login->email = email;
    }
    const auto password = prompt.ask("Password of " + email);
    keepLogin(prove("POST", "/v1/session", /*openly=*/true, [&](const Proof& proof) {
        json::Writer out;
        out.beginObject()
            .member("email", email)
            .member("password", password.revealForUse())
            .member("code", proof.code.revealForUse())
            .member("proof", proof.puzzle)
            .member("device", device)
            .member("deviceKey", m_login->deviceKey.revealForUse())
            .endObject();
        return out.take();
    }));
}

bool Session::stepUp()
{
    if (login() == nullptr) return false;
    complain("this asks for a fresh proof of who you are");
    const auto password = prompt.ask("Password of " + m_login->email);
    prove("POST", "/v1/session/step-up", /*openly=*/false, [&](const Proof& proof) {
        json::Writer out;
        out.beginObject()
            .member("password", password.revealForUse())
            .member("code", proof.code.revealForUse())
            .member("proof", proof.puzzle)
            .member("deviceKey", m_login->deviceKey.revealForUse())
            .endObject();
        return out.take();
    });
    return true;
}

} // namespace qd::ctl
