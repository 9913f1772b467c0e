#include "app/backend/backend.h"

#include <algorithm>
#include <filesystem>
#include <future>

#include <unistd.h>

#include "app/backend/archive.h"
#include "app/backend/broker_consent.h"
#include "app/backend/broker_parts.h"
#include "app/backend/broker_settings.h"
#include "app/backend/desk_claim.h"
#include "app/backend/desk_watch.h"
#include "app/backend/identity_parts.h"
#include "app/backend/secrets.h"
#include "app/backend/settings.h"
#include "services/brokers/persistent_reads.h"
#include "services/gateway/broker_api.h"
#include "services/gateway/fault_api.h"
#include "services/gateway/market_api.h"
#include "services/gateway/market_window.h"
#include "services/gateway/monitoring.h"
#include "services/gateway/orders_api.h"
#include "services/gateway/resilience_metrics.h"
#include "services/gateway/security_watch.h"
#include "services/gateway/system_api.h"
#include "services/gateway/vault_api.h"
#include "services/identity/migrations.h"
#include "services/observability/otlp.h"
#include "services/observability/self_metrics.h"
#include "services/runtime/shifted_clock.h"
#include "services/storage/archive_metrics.h"
#include "services/storage/serving_lock.h"
#include "services/vault/vault_metrics.h"
#include "services/wire/network.h"

namespace qd::app {

namespace {

constexpr const char* kVersion = "0.1.0";
constexpr std::chrono::minutes kCheckpointEvery{10};
constexpr std::chrono::minutes kDirectoryEvery{60};
constexpr resilience::RetryPolicy kDirectoryRetry{.attemptsMax = 0, ///< as long as it takes
                                                  .base = std::chrono::seconds(2),
                                                  .cap = std::chrono::seconds(15)};

orders::Settings orderSettings(const runtime::Config& config)
{
    orders::Settings settings;
    settings.live = config.boolean("trading.live");
    settings.account = AccountId(settings.live ? "live" : "paper");
    settings.notionalMax = Money::of(config.text("trading.notional_max"));
    settings.pendingCommitsMax =
        static_cast<std::size_t>(std::max<std::int64_t>(config.integer("storage.queue_max") / 2, 1));
    settings.submitsPerMinuteMax =
        static_cast<int>(config.integer("trading.submits_per_minute_max"));
    settings.submitDeadline = commandTimeout(config);
    settings.reconcileEvery = config.duration("trading.reconcile_every");
    return settings;
}

observability::LogFileOptions logOptions(const runtime::Config& config, const std::string& folder)
{
    observability::LogFileOptions options;
    options.path = config.has("log.file") ? config.text("log.file") : folder + "/quarterdeckd.log";
    options.level = observability::parseLogLevel(config.text("log.level"))
                        .value_or(observability::LogLevel::Info);
    return options;
}

/// By how much the clock of a drill is wrong.
Duration clockShift(const runtime::Config& config)
{
    if (!config.has("drill.clock")) return {};
    const auto wanted = Timestamp::parse(config.text("drill.clock"));
    QD_ASSERT(wanted.has_value()); // checked with the other settings
    return *wanted - runtime::systemClock().now();
}

wire::ServerOptions serverOptions(const runtime::Config& config)
{
    wire::ServerOptions options;
    options.address = config.text("listen.address");
    options.port = static_cast<std::uint16_t>(config.integer("listen.port"));
    if (config.has("listen.certificate_file")) {
        options.certificateFile = config.text("listen.certificate_file");
        options.keyFile = config.text("listen.key_file");
    }
    options.webSocketQueueBytesMax = 4 << 20;
    return options;
}

/// Waits for what `begin` starts on core.
Result<void> await(runtime::Executor& core,
                   const std::function<void(std::function<void(Result<void>)>)>& begin)
{
    const auto done = std::make_shared<std::promise<Result<void>>>();
    core.post([begin, done] {
        begin([done](Result<void> result) { done->set_value(std::move(result)); });
    });
    return done->get_future().get();
}

} // namespace

/// What lives on the core thread; made and destroyed there.
struct CoreParts {
    CoreParts(std::unique_ptr<BrokerParts> given, runtime::ThreadExecutor& core,
              storage::Writer& writer, const orders::Settings& orderSettings)
        : venue(std::move(given)), broker(venue->broker()), feed(venue->feed()),
          reads(broker, core, runtime::systemRandom()),
          market({.alwaysOpen = venue->isSimulated(), .history = venue->history()}, {&feed}, core,
                 instruments),
          window(market, instruments, core.clock(), {venue->isSimulated()}),
          lookup(venue->unlisted() ? std::make_unique<market::InstrumentLookup>(
                                         instruments, *venue->unlisted(), core)
                                   : nullptr),
          orders({writer, core, runtime::systemRandom(), reads, window}, orderSettings),
          quotes(market, core, &instruments)
    {
    }

    std::unique_ptr<BrokerParts> venue;
    brokers::Broker& broker;
    brokers::MarketFeed& feed;
    brokers::PersistentReads reads; ///< the same broker, as the order room and the directory see it
    market::InstrumentDirectory instruments;
    market::MarketData market;
    gateway::MarketWindow window;
    std::unique_ptr<market::InstrumentLookup> lookup; ///< none: the listing leaves nothing out
    orders::OrderService orders;
    gateway::QuoteWatch quotes;
    std::unique_ptr<BrokerKeys> keys;
    std::unique_ptr<BrokerConsent> consent;
    std::unique_ptr<gateway::VaultApi> vaultApi;
    std::unique_ptr<gateway::BrokerApi> brokerApi;
    gateway::Health health;
    std::unique_ptr<gateway::Monitoring> monitoring;
    std::unique_ptr<gateway::ResilienceMetrics> resilience;
    std::unique_ptr<gateway::Api> api;
    std::unique_ptr<gateway::StreamHub> hub;
    std::unique_ptr<gateway::SecurityWatch> security;
    std::unique_ptr<DeskWatch> desk;
    std::unique_ptr<observability::OtlpExporter> exporter;
    market::MarketData::Subscription heldPositions; ///< what we hold is always watched
    runtime::Timer checkpointTimer, directoryTimer;
    int directoryFailures = 0; ///< in a row
};

struct Backend::Parts {
    explicit Parts(const runtime::Config& config, const std::string& folder)
        : clock(runtime::systemClock(), clockShift(config)), log(logOptions(config, folder)),
          logger(log, clock, "backend"),
          tracer(clock, runtime::systemRandom(), spans),
          faults(runtime::systemRandom()),
          databaseFile(folder + "/" + config.text("storage.database") + ".db"),
          checkpointFile(app::checkpointFile(config)),
          tokenFile(folder + "/owner.token")
    {
    }

    Result<void> openStorage(const runtime::Config& config);
    Result<void> openVault(const runtime::Config& config, const std::string& folder);
    Result<void> openIdentity(const runtime::Config& config);
    void buildCore(const runtime::Config& config, const std::string& folder);
    void addVaultTo(gateway::Api& api, const runtime::Config& config);
    void addConsentTo(gateway::Api& api, const runtime::Config& config);
    Result<void> startCore();
    void refreshDirectory();
    void signCheckpoint();
    void watchPositions();
    void logChanges();
    void watchSecurity();

    const runtime::ShiftedClock clock; ///< right, but in drills of the calendar
    observability::LogFile log;
    observability::Logger logger;
    observability::Metrics metrics;
    observability::SpanStore spans;
    observability::Tracer tracer;
    resilience::FaultPoints faults;
    std::string databaseFile, checkpointFile, tokenFile;
    std::optional<storage::ServingLock> serving;
    HeldDesk desk; ///< whose the database is
    std::string baseUrl; ///< scheme and host of the API
    runtime::ThreadExecutor core{"core", clock}, db{"db", clock}, wal{"wal", clock},
        jobs{"jobs", clock}, bases{"bases", clock}, keyAsker{"keys", clock};
    wire::Network network{1, "io"};
    std::unique_ptr<runtime::Executor> io = network.makeExecutor();
    std::unique_ptr<wire::HttpClient> http;
    std::unique_ptr<wire::WebSocketClient> tradeSockets, marketSockets;
    std::unique_ptr<vault::MasterKeys> masterKeys; ///< the writer may have works that use it
    std::unique_ptr<storage::Writer> writer;
    std::unique_ptr<vault::Vault> secrets; ///< on core
    std::unique_ptr<gateway::OwnerToken> token;
    std::unique_ptr<IdentityParts> people; ///< on core
    std::unique_ptr<CoreParts> the;
    std::unique_ptr<wire::Server> server;
};

Result<void> Backend::Parts::openStorage(const runtime::Config& config)
{
    auto taken = storage::ServingLock::take(databaseFile);
    if (!taken) return tl::unexpected(taken.error());
    serving.emplace(std::move(*taken));
    auto database = storage::Database::open(databaseFile);
    if (!database) return tl::unexpected(database.error());
    if (auto sound = database->checkIntegrity(); !sound) return tl::unexpected(sound.error());
    const std::vector<storage::MigrationSet> sets = {storage::storageMigrations(),
                                                     orders::orderMigrations(),
                                                     vault::vaultMigrations(),
                                                     identity::identityMigrations(),
                                                     brokers::oauth::oauthMigrations(),
                                                     deskMigrations()};
    if (auto migrated = storage::migrateAll(*database, sets); !migrated)
        return tl::unexpected(migrated.error());
    auto claimed = claimDatabase(*database, tradedDesk(config));
    if (!claimed) return tl::unexpected(claimed.error());
    desk = std::move(*claimed);
    storage::WriterOptions options;
    options.queueMax = static_cast<std::size_t>(config.integer("storage.queue_max"));
    options.walCopies = &wal;
    options.archive = archiveOptions(config, databaseFile, bases, logger);
    if (config.boolean("drill.enabled")) options.fault = gateway::storageFaultHook(faults);
    auto opened = storage::Writer::open(std::move(*database), db, std::move(options));
    if (!opened) return tl::unexpected(opened.error());
    writer = std::move(*opened);
    storage::showArchive(*writer, metrics);
    writer->observe([this](const std::vector<storage::Event>& events) {
        std::vector<storage::Event> security;
        std::ranges::copy_if(events, std::back_inserter(security),
                             gateway::SecurityWatch::concerns);
        if (security.empty()) return;
        core.post([this, security = std::move(security)] {
            if (the && the->security) the->security->saw(security);
        });
    });
    return {};
}

Result<void> Backend::Parts::openVault(const runtime::Config& config, const std::string& folder)
{
    auto settings = vaultSettings(config);
    if (config.boolean("drill.enabled")) settings.readFault = gateway::vaultFaultHook(faults);
    const auto keyFile = keyFileInDataFolder(config, folder);
    const bool isNew = isKeyInDataFolder(config) && !std::filesystem::exists(keyFile);
    auto opened = await(core, [&](const vault::Vault::Then& then) {
        secrets = std::make_unique<vault::Vault>(
            vault::Vault::Dependencies{*writer, databaseFile, core, runtime::systemRandom(),
                                       *masterKeys, observability::Logger(log, clock, "vault"),
                                       &keyAsker},
            std::move(settings));
        secrets->start(then);
    });
    if (opened && isNew)
        logger.warning("the vault's master key was made beside the database; keep a copy of it where "
                       "no copy of the database is, or name a better place with vault.key_file",
                       {{"file", keyFile}});
    return opened;
}

Result<void> Backend::Parts::openIdentity(const runtime::Config& config)
{
    return await(core, [&](std::function<void(Result<void>)> then) {
        people = std::make_unique<IdentityParts>(
            IdentityParts::Dependencies{*secrets, *writer, databaseFile, core,
                                        runtime::systemRandom(), metrics, log, *token},
            config);
        people->start(std::move(then));
    });
}

void Backend::Parts::addVaultTo(gateway::Api& api, const runtime::Config& config)
{
    the->keys = std::make_unique<BrokerKeys>(
        BrokerKeys::Dependencies{*secrets, core, jobs, observability::Logger(log, clock, "keys")},
        config, the->venue->keys());
    the->vaultApi = std::make_unique<gateway::VaultApi>(*secrets, core, the->keys->keys());
    the->vaultApi->addTo(api);
    the->vaultApi->addTo(the->health);
    vault::watch(*secrets, metrics, clock);
    for (const char* key : {"alpaca.key_id", "alpaca.secret_key", "tradier.token"})
        if (config.has(key) && config.origin(key) != "file")
            logger.warning("a secret can be seen by whoever sees this process; it is in the vault "
                           "now, start without it from now on",
                           {{"setting", key}, {"from", config.origin(key)}});
}

void Backend::Parts::addConsentTo(gateway::Api& api, const runtime::Config& config)
{
    BrokerConsent::Dependencies parts{*writer, *secrets, *http, core,
                                      observability::Logger(log, clock, "consent")};
    if (config.boolean("drill.enabled")) parts.putFault = gateway::consentFaultHook(faults);
    the->consent = std::make_unique<BrokerConsent>(parts, config);
    the->consent->addTo(api, the->health, metrics);
    the->consent->keepInAccess(the->venue->access(), metrics);
}

void Backend::Parts::buildCore(const runtime::Config& config, const std::string& folder)
{
    const bool live = config.boolean("trading.live");
    the = std::make_unique<CoreParts>(
        BrokerParts::make(config, {network, *http, *tradeSockets, *marketSockets, core, *io, tracer,
                                    desk.holdsOrders ? desk.desk.account : std::string()}), core,
        *writer, orderSettings(config));
    const auto breakers = the->venue->breakers();
    the->monitoring = std::make_unique<gateway::Monitoring>(gateway::Monitoring::Dependencies{
        core.clock(), the->broker, the->orders, the->market, *writer, log, core, breakers,
        "defaults, file, environment and arguments"});
    gateway::ApiSettings apiSettings;
    apiSettings.allowedOrigins = config.list("api.allowed_origins");
    the->api = std::make_unique<gateway::Api>(std::move(apiSettings), people->authenticator(),
                                              core, runtime::systemRandom());
    the->hub = std::make_unique<gateway::StreamHub>(
        gateway::StreamHub::Dependencies{core, runtime::systemRandom(),
                                         people->authenticator(), the->orders, the->market,
                                         [this] { return the->monitoring->statusMembers(); }},
        gateway::StreamSettings{.version = kVersion, .live = live});
    auto& api = *the->api;
    the->monitoring->addTo(the->health, api, *the->hub);
    the->monitoring->addTo(metrics, api, *the->hub);
    the->resilience =
        std::make_unique<gateway::ResilienceMetrics>(metrics, api, the->broker, the->reads);
    gateway::OrdersApi{the->orders, the->market, the->quotes, core.clock(), live, &the->broker}
        .addTo(api);
    gateway::MarketApi{the->market, the->instruments, the->quotes, core.clock(), the->lookup.get()}
        .addTo(api);
    the->brokerApi = std::make_unique<gateway::BrokerApi>(gateway::BrokerApi::Dependencies{
        the->broker, the->venue->sharedSession(), *writer, core, live});
    the->brokerApi->addTo(api);
    gateway::SystemApi{core, jobs, the->health, metrics, spans, breakers, kVersion, folder,
                       databaseFile, checkpointFile, core.clock().steady()}
        .addTo(api);
    addVaultTo(api, config);
    addConsentTo(api, config);
    people->addTo(api);
    people->addTo(the->health);
    watchSecurity();
    people->sessions().observe([hub = the->hub.get()] { hub->recheck(); });
    if (config.boolean("drill.enabled")) gateway::FaultApi{faults}.addTo(api);
    api.serveStream([hub = the->hub.get()](const wire::HttpRequest& request,
                                           std::optional<gateway::Caller> caller) {
        return hub->open(request, std::move(caller));
    });
    api.observe([this](const gateway::FinishedCall& call) {
        gateway::recordCall(call, metrics, spans);
        the->security->saw(call);
        if (call.status >= 500)
            logger.in(call.trace).warning("call failed",
                                          {{"route", call.spec ? call.spec->path : "unmatched"},
                                           {"status", call.status},
                                           {"durationMs", call.duration}});
    });
    observability::watchSelf(metrics, log, spans);
    if (config.has("otlp.url")) {
        the->exporter = std::make_unique<observability::OtlpExporter>(
            spans, observability::OtlpResource{"quarterdeckd", kVersion, {}}, core,
            [this, url = config.text("otlp.url")](std::string body,
                                                  observability::OtlpExporter::Sent sent) {
                wire::HttpRequest request;
                request.method = "POST";
                request.target = url;
                request.headers.set("Content-Type", "application/json");
                request.body = std::move(body);
                http->send(std::move(request), [sent](const Result<wire::HttpResponse>& answer) {
                    sent(answer && answer->status < 300);
                });
            },
            observability::OtlpExporter::Options{});
        observability::watchExport(metrics, *the->exporter);
    }
    logChanges();
}

/// The log of changes is the event log; the text log tells people what a change meant.
void Backend::Parts::logChanges()
{
    the->desk = std::make_unique<DeskWatch>(
        DeskWatch::Dependencies{*writer, the->orders, core, observability::Logger(log, clock, "desk")},
        desk);
    the->orders.observe([this](const orders::Committed& committed) {
        the->desk->saw(the->venue->accountNumber());
        const auto name = committed.order ? committed.order->request.clientOrderId.text() : "";
        logger.info("committed", {{"kind", committed.kind},
                                  {"sequence", committed.sequence},
                                  {"clientOrderId", name}});
        if (committed.notice)
            logger.warning(committed.notice->title, {{"detail", committed.notice->text},
                                                     {"subject", committed.notice->subject}});
        if (committed.position) watchPositions();
    });
}

void Backend::Parts::watchSecurity()
{
    the->security = std::make_unique<gateway::SecurityWatch>(gateway::SecurityWatch::Dependencies{
        *writer, core, metrics, [this](const orders::Notice& notice, Role who) {
            logger.warning(notice.title, {{"detail", notice.text}, {"subject", notice.subject}});
            the->hub->announce(notice, who);
        }});
}

void Backend::Parts::watchPositions()
{
    std::vector<Symbol> held;
    for (const auto& position : the->orders.positions())
        if (!position.quantity.isZero()) held.push_back(position.symbol);
    the->heldPositions = the->market.watch(held);
}

void Backend::Parts::refreshDirectory()
{
    the->instruments.refresh(the->reads, [this](const Result<std::size_t>& count) {
        the->directoryFailures = count ? 0 : the->directoryFailures + 1;
        if (!count) logger.warning("instruments not loaded", {{"error", count.error()}});
        const Duration wait = count ? Duration(kDirectoryEvery)
                                    : resilience::fullJitter(kDirectoryRetry, the->directoryFailures,
                                                             runtime::systemRandom());
        the->directoryTimer = core.after(wait, [this] { refreshDirectory(); });
    });
}

void Backend::Parts::signCheckpoint()
{
    jobs.post([this] {
        auto database = storage::Database::openReadOnly(databaseFile);
        const auto written = database ? storage::writeCheckpoint(*database, checkpointFile,
                                                                 runtime::systemClock().now())
                                      : Result<void>(tl::unexpected(database.error()));
        if (!written) logger.error("checkpoint not written", {{"error", written.error()}});
    });
    the->checkpointTimer = core.after(kCheckpointEvery, [this] { signCheckpoint(); });
}

Result<void> Backend::Parts::startCore()
{
    auto hasKeys = await(core, [this](auto then) { the->keys->start(std::move(then)); });
    if (!hasKeys) return hasKeys;
    auto hasLinks = await(core, [this](auto then) { the->consent->start(std::move(then)); });
    if (!hasLinks) return hasLinks;
    return await(core, [this](const std::function<void(Result<void>)>& then) {
        the->market.start();
        refreshDirectory();
        the->orders.start([this, then](Result<void> result) {
            if (result) {
                watchPositions();
                signCheckpoint();
            }
            then(std::move(result));
        });
    });
}

Backend::Backend(std::unique_ptr<Parts> parts) : m_parts(std::move(parts)) {}

Result<std::unique_ptr<Backend>> Backend::start(const runtime::Config& config,
                                                std::unique_ptr<vault::MasterKeys> masterKeys,
                                                const std::string& dataDirectory)
{
    auto parts = std::make_unique<Parts>(config, dataDirectory);
    Parts& p = *parts;
    p.masterKeys = std::move(masterKeys);
    std::unique_ptr<Backend> backend(new Backend(std::move(parts))); // its end undoes what follows
    p.http = wire::makeHttpClient(p.network, p.core);
    p.tradeSockets = wire::makeWebSocketClient(p.network, p.core);
    p.marketSockets = wire::makeWebSocketClient(p.network, *p.io);
    if (auto opened = p.openStorage(config); !opened) return tl::unexpected(opened.error());
    auto token = gateway::OwnerToken::create(p.tokenFile, runtime::systemRandom());
    if (!token) return tl::unexpected(token.error());
    p.token = std::make_unique<gateway::OwnerToken>(std::move(*token));
    if (auto opened = p.openVault(config, dataDirectory); !opened)
        return tl::unexpected(opened.error());
    if (auto opened = p.openIdentity(config); !opened) return tl::unexpected(opened.error());
    runtime::runAndWait(p.core, [&] { p.buildCore(config, dataDirectory); });
    if (auto loaded = p.startCore(); !loaded) return tl::unexpected(loaded.error());
    const auto options = serverOptions(config);
    p.baseUrl = (options.certificateFile.empty() ? "http://" : "https://") + options.address;
    auto server = wire::makeServer(p.network, p.core, *p.the->api, options);
    if (!server) return tl::unexpected(server.error());
    p.server = std::move(*server);
    p.logger.info("ready", {{"port", p.server->port()}, {"version", kVersion}});
    return backend;
}

Backend::~Backend()
{
    Parts& p = *m_parts;
    if (p.server) {
        runtime::runAndWait(p.core, [&] { p.the->hub->closeAll("the backend is stopping"); });
        p.server->stop(std::chrono::seconds(2));
    }
    if (p.writer) p.writer->flush();
    runtime::runAndWait(p.core, [&] {
        if (p.the) {
            p.the->broker.stop();
            p.the->feed.stop();
            p.the->market.stop();
        }
    });
    p.server.reset();
    if (p.writer) p.writer->flush();
    runtime::runAndWait(p.core, [&] {
        p.the.reset();
        p.people.reset();
        p.secrets.reset();
    });
    p.writer.reset();
    p.keyAsker.stop();
    p.jobs.stop();
    if (std::filesystem::exists(p.databaseFile))
        if (auto database = storage::Database::openReadOnly(p.databaseFile)) {
            const auto written = storage::writeCheckpoint(*database, p.checkpointFile,
                                                          runtime::systemClock().now());
            if (!written) p.logger.error("last checkpoint not written", {{"error", written.error()}});
        }
    p.core.stop();
    p.db.stop();
    p.network.stop();
    p.logger.info("stopped");
}

std::string Backend::readyLine() const
{
    json::Writer out;
    out.beginObject()
        .member("ready", true)
        .member("url", m_parts->baseUrl + ":" + std::to_string(m_parts->server->port()))
        .member("tokenFile", m_parts->tokenFile)
        .member("pid", static_cast<std::int64_t>(::getpid()));
    return out.endObject().take();
}

} // namespace qd::app
