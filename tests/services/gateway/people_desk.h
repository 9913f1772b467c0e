#pragma once

#include <memory>
#include <string>
#include <vector>

#include "services/gateway/authenticator.h"
#include "services/gateway/internal_tokens.h"
#include "services/gateway/session_api.h"
#include "services/gateway/sign_in_api.h"
#include "services/gateway/users_api.h"
#include "services/identity/migrations.h"
#include "tests/support/sim_world.h"
#include "tests/support/temp_dir.h"

namespace qd::gateway::test {

/// People's accounts over a real database, their mails in the local mailbox, for the API over them.
/// On `core`.
class PeopleDesk {
public:
    PeopleDesk(qd::test::SimWorld& world, runtime::Executor& core, const Authenticator& owner,
               identity::ThrottleSettings throttleSettings = {})
        : m_world(world), m_db(world, "people-db"), m_firstHash(world, "hash-1"),
          m_secondHash(world, "hash-2"),
          throttle(throttleSettings, core.clock(), m_random), proofs(m_random),
          hashes(core, {&m_firstHash, &m_secondHash}),
          programs(identity::SigningKey::make(m_random), core, m_random,
                   [](runtime::Secret, std::function<void(Result<void>)> then) { then({}); })
    {
        auto database = storage::Database::open(databasePath(), storage::Durability::Off);
        QD_ASSERT(database.has_value());
        QD_ASSERT(storage::migrateAll(*database, {storage::storageMigrations(),
                                                  identity::identityMigrations()})
                      .has_value());
        auto opened = storage::Writer::open(std::move(*database), m_db, {});
        QD_ASSERT(opened.has_value());
        writer = std::move(*opened);
        sessions = std::make_unique<identity::Sessions>(
            identity::Sessions::Dependencies{*writer, core, m_random, key});
        accounts = std::make_unique<identity::Accounts>(identity::Accounts::Dependencies{
            {*writer, core, m_random, key, m_hasher, hashes, throttle, proofs}, *sessions});
        mailbox = std::make_unique<mail::Mailbox>(*writer, core, key, /*isLocal=*/true);
        round = std::make_unique<identity::MailRound>(*writer, core, key, *mailbox);
        authenticator = std::make_unique<PeopleAuthenticator>(owner, *sessions, &programs);
        people = std::make_unique<People>(People{*accounts, *sessions, core.clock()});
    }
    ~PeopleDesk() { m_db.kill(); }

    void addTo(Api& api)
    {
        SignInApi{*people}.addTo(api);
        SessionApi{*people}.addTo(api);
        UsersApi{*people, *mailbox}.addTo(api);
        programs.addTo(api);
    }
    void deliverMail()
    {
        round->run();
        m_world.runUntil([this] { return !round->isUnderWay(); });
    }
    /// As the log has them, oldest first.
    std::vector<storage::Event> events(std::string_view kind)
    {
        auto database = storage::Database::openReadOnly(databasePath()).value();
        auto all = storage::readEvents(database, 0, 100'000).value();
        std::erase_if(all, [&](const storage::Event& event) { return event.kind != kind; });
        return all;
    }
    std::string databasePath() const { return (m_folder / "people.db").string(); }
    /// Nothing that is written gets an answer from now on.
    void stallDisk() { m_db.kill(); }

private:
    qd::test::SimWorld& m_world;
    qd::test::TempDir m_folder;
    qd::test::SimExecutor m_db, m_firstHash, m_secondHash;
    runtime::SeededRandom m_random{11};
    std::shared_ptr<const identity::PasswordHasher> m_hasher =
        std::make_shared<const identity::PasswordHasher>(identity::HashCost{64, 1, 1},
                                                         identity::PasswordHasher::Peppers{},
                                                         std::string());

public:
    std::shared_ptr<const identity::TokenKey> key =
        std::make_shared<const identity::TokenKey>(runtime::Secret(std::string(32, 'k')),
                                                   runtime::Secret(std::string(32, 'p')));
    identity::Throttle throttle;
    identity::ProofGate proofs;
    identity::HashQueue hashes;
    InternalTokens programs;
    std::unique_ptr<storage::Writer> writer;
    std::unique_ptr<identity::Sessions> sessions;
    std::unique_ptr<identity::Accounts> accounts;
    std::unique_ptr<mail::Mailbox> mailbox;
    std::unique_ptr<identity::MailRound> round;
    std::unique_ptr<PeopleAuthenticator> authenticator;
    std::unique_ptr<People> people;
};

} // namespace qd::gateway::test
