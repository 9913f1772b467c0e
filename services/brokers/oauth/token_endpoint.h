#pragma once

#include <functional>

#include "services/brokers/oauth/protocol.h"
#include "services/brokers/oauth/tokens.h"
#include "services/runtime/clock.h"

namespace qd::brokers::oauth {

/// One failed call, and when the broker said to come back.
struct CallFailure {
    Error error;
    Duration retryAfter{};
    /// The request certainly had no effect: it did not leave, or was put off.
    bool isWithoutEffect() const { return error.kind == ErrorKind::Unavailable; }
    bool isOutcomeUnknown() const { return error.kind == ErrorKind::OutcomeUnknown; }
};

/// Asks a broker's token and revocation endpoints: one request a call, never a second. Nothing of a
/// token, a code or the client's secret gets into an error. Core executor.
class TokenEndpoint {
public:
    using Granted = std::function<void(tl::expected<TokenAnswer, CallFailure>)>;
    using Revoked = std::function<void(tl::expected<void, CallFailure>)>;

    /// Both outlive the object, and what is under way.
    explicit TokenEndpoint(wire::HttpClient& http) : m_http(http) {}

    /// What the code was asked for with: the address that the browser came back to, and the verifier.
    struct Asked {
        std::string redirectUri;
        runtime::Secret verifier; ///< empty without PKCE
    };
    void exchange(const Providers::Entry& entry, std::string_view code, const Asked& asked,
                  Duration timeout, Granted done);
    void refresh(const Providers::Entry& entry, const runtime::Secret& refreshToken,
                 Duration timeout, Granted done);
    /// `hint`: "refresh_token" or "access_token".
    void revoke(const Providers::Entry& entry, const runtime::Secret& token, std::string_view hint,
                Duration timeout, Revoked done);

private:
    wire::HttpRequest request(const Providers::Entry& entry, const std::string& url,
                              std::vector<wire::Header> fields, Duration timeout) const;
    void ask(wire::HttpRequest request, Granted done);

    wire::HttpClient& m_http;
};

/// An answer as it is kept: lifetimes that the broker did not tell are the provider's. `previous`
/// (may be null) gives what a refresh leaves as it was.
Tokens tokensOf(const TokenAnswer& answer, const Provider& provider, const Tokens* previous,
                Timestamp now);

} // namespace qd::brokers::oauth
