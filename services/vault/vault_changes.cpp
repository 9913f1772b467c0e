#include <utility>

#include <fmt/format.h>

#include "services/vault/vault.h"

namespace qd::vault {
namespace {

/// A replacement that is being tried out.
struct Trial {
    runtime::Secret candidate;
    runtime::Timer deadline;
    Vault::Verdict decide; ///< empty once decided
};

} // namespace

Result<void> Vault::checkChange(const SecretName& name, const By& by)
{
    if (!m_isOpen) return closed();
    if (auto fits = check(name); !fits) return fits;
    const auto known = m_known.find(name.id);
    if (known == m_known.end() || known->second.listing.name == name) return {};
    note(kDenied, name, by, "vault.denied");
    return fail(ErrorKind::Denied, "vault.denied",
                fmt::format("the secret \"{}\" is not {}'s for {}", name.id, name.owner,
                            name.purpose));
}

void Vault::stored(const Listing& listing)
{
    m_known[listing.name.id].listing = listing;
    m_cache.forget(listing.name.id);
    // What was wrong with it is overwritten.
    std::erase_if(m_damaged, [&](const auto& damaged) { return damaged.first == listing.name.id; });
}

void Vault::store(Keeper::Change change, runtime::Secret secret, Then then)
{
    if (secret.empty() || secret.revealForUse().size() > kSecretBytesMax) {
        then(fail(ErrorKind::Invalid, "vault.size",
                  fmt::format("expected a secret of 1 … {} bytes, was {}", kSecretBytesMax,
                              secret.revealForUse().size())));
        return;
    }
    const auto listing = std::make_shared<Listing>();
    const auto shared = std::make_shared<runtime::Secret>(std::move(secret)); // works are copyable
    submit(
        [keeper = m_keeper, change = std::move(change), shared, listing,
         secretsMax = m_settings.secretsMax](storage::Transaction& transaction) -> Result<void> {
            auto put = keeper->put(transaction, change, *shared, secretsMax);
            if (!put) return tl::unexpected(put.error());
            *listing = std::move(*put);
            return {};
        },
        [this, listing, then = std::move(then)](const Result<std::int64_t>& outcome) {
            if (outcome) stored(*listing);
            then(outcome.map([](std::int64_t) {}));
        });
}

void Vault::put(SecretName name, runtime::Secret secret, By by, Then then)
{
    if (auto fits = checkChange(name, by); !fits) return then(std::move(fits));
    store({std::move(name), std::move(by), m_the.core.clock().now()}, std::move(secret),
          std::move(then));
}

void Vault::replace(SecretName name, runtime::Secret secret, Tester tester, By by, Then then)
{
    if (auto fits = checkChange(name, by); !fits) return then(std::move(fits));
    const auto known = m_known.find(name.id);
    if (known == m_known.end())
        return then(fail(ErrorKind::NotFound, "vault.not_found",
                         fmt::format("there is no secret \"{}\" to replace", name.id)));
    const auto trial = std::make_shared<Trial>();
    trial->candidate = std::move(secret);
    trial->decide = [this, trial = std::weak_ptr<Trial>(trial), then = std::move(then),
                     change = Keeper::Change{name, std::move(by), m_the.core.clock().now(),
                                             known->second.listing.version}](Result<void> works) {
        if (!works) return then(std::move(works));
        if (const auto held = trial.lock()) store(change, std::move(held->candidate), then);
    };
    const auto verdict = [trial, alive = std::weak_ptr<bool>(m_alive)](Result<void> works) {
        if (alive.expired()) return;
        trial->deadline.cancel();
        if (const auto decide = std::exchange(trial->decide, {})) decide(std::move(works));
        trial->candidate = runtime::Secret();
    };
    trial->deadline = m_the.core.after(m_settings.testWithin, [verdict, id = name.id] {
        verdict(fail(ErrorKind::Unavailable, "vault.test_timeout",
                     fmt::format("nobody told in time whether the new \"{}\" works; the old one "
                                 "stays",
                                 id)));
    });
    tester(trial->candidate, verdict);
}

void Vault::remove(SecretName name, By by, Then then)
{
    if (auto fits = checkChange(name, by); !fits) return then(std::move(fits));
    submit(
        [keeper = m_keeper, change = Keeper::Change{name, std::move(by), {}}](
            storage::Transaction& transaction) { return keeper->remove(transaction, change); },
        [this, id = name.id, then = std::move(then)](const Result<std::int64_t>& outcome) {
            if (outcome) {
                m_known.erase(id);
                m_cache.forget(id);
                std::erase_if(m_damaged, [&](const auto& damaged) { return damaged.first == id; });
            }
            then(outcome.map([](std::int64_t) {}));
        });
}

void Vault::renewDataKey(SecretName name, By by, Then then)
{
    if (auto fits = checkChange(name, by); !fits) return then(std::move(fits));
    const auto listing = std::make_shared<Listing>();
    submit(
        [keeper = m_keeper, listing,
         change = Keeper::Change{std::move(name), std::move(by), m_the.core.clock().now()}](
            storage::Transaction& transaction) -> Result<void> {
            auto renewed = keeper->renewDataKey(transaction, change);
            if (!renewed) return tl::unexpected(renewed.error());
            *listing = std::move(*renewed);
            return {};
        },
        [this, listing, then = std::move(then)](const Result<std::int64_t>& outcome) {
            if (outcome) stored(*listing);
            then(outcome.map([](std::int64_t) {}));
        });
}

} // namespace qd::vault
