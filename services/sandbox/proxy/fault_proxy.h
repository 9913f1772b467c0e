#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "models/base/result.h"
#include "services/runtime/random.h"
#include "services/sandbox/proxy/toxic.h"

namespace qd::sandbox {

/// One listener that passes connections on to `upstream`, with what is wrong with them.
struct ProxySpec {
    std::string name;
    std::string listen;   ///< "127.0.0.1:0"; once enabled, with the real port
    std::string upstream; ///< "127.0.0.1:8080"
    bool enabled = true;
    std::vector<Toxic> toxics;
};

struct ProxyStats {
    std::uint64_t connections = 0;
    std::uint64_t bytesUpstream = 0, bytesDownstream = 0; ///< as received, before the toxics
};

/// TCP proxies that misbehave on request. Has a thread of its own (`proxy`); methods may be called
/// from any other thread and return when the change is in force.
class FaultProxy {
public:
    /// `random` decides jitter and toxicity; it is used on the proxy's thread only.
    explicit FaultProxy(runtime::Random& random);
    ~FaultProxy(); ///< closes everything
    FaultProxy(const FaultProxy&) = delete;
    FaultProxy& operator=(const FaultProxy&) = delete;

    std::vector<ProxySpec> all() const;
    std::optional<ProxySpec> find(const std::string& name) const;
    /// Fails with: Conflict "proxy.exists", Invalid "proxy.address" (not HOST:PORT),
    /// Unavailable "proxy.bind".
    Result<ProxySpec> create(ProxySpec spec);
    /// Listener, upstream or `enabled` change: open connections are closed. Toxics stay.
    /// Fails with: NotFound "proxy.unknown", and as `create`.
    Result<ProxySpec> update(const ProxySpec& spec);
    Result<void> remove(const std::string& name);
    /// Replaces the toxics; connections that are open feel it from their next bytes on.
    Result<void> setToxics(const std::string& name, std::vector<Toxic> toxics);
    /// Enables every proxy and takes away all toxics.
    void reset();
    Result<ProxyStats> stats(const std::string& name) const;

private:
    struct State;
    std::unique_ptr<State> m_state;
};

} // namespace qd::sandbox
