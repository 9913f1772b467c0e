#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/accounts/broker_link.h"
#include "models/base/result.h"
#include "services/runtime/secret.h"

namespace qd::brokers::oauth {

/// How a client proves at the token endpoint who it is (RFC 6749 §2.3.1).
enum class ClientAuth {
    Basic, ///< in the Authorization header
    Post,  ///< as fields of the form
    None,  ///< a public client: by its id alone
};

/// What there is to know of a broker's consent: data, so that a new broker is a row.
struct Provider {
    BrokerId broker;
    std::string name;                ///< for people: "Alpaca"
    std::vector<LinkMethod> methods; ///< ways in that the broker has
    // What follows is for LinkMethod::OAuth alone.
    std::string authorizeUrl = {}, tokenUrl = {};
    std::string refreshUrl = {}; ///< empty: `tokenUrl`
    std::string revokeUrl =
        {}; ///< empty: the broker has none; the user removes access at `manageUrl`
    std::string manageUrl = {}; ///< the broker's page where access is removed by hand
    std::string issuer = {};    ///< expected as `iss` on the redirect (RFC 9207)
    bool sendsIssuer = false;   ///< `iss` must be there; else it is checked if it is
    std::vector<std::string> scopes = {};
    ClientAuth clientAuth = ClientAuth::Post;
    bool usesPkce = false;
    bool canRefresh = false;
    Duration codeLifetime{};     ///< zero: unknown, short
    Duration accessLifetime{};   ///< if the answer has no `expires_in`; zero: does not end
    Duration refreshLifetime{};  ///< from consent or, if `rotatesRefresh`, from the last refresh;
                                 ///< zero: no end
    bool rotatesRefresh = false; ///< each refresh gives another refresh token
    /// Said with each authorization request: {"prompt", "consent"}.
    std::vector<std::pair<std::string, std::string>> extraParameters = {};

    bool has(LinkMethod method) const;
};

/// The same broker at another authorization server, as the sandbox has one: /authorize, /token and
/// /revoke below `url`, which is its name in each answer too. With PKCE, and refresh tokens that are
/// used once. `isPublic`: the client has no secret there.
Provider atServer(Provider provider, std::string url, bool isPublic);

/// The brokers that are known.
const std::vector<Provider>& knownProviders();

/// This installation as a client of a broker.
struct ClientSettings {
    std::string clientId;
    runtime::Secret clientSecret; ///< none for ClientAuth::None
    std::string redirectUri;
};

/// Which way in is open, or what is missing for it.
struct Availability {
    BrokerId broker;
    std::string name;
    LinkMethod method;
    bool isConfigured = false;
    std::vector<std::string> missingKeys; ///< settings, by their exact names
    std::string redirectUri; ///< where the browser is sent back to; empty if that is not set
};

/// The known brokers together with what is configured. Immutable after start-up; one thread.
class Providers {
public:
    struct Entry {
        Provider provider;
        ClientSettings client;
    };

    /// `configured` by broker. Other tables than `knownProviders` are for tests and sandboxes.
    explicit Providers(std::map<BrokerId, ClientSettings> configured,
                       const std::vector<Provider>& known = knownProviders());

    /// Ready for consent. Invalid "oauth.broker_unknown" with the brokers that are supported and
    /// configured; Invalid "oauth.method_not_supported" with the methods that there are: none of
    /// them is taken instead; Invalid "oauth.not_configured" with the exact keys that are missing.
    Result<const Entry*> find(const BrokerId& broker, LinkMethod method) const;
    /// Every broker and method.
    std::vector<Availability> available() const;
    /// What was asked for and not granted, in the order asked; without it some of what the broker
    /// offers will be refused there.
    std::vector<std::string> missingScopes(const BrokerLink& link) const;

private:
    std::vector<std::string> missingKeys(const Entry& entry) const;
    std::string supported() const;
    std::string configured() const;

    std::vector<Entry> m_entries;
};

/// Does the address leave its port to whoever waits there: http to 127.0.0.1 or [::1], without one
/// (RFC 8252 §7.3)?
bool leavesPortOpen(std::string_view redirectUri);
/// The configured address, on `port` if there is one. Invalid "oauth.redirect_port": no port, or
/// the address does not leave it open.
Result<std::string> redirectAt(const Providers::Entry& entry, std::optional<std::int64_t> port);

/// "oauth.alpaca.client_id": names of the settings of a broker.
std::string settingKey(const BrokerId& broker, std::string_view name);

} // namespace qd::brokers::oauth
