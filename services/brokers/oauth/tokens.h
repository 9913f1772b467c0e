#pragma once

#include <functional>
#include <string>

#include "models/base/result.h"
#include "models/base/timestamp.h"
#include "services/runtime/secret.h"

namespace qd::brokers::oauth {

/// The tokens of one link as they are kept: one secret, so that all of it is replaced at once.
struct Tokens {
    runtime::Secret access, refresh;
    Timestamp accessExpiresAt;   ///< unset: it does not end by itself
    Timestamp refreshExpiresAt;  ///< unset: without end, or there is none
    std::int64_t generation = 0; ///< 1, 2, 3 …: grows with each that the broker gave

    Tokens clone() const;
    bool isValidAt(Timestamp now) const
    {
        return !accessExpiresAt.isSet() || now < accessExpiresAt;
    }
    bool canRefreshAt(Timestamp now) const
    {
        return !refresh.empty() && (!refreshExpiresAt.isSet() || now < refreshExpiresAt);
    }
};

/// JSON {"access","refresh","accessExpiresAt","refreshExpiresAt","generation"}; times in
/// nanoseconds.
runtime::Secret sealText(const Tokens& tokens);
/// Corrupt "oauth.tokens_unreadable".
Result<Tokens> readTokens(const runtime::Secret& text);

/// Where verifiers and tokens are kept: the vault, or a twin of it. Core executor.
class TokenStore {
public:
    using Then = std::function<void(Result<void>)>;
    virtual ~TokenStore() = default;
    /// New, or in the place of what was there: one transaction, read back before success is told.
    virtual void put(const std::string& id, const std::string& owner, runtime::Secret secret,
                     Then then) = 0;
    /// As it was stored last by this process, and a short while ago by another. NotFound if there is
    /// none.
    virtual Result<runtime::Secret> read(const std::string& id, const std::string& owner) = 0;
    /// As it is stored now, whoever stored it: for those who hold its lease and are about to use it
    /// up. The same as `read` for a store that remembers nothing.
    virtual Result<runtime::Secret> readStored(const std::string& id, const std::string& owner);
    /// Success too if there is none.
    virtual void remove(const std::string& id, const std::string& owner, Then then) = 0;
};

/// Ids in the store.
std::string tokensId(const std::string& link);
std::string verifierId(const std::string& flow);

} // namespace qd::brokers::oauth
