#include "services/drills/stage.h"

#include <algorithm>
#include <filesystem>

namespace qd::drills {

namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr milliseconds kStartLimit = 30s;
constexpr milliseconds kStopLimit = 8s;
constexpr int kConnectionsMax = 200; ///< enough to overload a backend

/// Few and calm instruments: drills share the machine with what they measure.
const std::vector<std::string> kSandboxDefaults = {
    "symbols=100", "updates-per-second=200", "cash=10000000", "requests-per-minute=100000",
    "partial-fill-percent=0"};
const std::vector<std::string> kBackendDefaults = {
    "drill-enabled=true",      "alpaca-simulated=true", "trading-notional-max=1000000000000",
    "trading-reconcile-every=2s", "trading-submits-per-minute-max=100000"};

std::string nameOf(const std::string& option)
{
    return option.substr(0, option.find('='));
}

/// "--name=value" for each; a later one of the same name wins, an empty value takes it away.
std::vector<std::string> merged(std::vector<std::string> options,
                                const std::vector<std::string>& further)
{
    for (const auto& option : further) {
        std::erase_if(options, [&](const auto& have) { return nameOf(have) == nameOf(option); });
        if (!option.ends_with('=')) options.push_back(option);
    }
    for (auto& option : options) option.insert(0, "--");
    return options;
}

wire::HttpClientOptions manyConnections()
{
    wire::HttpClientOptions options;
    options.connectionsPerHostMax = kConnectionsMax;
    return options;
}

std::string hostOf(const std::string& url)
{
    const auto start = url.find("://") + 3;
    return url.substr(start, url.find('/', start) - start);
}

} // namespace

Programs Programs::beside(const std::string& ownPath)
{
    namespace fs = std::filesystem;
    std::error_code ignored;
    const auto own = fs::weakly_canonical(ownPath, ignored).parent_path();
    const auto build = own.parent_path();
    const auto bin = fs::exists(own / "quarterdeckd") ? own : build / "bin";
    Programs programs;
    programs.backend = (bin / "quarterdeckd").string();
    programs.sandbox = (bin / "quarterdeck-sandbox").string();
    programs.ctl = (bin / "quarterdeckctl").string();
    if (const auto writer = build / "tests" / "powercut_writer"; fs::exists(writer))
        programs.powercutWriter = writer.string();
    for (const auto& top : {fs::current_path(ignored), build, build.parent_path()})
        if (const auto script = top / "packaging" / "powercut.sh"; fs::exists(script))
            programs.powercutScript = script.string();
    return programs;
}

Stage::Stage(StageOptions options, Programs programs, std::string folder)
    : m_options(std::move(options)), m_programs(std::move(programs)), m_folder(std::move(folder)),
      m_dataDirectory(m_folder + "/data"), m_credentialsFile(m_folder + "/credentials.json"),
      m_link(manyConnections())
{
    std::filesystem::create_directories(m_folder);
    std::filesystem::permissions(m_folder, std::filesystem::perms::owner_all);
    setLimit(120s);
}

Stage::~Stage()
{
    if (m_backend) m_backend->kill();
    if (m_sandbox) m_sandbox->kill();
}

void Stage::setLimit(milliseconds limit)
{
    m_end = runtime::systemClock().steady() + limit;
}

milliseconds Stage::left() const
{
    const auto left = std::chrono::duration_cast<milliseconds>(
        m_end - runtime::systemClock().steady());
    return std::max(left, milliseconds(0));
}

void Stage::await(const std::string& what, milliseconds limit,
                  const std::function<bool()>& condition)
{
    const auto shorter = std::min(limit, left());
    require(waitUntil(shorter, condition), "expected within {} ms: {}", shorter.count(), what);
}

void Stage::startAll()
{
    startSandbox();
    startBackend();
    awaitSettled();
}

void Stage::startSandbox()
{
    auto arguments = merged(kSandboxDefaults, m_options.sandbox);
    arguments.push_back("--credentials-file=" + m_credentialsFile);
    m_sandbox = run("sandbox", m_programs.sandbox, std::move(arguments));
    const auto line = m_sandbox->firstLine(std::min(kStartLimit, left()));
    const auto ready = json::Document::parse(line);
    require(ready.has_value(), "expected quarterdeck-sandbox to say where it is, was \"{}\" {}", line,
            m_sandbox->errors());
    m_venueUrl = std::string((*ready)["alpaca"].stringOr({}));
    m_adminUrl = std::string((*ready)["admin"].stringOr({}));
    m_proxyUrl = std::string((*ready)["proxyAdmin"].stringOr({}));
    m_consentUrl = std::string((*ready)["oauth"].stringOr({}));
    m_brokerUrl = std::string((*ready)[m_options.broker].stringOr({}));
    m_brokerAccount = std::string((*ready)[m_options.broker + "Account"].stringOr({}));
    m_venue = std::make_unique<ApiClient>(m_link, m_venueUrl);
    m_admin = std::make_unique<ApiClient>(m_link, m_adminUrl);
    m_proxy = std::make_unique<ApiClient>(m_link, m_proxyUrl);
    createProxies();
}

void Stage::createProxies()
{
    for (const char* name : {"rest", "stream", "data", "dataStream"}) {
        json::Writer out;
        out.beginObject().member("name", name).member("listen", "127.0.0.1:0");
        out.member("upstream", hostOf(m_brokerUrl));
        const auto made = m_proxy->call("POST", "/proxies", out.endObject().take());
        require(made && made->status == 201, "the fault proxy did not make {}", name);
        m_proxies[name] = made->text("listen");
    }
}

std::string Stage::through(const std::string& proxy, const std::string& scheme,
                           const std::string& path) const
{
    const auto found = m_proxies.find(proxy);
    return scheme + "://" + (found == m_proxies.end() ? "127.0.0.1:9" : found->second) + path;
}

std::vector<std::string> Stage::backendArguments(std::initializer_list<std::string_view> dropped)
{
    std::vector<std::string> options = kBackendDefaults;
    options.push_back("data-dir=" + m_dataDirectory);
    auto further = brokerOptions();
    const auto isDropped = [&](const std::string& option) {
        return std::ranges::find(dropped, nameOf(option)) != dropped.end();
    };
    std::erase_if(options, isDropped);
    std::erase_if(further, isDropped);
    further.insert(further.end(), m_options.backend.begin(), m_options.backend.end());
    return merged(std::move(options), further);
}

void Stage::startBackend()
{
    m_api.reset();
    m_backend = run("backend", m_programs.backend, backendArguments());
    const auto line = m_backend->firstLine(std::min(kStartLimit, left()));
    const auto ready = json::Document::parse(line);
    require(ready.has_value(), "expected quarterdeckd to be ready, was \"{}\" {}", line,
            m_backend->errors());
    m_backendUrl = std::string((*ready)["url"].stringOr({}));
    auto token = slurp(std::string((*ready)["tokenFile"].stringOr({})));
    while (!token.empty() && token.back() == '\n') token.pop_back();
    m_api = std::make_unique<ApiClient>(m_link, m_backendUrl, runtime::Secret(std::move(token)));
}

void Stage::killBackend()
{
    backend().kill();
}

void Stage::stopBackend()
{
    require(backend().terminate(kStopLimit), "quarterdeckd did not stop within {} ms of SIGTERM",
            kStopLimit.count());
}

void Stage::restartBackend()
{
    if (m_backend) m_backend->kill();
    startBackend();
}

Child& Stage::backend()
{
    require(m_backend != nullptr, "the backend was not started");
    return *m_backend;
}

Child& Stage::sandbox()
{
    require(m_sandbox != nullptr, "the sandbox was not started");
    return *m_sandbox;
}

std::unique_ptr<Child> Stage::run(const std::string& name, const std::string& program,
                                  std::vector<std::string> arguments,
                                  std::vector<std::string> environment)
{
    Child::Spec spec;
    spec.program = program;
    spec.arguments = std::move(arguments);
    spec.environment = std::move(environment);
    spec.outputFile = m_folder + "/" + name + ".out";
    spec.errorFile = m_folder + "/" + name + ".err";
    auto child = Child::start(std::move(spec));
    if (!child) throw CannotRun{child.error().detail};
    return std::move(*child);
}

bool Stage::reset() noexcept
{
    try {
        if (m_options.empty || m_options.isPrivate) return false;
        if (!m_backend || !m_backend->isRunning() || !m_sandbox || !m_sandbox->isRunning())
            return false;
        setLimit(40s);
        clearFaults();
        healNetwork();
        admin("POST", "/market/pause", R"({"paused":false})");
        admin("POST", "/market/session", R"({"open":true})");
        for (const auto& symbol : m_pinned)
            admin("POST", "/market/price", R"({"release":true,"symbol":")" + symbol + "\"}");
        m_pinned.clear();
        call("DELETE", "/v1/faults");
        call("PUT", "/v1/trading", R"({"state":"active","reason":"drill over"})");
        call("DELETE", "/v1/orders");
        awaitSettled(30s);
        await("no open orders are left", 10s, [&] {
            return get("/v1/orders?status=open")["orders"].size() == 0;
        });
        return true;
    } catch (const BrokenPromise&) {
        return false;
    } catch (const CannotRun&) {
        return false;
    }
}

} // namespace qd::drills
