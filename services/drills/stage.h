#pragma once

#include <deque>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "services/drills/child.h"
#include "services/drills/drill.h"
#include "services/drills/link.h"
#include "services/drills/stream_listener.h"

namespace qd::drills {

/// Where the programs are that a stage starts.
struct Programs {
    std::string backend, sandbox, ctl;
    std::string powercutWriter, powercutScript; ///< may be missing: their drill is skipped
    /// Beside the running program, or in the build folder it was built in.
    static Programs beside(const std::string& ownPath);
};

/// An order as a drill places it. Members that stay empty are not sent.
struct Ticket {
    std::string symbol = "SPY", side = "buy", type = "market", quantity = "1";
    std::string limitPrice = {}, stopPrice = {}, timeInForce = {};
    std::string id = {};    ///< made when empty
    std::string extra = {}; ///< further members: `"reduceOnly":true`
    bool confirmed = true;  ///< with all precautions confirmed
};

/// The world of a drill: quarterdeck-sandbox and quarterdeckd as real processes in a folder of their
/// own, on free ports, everything between them through the sandbox's fault proxy. Every helper
/// throws BrokenPromise when the world does not do what it must. One thread.
class Stage {
public:
    Stage(StageOptions options, Programs programs, std::string folder);
    ~Stage(); ///< ends all processes
    Stage(const Stage&) = delete;
    Stage& operator=(const Stage&) = delete;

    const StageOptions& options() const { return m_options; }
    const Programs& programs() const { return m_programs; }
    const std::string& folder() const { return m_folder; }
    const std::string& dataDirectory() const { return m_dataDirectory; }
    std::string databaseFile() const { return m_dataDirectory + "/quarterdeck.db"; }
    std::string logFile() const { return m_dataDirectory + "/quarterdeckd.log"; }
    Link& link() { return m_link; }

    /// All waits end at this moment at the latest.
    void setLimit(std::chrono::milliseconds limit);
    std::chrono::milliseconds left() const;
    /// Waits; broken("expected " + what) when it does not happen.
    void await(const std::string& what, std::chrono::milliseconds limit,
               const std::function<bool()>& condition);

    // ── processes ────────────────────────────────────────────────────────────────────────────────
    void startAll(); ///< sandbox, proxies, backend; settled
    void startSandbox();
    void startBackend();
    void killBackend(); ///< SIGKILL
    void stopBackend(); ///< SIGTERM
    void restartBackend();
    Child& backend();
    Child& sandbox();
    /// Any program, its output kept (and scanned for secrets) in the stage's folder.
    std::unique_ptr<Child> run(const std::string& name, const std::string& program,
                               std::vector<std::string> arguments,
                               std::vector<std::string> environment = {});
    /// How quarterdeckd is told where everything is, without `dropped` settings ("alpaca-data-url").
    std::vector<std::string> backendArguments(std::initializer_list<std::string_view> dropped = {});
    /// "name=value", from the next start on.
    void addBackendOption(std::string option) { m_options.backend.push_back(std::move(option)); }
    void addSandboxOption(std::string option) { m_options.sandbox.push_back(std::move(option)); }
    std::string credentialsFile() const { return m_credentialsFile; }
    /// The sandbox's authorization server.
    const std::string& consentServer() const { return m_consentUrl; }

    // ── the backend's API ────────────────────────────────────────────────────────────────────────
    ApiClient& api();
    std::string_view token() const;
    Answer call(const std::string& method, const std::string& path, const std::string& body = {},
                CallOptions options = {});
    /// Must be 200. What is read from this and the other answers stays valid for some hundred calls,
    /// also when the Answer itself is gone.
    Answer get(const std::string& path) { return call("GET", path); }
    Answer submit(Ticket ticket, CallOptions options = {});    ///< any status
    std::string place(Ticket ticket, CallOptions options = {}); ///< must be 202; the id
    Answer order(const std::string& id);
    Answer awaitOrder(const std::string& id, const std::string& what,
                      const std::function<bool(const Answer&)>& condition,
                      std::chrono::milliseconds limit = std::chrono::seconds(20));
    Answer awaitState(const std::string& id, const std::string& state,
                      std::chrono::milliseconds limit = std::chrono::seconds(20));
    std::string position(const std::string& symbol); ///< ours, "0" if none
    Answer breaker(const std::string& name);         ///< its JSON as the root
    std::string componentStatus(const std::string& name);
    /// The text of a member of a health component.
    std::string component(const std::string& name, const std::string& member);
    void awaitSettled(std::chrono::milliseconds limit = std::chrono::seconds(40));
    /// Market orders need a price: after a feed was down, wait for one before placing them.
    void awaitLiveQuote(const std::string& symbol);
    std::unique_ptr<StreamListener> listen(std::optional<std::int64_t> after = std::nullopt);
    void armFault(const std::string& point, const std::string& body);
    static std::string newId();

    // ── the venue: faults, and what it really has ────────────────────────────────────────────────
    std::int64_t fault(const std::string& body);
    void clearFaults();
    Answer admin(const std::string& method, const std::string& path, const std::string& body = {});
    void pinPrice(const std::string& symbol, const std::string& bid, const std::string& ask);
    Answer venue(const std::string& method, const std::string& path, const std::string& body = {});
    int venueOrderCount(const std::string& clientOrderId);
    std::string venuePosition(const std::string& symbol);

    // ── the network: proxies "rest", "stream", "data", "dataStream" ──────────────────────────────
    void toxic(const std::string& proxy, const std::string& body);
    void cut(const std::string& proxy, bool isCut = true);
    void healNetwork();

    /// Undo what a drill may have left; false when this world must not be used again.
    bool reset() noexcept;

private:
    void createProxies();
    std::vector<std::string> brokerOptions() const;
    Answer keep(Answer answer);
    std::string through(const std::string& proxy, const std::string& scheme,
                        const std::string& path) const;
    ApiClient& adminApi();

    StageOptions m_options;
    Programs m_programs;
    std::string m_folder, m_dataDirectory, m_credentialsFile;
    Duration m_end{};
    Link m_link;
    std::unique_ptr<Child> m_sandbox, m_backend;
    std::string m_venueUrl, m_adminUrl, m_proxyUrl, m_backendUrl, m_consentUrl;
    std::string m_brokerUrl, m_brokerAccount; ///< the venue in the backend's protocol
    std::unique_ptr<ApiClient> m_api, m_admin, m_venue, m_proxy;
    std::map<std::string, std::string> m_proxies; ///< name → host:port
    std::set<std::string> m_pinned;
    std::deque<std::shared_ptr<const json::Document>> m_recent; ///< what was read stays valid
};

} // namespace qd::drills
