#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "models/base/ids.h"
#include "models/base/result.h"
#include "services/runtime/secret.h"

namespace qd::brokers {

/// Where Alpaca is and who we are there. `facts`: paper and live have different hosts and keys.
struct AlpacaSettings {
    std::string tradingUrl;    ///< "https://paper-api.alpaca.markets"
    std::string streamUrl;     ///< "wss://paper-api.alpaca.markets/stream"
    std::string dataUrl;       ///< "https://data.alpaca.markets"
    std::string dataStreamUrl; ///< "wss://stream.data.alpaca.markets/v2/iex"
    /// "wss://stream.data.alpaca.markets/v1beta3/crypto/us"; empty: no crypto quotes
    std::string cryptoStreamUrl = {};
    runtime::Secret keyId;
    runtime::Secret secretKey;
    /// Further keys for market data, used in turn when one is refused or its limit is used up. Orders
    /// go by the account's own key alone.
    struct Key {
        runtime::Secret keyId, secretKey;
        runtime::Secret accessToken = {}; ///< of the account's own key alone: of a user's consent
    };
    std::vector<Key> moreDataKeys = {};
    AccountId account{"paper"};
    bool simulated = false; ///< the other end is the sandbox: quotes are marked simulated
    std::chrono::milliseconds commandTimeout{10'000}; ///< submit, modify, cancel
    std::chrono::milliseconds queryTimeout{10'000};
    std::chrono::milliseconds streamIdleTimeout{30'000};
    /// What the user's consent has given; where it is set, it is shown instead of the key.
    runtime::Secret accessToken = {};
    /// Asks for another access token, because Alpaca has refused this one; tells whether it is in use
    /// now. Called on core; unset: a refusal is an answer.
    std::function<void(std::function<void(bool)>)> renew = {};

    /// A token, or a whole key of the account's own.
    bool hasCredentials() const
    {
        return !accessToken.empty() || (!keyId.empty() && !secretKey.empty());
    }
    /// The key of the account, or its token, from now on.
    void take(Key key);

    /// Where options are told of, in MessagePack alone: "…/v1beta1/opra" beside a stream of the whole
    /// tape (v2/sip), else "…/v1beta1/indicative", which is free. Empty beside any other stream.
    std::string optionsStreamUrl() const;

    /// A copy, secrets included: each adapter keeps its own.
    AlpacaSettings clone() const;
};

/// A key in the words in which it is kept and in which it lies in a credentials file: JSON with the
/// members keyId and secretKey.
runtime::Secret writeKey(const AlpacaSettings::Key& key);
/// Invalid "alpaca.key_text": it is not that, or one of the two is empty. The detail quotes nothing.
Result<AlpacaSettings::Key> readKey(std::string_view text);

/// Our key, where it stands in what the venue sent, becomes "***": a venue that quotes it back must
/// not bring it into logs, records and answers.
void hideKeys(std::string& text, const AlpacaSettings& settings);

} // namespace qd::brokers
