#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/base/ids.h"
#include "services/runtime/secret.h"
#include "services/wire/http.h"

namespace qd::sandbox::alpaca {

/// One customer's way in.
struct ApiKey {
    std::string keyId;
    runtime::Secret secret;
    runtime::Secret token; ///< OAuth bearer token; empty = none
    AccountId account;
    bool revoked = false;
    /// Which bearer tokens of an authorization server open the account too; unset: none.
    std::function<bool(std::string_view)> accepts = {};
};

/// Who may come in. One thread.
class KeyRing {
public:
    void add(ApiKey key);
    bool revoke(std::string_view keyId);
    bool restore(std::string_view keyId);

    /// By key and secret; null if wrong or revoked. A key without a secret opens nothing.
    const ApiKey* check(std::string_view keyId, std::string_view secret) const;
    const ApiKey* checkToken(std::string_view token) const;
    /// By `APCA-API-KEY-ID` and `APCA-API-SECRET-KEY`, or `Authorization: Bearer`, or Basic with
    /// key and secret as market data takes it.
    const ApiKey* check(const wire::Headers& headers) const;
    bool carriesCredentials(const wire::Headers& headers) const;
    /// Is it a token that opens nothing, or nothing any more?
    bool isDeadToken(const wire::Headers& headers) const;
    /// The first key's account: what drills act on.
    const AccountId& firstAccount() const;

private:
    std::vector<ApiKey> m_keys;
};

} // namespace qd::sandbox::alpaca
