#pragma once

#include <memory>
#include <string>

#include "models/base/result.h"

namespace boost::asio::ssl {
class context;
}

namespace qd::wire {

struct TlsClientOptions;

/// TLS 1.2 or newer, either end. Immutable once made; any thread.
using TlsContext = std::shared_ptr<boost::asio::ssl::context>;

/// Fails with: Invalid "wire.tls" (unreadable file, key does not fit the certificate).
Result<TlsContext> makeServerTls(const std::string& certificateFile, const std::string& keyFile);
/// Fails with: Invalid "wire.tls" (unreadable authority file).
Result<TlsContext> makeClientTls(const TlsClientOptions& options);

} // namespace qd::wire
