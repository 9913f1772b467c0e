#include "app/backend/identity_parts.h"

#include "services/gateway/internal_tokens.h"
#include "services/gateway/session_api.h"
#include "services/gateway/sign_in_api.h"
#include "services/gateway/users_api.h"
#include "services/identity/encoding.h"
#include "services/mail/smtp_mailer.h"

namespace qd::app {

namespace {

constexpr std::chrono::minutes kSweepEvery{5};
constexpr std::chrono::seconds kLookForMailEvery{2};
constexpr std::size_t kKeyBytes = 32;
constexpr const char* kPepperId = "1";
constexpr const char* kSigningKey = "signing-key";

vault::SecretName keyName(const std::string& purpose)
{
    return {"identity/" + purpose, "system", purpose};
}

Roles newcomers(const runtime::Config& config)
{
    Roles roles;
    for (const auto& name : config.list("identity.newcomer_roles"))
        if (const auto role = parseRole(name)) roles = roles.with(*role);
    return roles;
}

Result<mail::SmtpSettings> smtpSettings(const runtime::Config& config)
{
    auto settings = mail::parseServer(config.text("mail.smtp_url"));
    if (!settings) return settings;
    auto from = EmailAddress::parse(config.has("mail.from") ? config.text("mail.from") : "");
    if (!from) return tl::unexpected(from.error());
    settings->from = std::move(*from);
    if (config.has("mail.user")) settings->user = config.text("mail.user");
    if (config.has("mail.password")) settings->password = config.secret("mail.password");
    if (config.has("mail.ca_file")) settings->caFile = config.text("mail.ca_file");
    return settings;
}

} // namespace

std::vector<runtime::ConfigProblem> identityProblems(const runtime::Config& config)
{
    std::vector<runtime::ConfigProblem> problems;
    const auto names = config.has("identity.newcomer_roles") ? config.list("identity.newcomer_roles")
                                                             : std::vector<std::string>();
    for (const auto& name : names)
        if (const auto role = parseRole(name); !role || *role == Role::Anyone || *role == Role::Admin)
            problems.push_back({"identity.newcomer_roles",
                                "\"" + name + "\" is no role that somebody may have by signing up",
                                "set any of viewer, trader, support, operator, or nothing"});
    if (!config.has("mail.smtp_url")) return problems;
    if (const auto server = mail::parseServer(config.text("mail.smtp_url")); !server)
        problems.push_back({"mail.smtp_url", server.error().detail,
                            "set e.g. smtp://mail.example.org:587"});
    const auto from = config.has("mail.from") ? config.text("mail.from") : std::string();
    if (!EmailAddress::parse(from))
        problems.push_back({"mail.from", "is required with mail.smtp_url, as an address",
                            "set e.g. quarterdeck@example.org"});
    if (config.has("mail.user") != config.has("mail.password"))
        problems.push_back({config.has("mail.user") ? "mail.password" : "mail.user",
                            "is required when the other is set",
                            "set both mail.user and mail.password, or neither"});
    return problems;
}

struct IdentityParts::State {
    State(const Dependencies& dependencies, const runtime::Config& config)
        : the(dependencies), logger(the.log, the.core.clock(), "identity"),
          newcomerRoles(newcomers(config)), isSignUpOpen(config.boolean("identity.sign_up"))
    {
        if (!config.has("mail.smtp_url")) return;
        auto settings = smtpSettings(config);
        QD_ASSERT(settings.has_value()); // checked with the other settings
        smtp = std::make_unique<mail::SmtpMailer>(std::move(*settings), the.core, mails, logger);
    }

    using Keyed = std::function<void(Result<runtime::Secret>)>;
    void takeKey(const std::string& purpose, Keyed then);
    void takeKeys(std::vector<std::string> purposes, std::function<void(Result<void>)> then);
    Result<void> build();
    void sweep();
    void lookForMail();
    void watchMetrics();
    void collect();

    const Dependencies the;
    const observability::Logger logger;
    const Roles newcomerRoles;
    const bool isSignUpOpen;
    std::map<std::string, runtime::Secret> keys; ///< until they are where they are used
    // The threads are joined last, when nothing is left that posts to them.
    runtime::ThreadExecutor firstHash{"hash-1"}, secondHash{"hash-2"}, knownHash{"hash-known"},
        mails{"mail"};
    std::unique_ptr<storage::Database> mailLook; ///< on `mails`
    std::shared_ptr<const identity::TokenKey> tokenKey;
    std::unique_ptr<identity::Throttle> throttle;
    std::unique_ptr<identity::ProofGate> proofs;
    std::unique_ptr<identity::HashQueue> hashes;
    std::unique_ptr<identity::Sessions> sessions;
    std::unique_ptr<identity::Accounts> accounts;
    std::unique_ptr<gateway::InternalTokens> programs;
    std::unique_ptr<gateway::PeopleAuthenticator> authenticator;
    std::unique_ptr<mail::Mailbox> mailbox;
    std::unique_ptr<mail::SmtpMailer> smtp;
    std::unique_ptr<identity::MailRound> round;
    std::int64_t mailsWaiting = 0; ///< when they were last looked at
    runtime::Timer sweepTimer, mailTimer;
    std::shared_ptr<bool> alive = std::make_shared<bool>(true);
};

void IdentityParts::State::takeKey(const std::string& purpose, Keyed then)
{
    const auto name = keyName(purpose);
    auto kept = the.vault.read(name, {"system:identity", {}});
    if (kept || kept.error().kind != ErrorKind::NotFound) return then(std::move(kept));
    const std::string fresh = identity::randomBytes(the.random, kKeyBytes);
    the.vault.put(name, runtime::Secret(fresh), {"system:identity", {}},
                  [fresh, then = std::move(then)](const Result<void>& stored) {
                      if (!stored) return then(tl::unexpected(stored.error()));
                      then(runtime::Secret(fresh));
                  });
}

void IdentityParts::State::takeKeys(std::vector<std::string> purposes,
                                    std::function<void(Result<void>)> then)
{
    if (purposes.empty()) return then({});
    const std::string purpose = purposes.back();
    purposes.pop_back();
    takeKey(purpose, [this, purpose, purposes = std::move(purposes),
                      then = std::move(then)](Result<runtime::Secret> key) {
        if (!key) return then(tl::unexpected(key.error()));
        keys[purpose] = std::move(*key);
        takeKeys(purposes, then);
    });
}

Result<void> IdentityParts::State::build()
{
    tokenKey = std::make_shared<const identity::TokenKey>(std::move(keys["token-key"]),
                                                          keys["personal-key"]);
    identity::PasswordHasher::Peppers peppers;
    peppers[kPepperId] = std::move(keys["pepper"]);
    const auto hasher = std::make_shared<const identity::PasswordHasher>(
        identity::HashCost{}, std::move(peppers), kPepperId);
    auto signing = identity::SigningKey::fromSeed(keys[kSigningKey]);
    if (!signing) return tl::unexpected(signing.error());
    keys.clear();
    programs = std::make_unique<gateway::InternalTokens>(
        std::move(*signing), the.core, the.random,
        [&vault = the.vault](runtime::Secret seed, std::function<void(Result<void>)> then) {
            vault.put(keyName(kSigningKey), std::move(seed), {"system:identity", {}},
                      std::move(then));
        });
    throttle = std::make_unique<identity::Throttle>(identity::ThrottleSettings{}, the.core.clock(),
                                                    the.random);
    auto database = storage::Database::openReadOnly(the.databaseFile);
    if (!database) return tl::unexpected(database.error());
    if (auto loaded = throttle->load(*database); !loaded) return loaded;
    mailLook = std::make_unique<storage::Database>(std::move(*database));
    proofs = std::make_unique<identity::ProofGate>(the.random);
    hashes = std::make_unique<identity::HashQueue>(
        the.core, std::vector<runtime::Executor*>{&firstHash, &secondHash}, &knownHash);
    sessions = std::make_unique<identity::Sessions>(
        identity::Sessions::Dependencies{the.writer, the.core, the.random, tokenKey, logger});
    accounts = std::make_unique<identity::Accounts>(
        identity::Accounts::Dependencies{{the.writer, the.core, the.random, tokenKey, hasher,
                                          *hashes, *throttle, *proofs, logger},
                                         *sessions,
                                         &the.metrics},
        identity::AccountSettings{.isSignUpOpen = isSignUpOpen, .newcomers = newcomerRoles});
    authenticator = std::make_unique<gateway::PeopleAuthenticator>(the.owner, *sessions,
                                                                   programs.get());
    mailbox = std::make_unique<mail::Mailbox>(the.writer, the.core, tokenKey, smtp == nullptr);
    identity::Mailer& mailer = smtp ? static_cast<identity::Mailer&>(*smtp) : *mailbox;
    round = std::make_unique<identity::MailRound>(the.writer, the.core, tokenKey, mailer);
    watchMetrics();
    sweepTimer = the.core.after(kSweepEvery, [this] { sweep(); });
    lookForMail();
    return {};
}

void IdentityParts::State::sweep()
{
    accounts->sweep();
    sweepTimer = the.core.after(kSweepEvery, [this] { sweep(); });
}

/// Looked for on a connection that only reads: an idle outbox costs the writer nothing.
void IdentityParts::State::lookForMail()
{
    mails.post([this, weak = std::weak_ptr<bool>(alive), now = the.core.clock().now(),
                &core = the.core, database = mailLook.get()] {
        const auto due = identity::isMailDue(*database, now);
        const auto waiting = identity::mailsWaiting(*database);
        core.post([this, weak, waiting, due = !due || *due] {
            if (weak.expired()) return;
            mailsWaiting = waiting.value_or(mailsWaiting);
            if (due) round->run();
        });
    });
    mailTimer = the.core.after(kLookForMailEvery, [this] { lookForMail(); });
}

void IdentityParts::State::watchMetrics()
{
    using observability::MetricType;
    the.metrics.declare({
        {"identity_throttled_total", MetricType::Counter,
         "Tries to sign in or up that had to wait, or to solve a puzzle first.", {}, {}},
        {"identity_throttle_counters", MetricType::Gauge,
         "Accounts, networks and devices whose failures are counted.", {}, {}},
        {"identity_access_tokens", MetricType::Gauge, "Access tokens that are good now.", {}, {}},
        {"identity_refresh_replays_total", MetricType::Counter,
         "Refresh tokens that came a second time, from the wrong hands.", {}, {}},
        {"identity_hashes", MetricType::Gauge, "Password hashes under way and waiting.", {"state"},
         {}},
        {"identity_hashes_refused_total", MetricType::Counter,
         "Password hashes for which there was no room or time.", {}, {}},
        {"mail_total", MetricType::Counter, "Mails by what became of the try.", {"result"}, {}},
        {"mail_waiting", MetricType::Gauge, "Mails in the outbox that are still to be sent.", {}, {}},
    });
    the.metrics.onCollect([this, weak = std::weak_ptr<bool>(alive)] {
        if (!weak.expired()) collect();
    });
}

void IdentityParts::State::collect()
{
    auto& metrics = the.metrics;
    const auto counts = hashes->counts();
    metrics.counter("identity_throttled_total").raiseTo(throttle->refusals());
    metrics.counter("identity_refresh_replays_total").raiseTo(sessions->replays());
    metrics.counter("identity_hashes_refused_total").raiseTo(counts.refused + counts.expired);
    metrics.counter("mail_total", {"sent"}).raiseTo(round->sent());
    metrics.counter("mail_total", {"failed"}).raiseTo(round->failed());
    metrics.gauge("mail_waiting").set(static_cast<double>(mailsWaiting));
    metrics.gauge("identity_throttle_counters")
        .set(static_cast<double>(throttle->counterCount()));
    metrics.gauge("identity_access_tokens")
        .set(static_cast<double>(sessions->accessTokenCount()));
    metrics.gauge("identity_hashes", {"running"}).set(counts.running);
    metrics.gauge("identity_hashes", {"waiting"}).set(counts.waiting);
}

IdentityParts::IdentityParts(const Dependencies& dependencies, const runtime::Config& config)
    : m_state(std::make_unique<State>(dependencies, config))
{
}

IdentityParts::~IdentityParts()
{
    m_state->alive.reset();
    m_state->smtp.reset(); // a mail that is under way does not hold the end up
    m_state->mails.stop();
}

void IdentityParts::start(std::function<void(Result<void>)> then)
{
    m_state->takeKeys({"token-key", "personal-key", "pepper", kSigningKey},
                      [state = m_state.get(), then = std::move(then)](const Result<void>& taken) {
                          then(taken ? state->build() : taken);
                      });
}

const gateway::Authenticator& IdentityParts::authenticator() const
{
    return *m_state->authenticator;
}

identity::Sessions& IdentityParts::sessions()
{
    return *m_state->sessions;
}

void IdentityParts::addTo(gateway::Api& api)
{
    const gateway::People people{*m_state->accounts, *m_state->sessions, m_state->the.core.clock()};
    gateway::SignInApi{people}.addTo(api);
    gateway::SessionApi{people}.addTo(api);
    gateway::UsersApi{people, *m_state->mailbox}.addTo(api);
    m_state->programs->addTo(api);
}

void IdentityParts::addTo(gateway::Health& health) const
{
    health.add([state = m_state.get()] {
        const auto counts = state->hashes->counts();
        gateway::ComponentHealth part{.name = "identity"};
        part.detail = state->smtp ? "mail goes to the mail server"
                                  : "no mail server is set: mails stay in the local mailbox";
        part.figures = {{"accessTokens", static_cast<double>(state->sessions->accessTokenCount())},
                        {"hashesWaiting", static_cast<double>(counts.waiting)},
                        {"mailsFailed", static_cast<double>(state->round->failed())}};
        return part;
    });
}

} // namespace qd::app
