#include "app/sandbox/sandbox.h"

#include <cstdio>
#include <filesystem>
#include <future>

#include <unistd.h>

#include <fmt/format.h>

#include "app/sandbox/market.h"
#include "services/json/json.h"
#include "services/runtime/random.h"
#include "services/storage/atomic_file.h"

namespace qd::app {

namespace {

constexpr int kClaimTries = 60;
constexpr std::chrono::milliseconds kClaimWait{50};

/// Ids and secrets in Alpaca's alphabet, from the operating system's generator.
std::string randomText(std::size_t length, std::string_view alphabet)
{
    std::string text;
    for (std::size_t i = 0; i < length; ++i)
        text += alphabet[runtime::systemRandom().below(alphabet.size())];
    return text;
}

/// Returns when `time` has passed; not on the executor's thread.
void passTime(runtime::Executor& executor, Duration time)
{
    std::promise<void> over;
    runtime::Timer timer;
    runtime::runAndWait(executor, [&] { timer = executor.after(time, [&over] { over.set_value(); }); });
    over.get_future().wait();
    runtime::runAndWait(executor, [&] { timer.cancel(); }); // a timer belongs to its thread
}

std::string defaultCredentialsFile()
{
    const auto folder = std::filesystem::temp_directory_path();
    return (folder / fmt::format("quarterdeck-sandbox-{}.json", ::getpid())).string();
}

std::string hostOf(const std::string& where, const wire::Server& server)
{
    const auto address = parseListenAddress(where);
    return fmt::format("{}:{}", address ? address->address : "127.0.0.1", server.port());
}

} // namespace

Sandbox::Sandbox() : m_network(1, "sandbox"), m_executor(m_network.makeExecutor()) {}

Result<std::unique_ptr<Sandbox>> Sandbox::start(const runtime::Config& config)
{
    std::unique_ptr<Sandbox> box(new Sandbox);
    if (auto opened = box->open(config); !opened)
        return tl::unexpected(opened.error());
    return box;
}

Sandbox::~Sandbox()
{
    m_venueServer.reset();
    m_tradierServer.reset();
    m_ibkrServer.reset();
    m_consentServer.reset();
    m_adminServer.reset();
    m_proxyServer.reset();
    runtime::runAndWait(*m_executor, [this] {
        m_admin.reset();
        m_ibkrControls.reset();
        m_consentControls.reset();
        if (m_ibkr)
            m_venue->remove(*m_ibkr);
        m_ibkr.reset();
        m_tradier.reset();
        m_venue.reset();
        m_consent.reset(); // the venue asks it about tokens
    });
    m_proxyApi.reset();
    m_proxy.reset();
    m_network.stop();
    if (!m_credentialsFile.empty()) {
        std::error_code ignored;
        std::filesystem::remove(m_credentialsFile, ignored);
    }
}

Result<std::unique_ptr<wire::Server>> Sandbox::listen(const std::string& where,
                                                      wire::Service& service,
                                                      wire::ServerOptions options)
{
    const auto address = parseListenAddress(where);
    if (!address)
        return tl::unexpected(address.error());
    options.address = address->address;
    options.port = address->port;
    // Slow readers are found out by the streams' own smaller limit, which lets them be told why.
    options.webSocketQueueBytesMax = 8 << 20;
    return wire::makeServer(m_network, *m_executor, service, options);
}

/// One file a seed: other seeds are other markets, with other companies. A recording has an end and
/// is no place to keep an account in.
Result<void> Sandbox::openArchive(const runtime::Config& config)
{
    m_world = "passing-" + runtime::systemRandom().uuidV4();
    if (!config.has("data_dir") || !config.list("replay").empty())
        return {};
    const auto& folder = config.text("data_dir");
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    const auto path = fmt::format("{}/sandbox-{}.db", folder, config.integer("seed"));
    auto archive = sandbox::VenueArchive::open(path, runtime::systemRandom());
    // The last run of this market may still be closing.
    for (int i = 0; i < kClaimTries && !archive && archive.error().code == "sandbox.archive_in_use"; ++i) {
        passTime(*m_executor, kClaimWait);
        archive = sandbox::VenueArchive::open(path, runtime::systemRandom());
    }
    if (!archive && archive.error().code == "sandbox.archive_in_use") {
        std::fprintf(stderr, "this market is not kept: %s\n", describe(archive.error()).c_str());
        return {};
    }
    if (archive && config.boolean("reset_paper")) { // ours, so nobody else is in it
        archive->reset();
        sandbox::VenueArchive::remove(path);
        archive = sandbox::VenueArchive::open(path, runtime::systemRandom());
    }
    if (!archive)
        return tl::unexpected(archive.error());
    m_archive = std::move(*archive);
    m_world = "paper-" + m_archive->world();
    return {};
}

Result<void> Sandbox::openVenue(const runtime::Config& config)
{
    auto market = makeMarket(config);
    if (!market)
        return tl::unexpected(market.error());
    const auto seed = static_cast<std::uint64_t>(config.integer("seed"));
    // Ids are drawn from it: those of an earlier opening must not be drawn again.
    const auto openings = m_archive ? m_archive->openings() - 1 : 0;
    m_marketRandom = std::make_unique<runtime::SeededRandom>(seed + (openings << 32));
    m_proxyRandom = std::make_unique<runtime::SeededRandom>(seed + 1);
    sandbox::alpaca::ApiKey key;
    if (auto written = writeCredentials(config, key); !written)
        return written;
    Result<void> kept;
    runtime::runAndWait(*m_executor, [&] {
        m_venue = std::make_unique<sandbox::alpaca::AlpacaVenue>(
            *m_executor, *m_marketRandom, std::move(*market), venueOptions(config));
        if (m_archive)
            kept = m_venue->keepIn(*m_archive, [](const Error& error) {
                std::fprintf(stderr, "the paper account is not kept: %s\n", describe(error).c_str());
            });
        if (!kept)
            return;
        m_venue->addKey(std::move(key));
        m_venue->keep();
        m_venue->start();
        m_admin = std::make_unique<sandbox::alpaca::AdminApi>(*m_venue);
        openIbkr();
        kept = openConsent(config);
        if (!kept)
            return;
        m_tradier = std::make_unique<sandbox::tradier::TradierVenue>(*m_venue);
        m_tradierAccount = m_tradier->accountNumber(m_venue->keys().firstAccount());
    });
    return kept;
}

/// The venue once more, as IBKR's gateway.
void Sandbox::openIbkr()
{
    sandbox::ibkr::IbkrOptions options;
    options.account = m_venue->keys().firstAccount();
    options.keep = [this] { m_venue->keep(); };
    m_ibkr = std::make_unique<sandbox::ibkr::IbkrVenue>(m_venue->desk(), std::move(options));
    m_venue->add(*m_ibkr);
    m_ibkrAccount = m_ibkr->accountNumber();
    m_ibkrControls = std::make_unique<sandbox::ibkr::Controls>(*m_ibkr);
    m_admin->mount("ibkr", *m_ibkrControls);
}

/// Who was let in by consent is another customer's program to the venue: with a key id of its own,
/// for limits, faults and streams.
Result<void> Sandbox::openConsent(const runtime::Config& config)
{
    m_consent = std::make_unique<sandbox::oauth::AuthorizationServer>(
        consentOptions(config), *m_executor, runtime::systemRandom());
    if (auto kept = keepConsents(); !kept)
        return kept;
    sandbox::alpaca::ApiKey consented;
    consented.keyId = "oauth";
    consented.account = m_venue->keys().firstAccount();
    consented.accepts = [this](std::string_view token) { return m_consent->isAccessValid(token); };
    m_venue->addKey(std::move(consented));
    m_consent->onEnded([this] { // those whose token lives on come again
        m_venue->disconnectTradeStreams("oauth");
        m_venue->disconnectDataStreams("oauth");
    });
    m_consentControls = std::make_unique<sandbox::oauth::Controls>(*m_consent);
    m_admin->mount("oauth", *m_consentControls);
    return {};
}

Result<void> Sandbox::keepConsents()
{
    if (!m_archive)
        return {};
    auto grants = sandbox::oauth::GrantArchive::open(m_archive->database());
    if (!grants)
        return tl::unexpected(grants.error());
    m_grants = *grants;
    return m_consent->keepIn(*m_grants, [](const Error& error) {
        std::fprintf(stderr, "a consent is not kept: %s\n", describe(error).c_str());
    });
}

Result<void> Sandbox::open(const runtime::Config& config)
{
    if (auto opened = openArchive(config); !opened)
        return opened;
    if (auto opened = openVenue(config); !opened)
        return opened;
    m_proxy = std::make_unique<sandbox::FaultProxy>(*m_proxyRandom);
    m_proxyApi = std::make_unique<sandbox::ProxyApi>(*m_proxy);
    const struct {
        const char* setting;
        wire::Service& service;
        std::unique_ptr<wire::Server>& server;
        std::string& host;
    } listeners[] = {
        {"listen", *m_venue, m_venueServer, m_host},
        {"admin_listen", *m_admin, m_adminServer, m_adminHost},
        {"proxy_listen", *m_proxyApi, m_proxyServer, m_proxyHost},
        {"tradier_listen", *m_tradier, m_tradierServer, m_tradierHost},
        {"ibkr_listen", *m_ibkr, m_ibkrServer, m_ibkrHost},
        {"oauth_listen", *m_consent, m_consentServer, m_consentHost},
    };
    m_ibkrIsSecure = config.has("ibkr_certificate_file");
    wire::ServerOptions secure;
    if (m_ibkrIsSecure) {
        secure.certificateFile = config.text("ibkr_certificate_file");
        secure.keyFile = config.text("ibkr_key_file");
    }
    for (const auto& listener : listeners) {
        const bool isIbkr = &listener.server == &m_ibkrServer;
        auto server = listen(config.text(listener.setting), listener.service,
                             isIbkr ? secure : wire::ServerOptions());
        if (!server)
            return tl::unexpected(server.error());
        listener.server = std::move(*server);
        listener.host = hostOf(config.text(listener.setting), *listener.server);
    }
    runtime::runAndWait(*m_executor, [this] { m_consent->setIssuer("http://" + m_consentHost); });
    return {};
}

Result<void> Sandbox::writeCredentials(const runtime::Config& config, sandbox::alpaca::ApiKey& key)
{
    constexpr std::string_view kIdAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    constexpr std::string_view kSecretAlphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    key.account = AccountId("paper");
    key.keyId = config.has("key") ? std::string(config.secret("key").revealForUse())
                                  : "PK" + randomText(18, kIdAlphabet);
    key.secret = config.has("secret") ? config.secret("secret")
                                      : runtime::Secret(randomText(40, kSecretAlphabet));
    const std::string token = runtime::systemRandom().uuidV4();
    key.token = runtime::Secret(token);
    if (config.has("key") && !config.has("credentials_file"))
        return {};
    m_credentialsFile = config.has("credentials_file") ? config.text("credentials_file")
                                                       : defaultCredentialsFile();
    json::Writer out;
    out.beginObject()
        .member("keyId", key.keyId)
        .member("secretKey", key.secret.revealForUse())
        .member("oauthToken", token)
        .endObject();
    return storage::replaceFile(m_credentialsFile, out.text());
}

std::string Sandbox::readyLine() const
{
    json::Writer out;
    out.beginObject()
        .member("ready", true)
        .member("alpaca", "http://" + m_host)
        .member("stream", "ws://" + m_host + "/stream")
        .member("data", "http://" + m_host)
        .member("dataStream", "ws://" + m_host + "/v2/iex")
        .member("cryptoStream", "ws://" + m_host + "/v1beta3/crypto/us")
        .member("tradier", "http://" + m_tradierHost + "/v1")
        .member("tradierStream", "ws://" + m_tradierHost + "/v1")
        .member("tradierAccount", m_tradierAccount)
        .member("ibkr", (m_ibkrIsSecure ? "https://" : "http://") + m_ibkrHost + "/v1/api")
        .member("ibkrStream", (m_ibkrIsSecure ? "wss://" : "ws://") + m_ibkrHost + "/v1/api/ws")
        .member("ibkrAccount", m_ibkrAccount)
        .member("oauth", "http://" + m_consentHost)
        .member("admin", "http://" + m_adminHost)
        .member("proxyAdmin", "http://" + m_proxyHost)
        .member("credentialsFile", m_credentialsFile)
        .member("world", m_world)
        .member("pid", static_cast<std::int64_t>(::getpid()))
        .endObject();
    return out.take();
}

} // namespace qd::app
