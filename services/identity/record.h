#pragma once

#include <string>
#include <string_view>

#include "models/accounts/user.h"
#include "services/storage/writer.h"

namespace qd::identity {

/// Who causes a change: "user:<id>", "user:owner", "system:identity".
struct By {
    std::string actor;
    std::string traceId; ///< empty if none
};
By byUser(const UserId& user, std::string traceId = {});

std::string subjectOf(const UserId& user);       ///< "user/<id>"
std::string subjectOf(const SessionId& session); ///< "session/<id>"

/// Append an event of identity. `payload` is a JSON object without any secret.
Result<void> note(storage::Transaction& transaction, std::string_view kind, std::string subject,
                  const By& by, std::string payload);

} // namespace qd::identity
