#include "services/identity/record.h"

namespace qd::identity {

By byUser(const UserId& user, std::string traceId)
{
    return {"user:" + user.text(), std::move(traceId)};
}

std::string subjectOf(const UserId& user)
{
    return "user/" + user.text();
}

std::string subjectOf(const SessionId& session)
{
    return "session/" + session.text();
}

Result<void> note(storage::Transaction& transaction, std::string_view kind, std::string subject,
                  const By& by, std::string payload)
{
    storage::Event event;
    event.kind = kind;
    event.subject = std::move(subject);
    event.actor = by.actor;
    event.traceId = by.traceId;
    event.payload = std::move(payload);
    return transaction.append(std::move(event)).map([](std::int64_t) {});
}

} // namespace qd::identity
