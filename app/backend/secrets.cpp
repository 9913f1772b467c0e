#include "app/backend/secrets.h"

#include <cstdlib>
#include <filesystem>

#include "app/backend/settings.h"

namespace qd::app {

namespace {

std::string credentialFolder()
{
    const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
    std::error_code error;
    const bool isThere =
        folder != nullptr && *folder != '\0' &&
        std::filesystem::exists(std::filesystem::path(folder) / vault::kCredentialName, error);
    return isThere ? folder : std::string();
}

/// For whoever started us: the first start needs a key from outside.
Error whyNoKey(const Error& error)
{
    if (error.kind != ErrorKind::NotFound) return error;
    return {ErrorKind::Invalid,
            kNoCredentials,
            "the vault holds no key of the broker yet; set alpaca.credentials_file (or "
            "tradier.credentials_file) to a JSON file (mode 0600) that is there, or alpaca.key_id and "
            "alpaca.secret_key (or tradier.token)",
            {}};
}

} // namespace

std::string keyFileInDataFolder(const runtime::Config& config, const std::string& dataDirectory)
{
    return dataDirectory + "/" + config.text("storage.database") + ".vault.key";
}

bool isKeyInDataFolder(const runtime::Config& config)
{
    return !config.has("vault.key_fd") && !config.has("vault.key_file") &&
           credentialFolder().empty();
}

std::unique_ptr<vault::MasterKeys> masterKeys(const runtime::Config& config,
                                              const std::string& dataDirectory)
{
    if (config.has("vault.key_fd"))
        return vault::keysFromDescriptor(static_cast<int>(config.integer("vault.key_fd")));
    if (config.has("vault.key_file")) return vault::keysInFile(config.text("vault.key_file"));
    if (const auto folder = credentialFolder(); !folder.empty())
        return vault::keysInCredential(folder);
    return vault::keysInFile(keyFileInDataFolder(config, dataDirectory));
}

vault::Settings vaultSettings(const runtime::Config& config)
{
    vault::Settings settings;
    settings.freshFor = config.duration("vault.fresh_for");
    settings.staleFor = config.duration("vault.stale_for");
    settings.ageMax = config.duration("vault.age_max");
    // With another one of these everybody would have to set a password, or sign in and enrol anew.
    settings.lastingPurposes = {"token-key", "personal-key", "pepper"};
    return settings;
}

BrokerKeys::BrokerKeys(const Dependencies& the, const runtime::Config& config,
                       std::vector<brokers::KeptKey::Terms> keys)
{
    for (auto& terms : keys) {
        terms.lookEvery = config.duration("vault.look_every");
        terms.overwritesDamaged = config.boolean("vault.overwrite_damaged");
        m_keys.push_back(std::make_unique<brokers::KeptKey>(the.vault, the.core, the.jobs, the.log,
                                                            std::move(terms)));
    }
}

void BrokerKeys::start(std::function<void(Result<void>)> then)
{
    struct Start {
        std::size_t left;
        Result<void> result;
    };
    if (m_keys.empty()) return then({});
    const auto start = std::make_shared<Start>(Start{m_keys.size(), {}});
    for (const auto& key : m_keys)
        key->look([start, then](const brokers::KeptKey::Found& found) {
            const bool isNoKey = !found.outside && found.outside.error().code == kNoCredentials;
            if (isNoKey)
                start->result = tl::unexpected(found.outside.error());
            else if (!found.inUse)
                start->result = tl::unexpected(whyNoKey(found.inUse.error()));
            if (--start->left == 0) then(start->result);
        });
}

std::vector<brokers::KeptKey*> BrokerKeys::keys() const
{
    std::vector<brokers::KeptKey*> keys;
    for (const auto& key : m_keys) keys.push_back(key.get());
    return keys;
}

} // namespace qd::app
