#include "tests/services/identity/accounts_desk.h"

#include <algorithm>

#include "services/identity/totp.h"

namespace qd::test {

using namespace identity;

void CapturedMail::send(Mail given, std::function<void(Result<void>)> then)
{
    mails.push_back(std::move(given));
    then(answer);
}

std::string CapturedMail::tokenTo(const std::string& address, MailKind kind) const
{
    const auto found = std::find_if(mails.rbegin(), mails.rend(), [&](const Mail& each) {
        return each.to.text() == address && each.kind == kind;
    });
    return found == mails.rend() ? std::string() : std::string(found->token.revealForUse());
}

std::size_t CapturedMail::count(MailKind kind) const
{
    return static_cast<std::size_t>(std::count_if(
        mails.begin(), mails.end(), [&](const Mail& each) { return each.kind == kind; }));
}

AccountsDesk::AccountsDesk(ThrottleSettings settings, HashCost cost) : m_throttle(settings)
{
    start(cost);
}

void AccountsDesk::start(HashCost cost)
{
    runtime::Executor& core = desk.core();
    const observability::Logger log(desk.log, core.clock(), "identity");
    throttle = std::make_unique<Throttle>(m_throttle, core.clock(), desk.random);
    auto reader = desk.reader();
    QD_ASSERT(throttle->load(reader).has_value());
    proofs = std::make_unique<ProofGate>(desk.random);
    hashes = std::make_unique<HashQueue>(
        core, std::vector<runtime::Executor*>{&desk.process->executor("jobs-1"),
                                              &desk.process->executor("jobs-2")});
    sessions = std::make_unique<Sessions>(
        Sessions::Dependencies{*desk.writer, core, desk.random, desk.key, log});
    m_hasher =
        std::make_shared<const PasswordHasher>(cost, PasswordHasher::Peppers{}, std::string());
    accounts = std::make_unique<Accounts>(
        Accounts::Dependencies{{*desk.writer, core, desk.random, desk.key, m_hasher, *hashes,
                                *throttle, *proofs, log},
                               *sessions});
    round = std::make_unique<MailRound>(*desk.writer, core, desk.key, mail);
}

void AccountsDesk::restart(HashCost cost)
{
    round.reset();
    accounts.reset();
    sessions.reset();
    hashes.reset();
    desk.restart();
    start(cost);
}

Visitor AccountsDesk::visitor(const Attempt& attempt)
{
    return {attempt.address, runtime::Secret(attempt.deviceKey), DeviceName::parse("desk").value(), {}};
}

Visitor AccountsDesk::visitor()
{
    return visitor(Attempt{});
}

SignIn AccountsDesk::signInOf(const Attempt& attempt)
{
    return {EmailAddress::parse(attempt.email).value_or(EmailAddress{}),
            runtime::Secret(attempt.password), runtime::Secret(attempt.code), attempt.proof};
}

AccountsDesk::Outcome<User> AccountsDesk::createFirst(const std::string& email)
{
    return desk.wait<Outcome<User>>([&](auto then) {
        accounts->createFirst({EmailAddress::parse(email).value(), DisplayName::parse("Owner").value(),
                               runtime::Secret(kPassword)},
                              {"user:owner", {}}, std::move(then));
    });
}

AccountsDesk::Outcome<void> AccountsDesk::signUp(const std::string& email,
                                                 const std::string& password)
{
    return desk.wait<Outcome<void>>([&](auto then) {
        accounts->signUp({EmailAddress::parse(email).value(), DisplayName::parse("Ann").value(),
                          runtime::Secret(password)},
                         visitor(), std::move(then));
    });
}

AccountsDesk::Outcome<void> AccountsDesk::verify(const std::string& token)
{
    return desk.wait<Outcome<void>>([&](auto then) {
        accounts->verifyEmail(runtime::Secret(token), visitor(), std::move(then));
    });
}

AccountsDesk::Outcome<void> AccountsDesk::requestReset(const std::string& email)
{
    return desk.wait<Outcome<void>>([&](auto then) {
        accounts->requestReset(EmailAddress::parse(email).value(), visitor(), std::move(then));
    });
}

AccountsDesk::Outcome<void> AccountsDesk::reset(const std::string& token,
                                                const std::string& password)
{
    return desk.wait<Outcome<void>>([&](auto then) {
        accounts->resetPassword(runtime::Secret(token), runtime::Secret(password), visitor(),
                                std::move(then));
    });
}

AccountsDesk::Outcome<SignedIn> AccountsDesk::signIn(const Attempt& attempt)
{
    return desk.wait<Outcome<SignedIn>>([&](auto then) {
        accounts->signIn(signInOf(attempt), visitor(attempt), std::move(then));
    });
}

AccountsDesk::Outcome<void> AccountsDesk::stepUp(const Tokens& tokens, const Attempt& attempt)
{
    return desk.wait<Outcome<void>>([&](auto then) {
        accounts->stepUp(accessOf(tokens), signInOf(attempt), visitor(attempt), std::move(then));
    });
}

AccountsDesk::Outcome<void> AccountsDesk::changePassword(const Tokens& tokens,
                                                         const std::string& old,
                                                         const std::string& fresh)
{
    return desk.wait<Outcome<void>>([&](auto then) {
        accounts->changePassword(accessOf(tokens), signInOf({.email = "", .password = old}),
                                 runtime::Secret(fresh), visitor(), std::move(then));
    });
}

Result<Roles> AccountsDesk::changeRole(const UserId& user, Role role, bool isGrant)
{
    return desk.wait<Result<Roles>>([&](auto then) {
        if (isGrant)
            accounts->grant(user, role, {"user:owner", {}}, std::move(then));
        else
            accounts->revoke(user, role, {"user:owner", {}}, std::move(then));
    });
}

Result<void> AccountsDesk::setDisabled(const UserId& user, bool disabled)
{
    return desk.wait<Result<void>>([&](auto then) {
        accounts->setDisabled(user, disabled, {"user:owner", {}}, std::move(then));
    });
}

User AccountsDesk::find(const UserId& user)
{
    return desk.wait<Result<User>>([&](auto then) { accounts->find(user, std::move(then)); }).value();
}

SignedIn AccountsDesk::join(const std::string& email)
{
    QD_ASSERT(signUp(email).has_value());
    deliverMail();
    QD_ASSERT(verify(mail.tokenTo(email, MailKind::VerifyEmail)).has_value());
    auto in = signIn({.email = email});
    QD_ASSERT(in.has_value());
    return std::move(*in);
}

std::vector<std::string> AccountsDesk::enrol(const SignedIn& in)
{
    QD_ASSERT(stepUp(in.tokens, {.email = ""}).has_value());
    QD_ASSERT(desk.wait<Result<runtime::Secret>>([&](auto then) {
                      accounts->enrolTotp(accessOf(in.tokens), std::move(then));
                  }).has_value());
    const runtime::Secret code(codeNow(in.user.id));
    const auto secrets =
        desk.wait<Result<std::vector<runtime::Secret>>>([&](auto then) {
                accounts->confirmTotp(accessOf(in.tokens), code, std::move(then));
            });
    QD_ASSERT(secrets.has_value());
    std::vector<std::string> codes;
    for (const auto& each : *secrets) codes.emplace_back(each.revealForUse());
    return codes;
}

std::string AccountsDesk::codeNow(const UserId& user)
{
    auto database = desk.reader();
    auto statement = database.prepare("SELECT nonce FROM identity_totp WHERE user = ?").value();
    QD_ASSERT(statement.bind(1, user.text()).step().value());
    const auto seed = desk.key->totpSeed(user, statement.text(0));
    return totpCode(seed.revealForUse(), totpStepAt(desk.world.now()));
}

void AccountsDesk::deliverMail()
{
    round->run();
    desk.world.runUntil([&] { return !round->isUnderWay(); });
}

bool AccountsDesk::isGood(const Tokens& tokens)
{
    return sessions->check(tokens.access.revealForUse()) != nullptr;
}

Access AccountsDesk::accessOf(const Tokens& tokens)
{
    const Access* access = sessions->check(tokens.access.revealForUse());
    QD_ASSERT(access != nullptr);
    return *access;
}

AccountsDesk::Work AccountsDesk::spent() const
{
    return {hashes->counts().started, desk.writer->stats().works};
}

} // namespace qd::test
